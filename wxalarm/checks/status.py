"""The code for an HTTP status that WeChat does not accept: recorded by an alarm, or met by a probe."""

from __future__ import annotations

from wxalarm.checks.kinds import INVALID
from wxalarm.model import Basis, Code, Severity

HTTP_STATUS = Code("http-status", Severity.ERROR, Basis.REPRODUCED, INVALID)
_STATUSES = frozenset({201, 400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504, 999})


def status_case(status: int) -> str:
    """The key of the catalogue's words for an HTTP status: itself, or its class."""
    if status in _STATUSES:
        return str(status)
    return f"{status // 100}xx" if 200 <= status < 600 else "other"
