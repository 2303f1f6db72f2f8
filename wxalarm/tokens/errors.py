"""What each error of a token call asks for: to try again soon, or to stop and call a person. Pure.

Source: the API pages 获取access_token, 获取稳定版接口调用凭据, 获取第三方平台接口的调用凭据; 返回码说明.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

BUSY = frozenset({-1})
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
"""Of a call that is made with a token: the token is not, or no longer, right."""
_IP = re.compile(r"\b(?:invalid ip|clientip) ([0-9A-Fa-f.:]{3,45})")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How to go on after a failure."""

    case: str
    """Its name in the words of token_case."""
    first: float
    """Seconds until the next try; twice as long after each failure more."""
    most: float
    stop: bool = False
    """A person has to do something: alarm at once. Tries go on, rarely, so that it goes by itself once it is mended."""

    def wait(self, failures: int, share: float) -> float:
        """Seconds until the next try after so many failures; share: 0 to 1, at random (jitter)."""
        return min(self.most, self.first * 2.0 ** min(failures, 20)) * (1.0 - 0.5 * share)


RETRY = Behaviour("retry", 5.0, 300.0)
UNREACHABLE = Behaviour("unreachable", 5.0, 300.0)
NOT_JSON = Behaviour("not-json", 5.0, 300.0)
MINUTE = Behaviour("minute-quota", 120.0, 480.0)
DAY = Behaviour("day-quota", 3600.0, 7200.0, True)
ALLOW_LIST = Behaviour("allow-list", 120.0, 1200.0, True)
CONFIRM = Behaviour("confirm", 240.0, 1800.0, True)
REFUSED_HOUR = Behaviour("refused-hour", 7200.0, 7200.0, True)
REFUSED_DAY = Behaviour("refused-day", 172800.0, 172800.0, True)
CREDENTIALS = Behaviour("credentials", 1200.0, 7200.0, True)
FROZEN_SECRET = Behaviour("frozen-secret", 1200.0, 7200.0, True)
FORBIDDEN = Behaviour("forbidden", 7200.0, 7200.0, True)
INVALID_CREDENTIAL = Behaviour("invalid-credential", 60.0, 7200.0, True)
"""40001 to a call without a token: the AppSecret was changed, or WeChat knows the new one not everywhere yet."""
NOT_PLATFORM = Behaviour("not-a-platform", 3600.0, 7200.0, True)
TICKET_EXPIRED = Behaviour("ticket-expired", 60.0, 300.0, True)
TICKET_INVALID = Behaviour("ticket-invalid", 60.0, 300.0, True)
TICKET_REFUSED = frozenset({TICKET_EXPIRED, TICKET_INVALID})
"""That ticket is not sent again; the next one that is pushed is tried within `most`."""
FORMER_GRANT = Behaviour("former-grant", 10.0, 300.0)
"""The authorizer_refresh_token was refused, and the former one is tried: a wrong one may have been handed in."""
AUTHORIZATION = Behaviour("authorization", 7200.0, 14400.0, True)
INPUT = Behaviour("input", 10.0, 300.0)
"""The token that the call was made with was refused: that one is refreshed first."""
OTHER = Behaviour("other", 120.0, 3600.0, True)

BY_ERRCODE = {
    -1: RETRY,
    45011: MINUTE,
    45009: DAY,
    40164: ALLOW_LIST,
    61004: ALLOW_LIST,
    89501: CONFIRM,
    89503: CONFIRM,
    89507: REFUSED_HOUR,
    89506: REFUSED_DAY,
    **dict.fromkeys((40002, 40013, 40125, 41002, 41004), CREDENTIALS),
    40001: INVALID_CREDENTIAL,
    61011: NOT_PLATFORM,
    40243: FROZEN_SECRET,
    **dict.fromkeys((50004, 50007, 48001, 61007), FORBIDDEN),
    61005: TICKET_EXPIRED,
    61006: TICKET_INVALID,
    61023: AUTHORIZATION,
}
BEHAVIOURS = {
    behaviour.case: behaviour for behaviour in (*BY_ERRCODE.values(), UNREACHABLE, NOT_JSON, INPUT, FORMER_GRANT, OTHER)
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that gave nothing."""

    behaviour: Behaviour
    errcode: int = 0
    ip: str | None = None
    """The address that WeChat saw and does not let in."""
    rid: str | None = None
    failure: str = ""
    """What the network did, in the words of probes.Failure."""

    def facts(self) -> dict[str, Any]:
        """Its values by name: nothing of it is secret."""
        case = self.behaviour.case
        return {"case": case, "errcode": self.errcode, "ip": self.ip, "rid": self.rid, "failure": self.failure}

    def text(self) -> str:
        """As the store keeps it."""
        return json.dumps({name: value for name, value in self.facts().items() if value})


def of_errcode(errcode: int, errmsg: str, rid: str | None, *, with_token: bool) -> Failed:
    """An answer with an errcode; with_token: the call was made with a token of another row."""
    behaviour = BY_ERRCODE.get(errcode, OTHER)
    if with_token and errcode in TOKEN_REFUSED:
        behaviour = INPUT
    found = _IP.search(errmsg)
    return Failed(behaviour, errcode, found[1] if found else None, rid)


def read(error: str) -> dict[str, Any]:
    """The values of a stored error; an empty dict when there is none, or none of ours."""
    try:
        made = json.loads(error) if error else {}
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}
