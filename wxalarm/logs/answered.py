"""Who answered a request, and who was waited for when the client left: from all that its line says, and could say.

The one place where that is worked out. nginx writes its own 502 and 504 into $upstream_status too, and nothing at all
of an upstream that it did not get to: no variable tells by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from wxalarm.patterns import later

UPSTREAM = (
    "upstream_addr",
    "upstream_status",
    "upstream_response_time",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_response_length",
    "upstream_bytes_received",
)
"""Variables that tell of the upstream; of several attempts the last one counts."""
TRIES = UPSTREAM[:3] + UPSTREAM[5:]
"""Those that have a value as soon as nginx turns to an upstream, before it has a connection."""
LIST = ", | : "
"""Between the attempts of one request: the next server, or the next location."""
NOTHING = ("", "-")
FAILED = ("502", "504")
"""What nginx says when it tried an upstream that gave no answer; it writes the same into $upstream_status."""
CLOSED = "444"
"""What nginx logs when it was told to close a connection without an answer (`return 444`)."""


_ENVOY = frozenset(
    (
        *("DPE", "FI", "IH", "LH", "LR", "NC", "NFCF", "NR", "OM", "RL", "RLSE"),
        *("UAEX", "UC", "UF", "UH", "UMSDR", "UO", "UPE", "UT"),
    )
)
"""Envoy's response flags of a status that is its own (Envoy, "Access logging", %RESPONSE_FLAGS%)."""
_HAPROXY = later(r"[ILPRSs][CHQR]")
"""HAProxy's termination states of a status that is its own: nothing of an answer had come (HAProxy, 8.5)."""
_DEFAULT_BACKEND = "upstream-default-backend"
"""ingress-nginx's own, which answers what no rule is for."""


def by_itself(flat: Mapping[str, str]) -> bool:
    """Whether a gateway's line says that the status is the gateway's own."""
    return (
        not _ENVOY.isdisjoint(flat.get("response_flags", "").split(","))
        or _HAPROXY.match(flat.get("termination_state", "")) is not None
        or flat.get("proxy_upstream_name") == _DEFAULT_BACKEND
        or "s-reason" in flat  # HTTP.sys logs only what it did not pass on to IIS
    )


def by(line: Mapping[str, str]) -> str:
    """Who answered: nginx, application, firewall, or unknown: the line does not tell. A variable its format lacks is
    absent."""
    if "by" in line:
        return line["by"]
    status = line.get("status", "")
    last = _last(line)
    if not last:
        return "nginx" if status == CLOSED else "unknown"
    if not _tried(last) or last.get("upstream_connect_time") == "-" or last.get("upstream_header_time") == "-":
        return "nginx"
    said = last.get("upstream_status")
    if said is not None and said != status:  # no answer, or an error_page in its place
        return "nginx"
    if "upstream_header_time" in last:
        return "application"
    if last.get("upstream_bytes_received") == "0":
        return "nginx"
    if last.get("upstream_response_length", "0") not in (*NOTHING, "0"):
        return "application"
    return "unknown" if said is None or status in FAILED else "application"


def waited_for(line: Mapping[str, str]) -> str:
    """Whom a request that its client gave up (499) waited for.

    nginx: it was not passed on. connecting: the upstream had not taken the connection. application: it had, and had not
    answered. answering: it had begun to. passed: one of the last three. unknown: the line does not tell.
    """
    last = _last(line)
    if not last:
        return "application" if line.get("by") == "application" else "unknown"
    if not _tried(last) and any(name in last for name in TRIES):
        return "nginx"
    if last.get("upstream_connect_time") == "-":
        return "connecting"
    if last.get("upstream_header_time", "-") != "-":
        return "answering"
    if not _tried(last):
        return "unknown"
    return "application" if "upstream_connect_time" in last else "passed"


def tries(value: str) -> list[str]:
    """The values of a variable for each attempt of one request."""
    return re.split(LIST, value)


def _last(line: Mapping[str, str]) -> dict[str, str]:
    """What the line says of the last attempt, by variable."""
    return {name: tries(line[name])[-1].strip() for name in UPSTREAM if name in line}


def _tried(last: Mapping[str, str]) -> bool:
    return any(value not in NOTHING for value in last.values())
