"""Logs of web firewalls: a line that says that the firewall itself answered, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct


class Firewall(Struct, frozen=True):
    """How one product's log says that a request was not passed on. Keys in lower case."""

    action: str
    """The key of what was done."""
    blocks: frozenset[str]
    """Its values, in lower case, with which nothing was passed on: WeChat takes no challenge either."""
    rules: tuple[str, ...]
    """Keys of what tells the rule."""


FIREWALLS = (
    # Alibaba Cloud WAF 3.0, "Log fields": final_action, final_plugin, final_rule_id.
    Firewall(
        "final_action",
        frozenset(("block", "captcha", "captcha_strict", "js", "sigchl")),
        ("final_plugin", "final_rule_id"),
    ),
    # Cloudflare Logs, "HTTP requests": SecurityAction, SecurityRuleID, SecurityRuleDescription.
    Firewall(
        "securityaction",
        frozenset(("block", "challenge", "jschallenge", "managedchallenge", "managed_challenge", "connectionclose")),
        ("securityruledescription", "securityruleid"),
    ),
)
_NOTHING = ("", "-")


_REQUESTS = frozenset(("request_path", "request_uri", "clientrequestpath", "clientrequesturi"))


def are_firewalls(lines: Sequence[bytes]) -> bool:
    """Whether most of a sample of lines are of a firewall's log: a table of requests, whatever it was given as."""
    return sum(map(_is_firewalls, lines)) * 2 > len(lines)


def _is_firewalls(line: bytes) -> bool:
    try:
        keys = {key.lower() for key in msgspec.json.decode(line, type=dict[str, Any])}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return bool(keys & _REQUESTS) and any(one.action in keys for one in FIREWALLS)


def blocked(flat: Mapping[str, str]) -> str | None:
    """The action and the rule by which a firewall answered a line's request itself; None when it says no such thing."""
    for firewall in FIREWALLS:
        if (action := flat.get(firewall.action, "")).lower() in firewall.blocks:
            rules = (flat.get(key, "") for key in firewall.rules)
            return " ".join((action, *(rule for rule in rules if rule not in _NOTHING)))
    return None
