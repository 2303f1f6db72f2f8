"""Where a code is explained on the web: the one home of such addresses."""

from __future__ import annotations

import functools
import re
from importlib.metadata import metadata

from wxalarm.checks import CHECKS
from wxalarm.lint import RULES
from wxalarm.parser import PROBLEMS

GUIDE = "https://developers.weixin.qq.com/doc/service/guide/dev/api/warn_guide.html"
"""The official guide to the alarms."""
_NAMED = re.compile(r"(?<=[(（])[a-z][a-z0-9-]+(?=[)）])")
"""A code as headings have it, behind its words."""


@functools.cache
def documentation() -> str | None:
    """The folder `docs` as published, by the package's own metadata ([project.urls] Documentation); None: nowhere."""
    urls = (line.partition(",") for line in metadata("wxalarm").get_all("Project-URL") or ())
    return next((url.strip().rstrip("/") for label, _, url in urls if label.lower() == "documentation"), None)


def page(name: str, lang: str) -> str | None:
    """Where a code or check is explained: in our documentation where that is published, else the guide; None for a
    name that is neither."""
    known = _places().get(name)
    if known is None:
        return None
    home = documentation()
    return f"{home}/{lang}/{known}" if home else GUIDE


@functools.cache
def _places() -> dict[str, str]:
    """The page, and the place in it, of every code and check."""
    places = {code.id: f"checks.md#{check.id}" for check in reversed(CHECKS) for code in check.codes}
    places |= {check.id: f"checks.md#{check.id}" for check in CHECKS}
    return {code.id: "rules.md" for code in (*PROBLEMS, *RULES)} | places


def linked(text: str, lang: str) -> str:
    """The text with each code that stands in parentheses as a hyperlink of terminals (OSC 8)."""

    def link(found: re.Match[str]) -> str:
        url = page(found[0], lang)
        return f"\x1b]8;;{url}\x1b\\{found[0]}\x1b]8;;\x1b\\" if url else found[0]

    return _NAMED.sub(link, text)
