"""Which of the names in a configuration somebody may have meant by the host of the URL."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wxalarm.nearest import nearest
from wxalarm.probes.registration import SUFFIXES

_OF_WECHAT = frozenset({"wx", "weixin", "wechat", "mp", "gzh"})
"""Names of one and the same service: who means one has often written another."""
_TYPO = 0.8
"""How like two labels of the same place are, of which one is mistyped."""
_SHORT = 5
"""Characters below which labels are alike by chance."""


def host_of(name: str) -> str:
    """The host in what somebody wrote as a name; the name itself when it is one, or a pattern."""
    return name if name.startswith("~") else re.sub(r"(?i)^https?://|[/:].*$", "", name)


def near(host: str, names: Iterable[str]) -> list[str]:
    """The names that differ from the host by "www.", by another of WeChat's names, by the top-level domain or by a
    typing error; another name of the same site is none."""
    return [name for name in dict.fromkeys(names) if not name.startswith("~") and _is_near(host, name)]


def _is_near(host: str, name: str) -> bool:
    here, there = _labels(host), _labels(name)
    if host.lower() == name.lower() or len(here) != len(there):
        return False
    apart = [place for place, pair in enumerate(zip(here, there, strict=True)) if pair[0] != pair[1]]
    if not apart or apart == [len(here) - 1]:
        return bool(here[:-1])
    (first, *others) = apart
    one, other = here[first], there[first]
    if others or len(here) < 2:
        return False
    if first == 0 and len(here) > 2 and {one, other} <= _OF_WECHAT:
        return True
    return min(len(one), len(other)) >= _SHORT and bool(nearest(one, [other], alike=_TYPO))


def _labels(name: str) -> list[str]:
    """The labels of a name without "www.", the public suffix being one."""
    labels = name.lower().rstrip(".").removeprefix("*.").removeprefix("www.").split(".")
    suffix = ".".join(labels[-2:])
    return [*labels[:-2], suffix] if suffix in SUFFIXES and len(labels) > 2 else labels
