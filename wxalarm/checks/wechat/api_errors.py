"""WeChat's error codes as findings: what each means for the one who asked. Shared by the checks that call its API.

None of these causes an alarm by itself, but for a callback that is not set; they say why WeChat's view is missing, and
what else will fail on this account. Source: the API pages, 返回码说明.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wxalarm import mechanisms
from wxalarm.checks.urls import without_userinfo
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.api import STABLE_TOKEN, Answer


def _code(name: str, severity: Severity = Severity.WARNING) -> Code:
    return Code(name, severity, Basis.REPRODUCED)


API_UNREACHABLE = _code("api-unreachable")
IP_NOT_WHITELISTED = _code("ip-not-whitelisted")
TOKEN_INVALID = _code("token-invalid")
TOKEN_QUOTA = _code("token-quota")
APP_SECRET_INVALID = _code("app-secret-invalid")
API_FORBIDDEN = _code("api-forbidden")
API_BUSY = _code("api-busy", Severity.NOTE)
API_ERROR = _code("api-error")
API_CALLBACK_UNSET = Code("api-callback-unset", Severity.WARNING, Basis.REPRODUCED, mechanisms.ELSEWHERE)

CODES = (
    API_UNREACHABLE,
    IP_NOT_WHITELISTED,
    TOKEN_INVALID,
    TOKEN_QUOTA,
    APP_SECRET_INVALID,
    API_FORBIDDEN,
    API_BUSY,
    API_ERROR,
    API_CALLBACK_UNSET,
)
BY_ERRCODE = {
    **dict.fromkeys((40164, 61004, 89503, 89506, 89507), IP_NOT_WHITELISTED),
    **dict.fromkeys((40001, 40014, 41001, 42001), TOKEN_INVALID),
    **dict.fromkeys((45009, 45011, 48006), TOKEN_QUOTA),
    **dict.fromkeys((40013, 40125, 40243, 41002, 41004, 61011), APP_SECRET_INVALID),
    **dict.fromkeys((48001, 50002, 50004, 50007, 61007, 76022), API_FORBIDDEN),
    -1: API_BUSY,
    40201: API_CALLBACK_UNSET,
}
WORDED = frozenset(BY_ERRCODE) | {40002, 40202, 40203, 43002, 44002, 61500, 61501, 76001, 76002, 76003, 76004, 76021}
"""Error codes for which the catalogue has words of their own."""
OPTIONAL = ("/datacube/", "/cgi-bin/openapi/", "/cgi-bin/get_api_domain_ip")
"""Calls that not every account may make: that they are refused is a note."""
_IP = re.compile(r"\binvalid ip ([0-9A-Fa-f.:]{3,45})")


def findings(answers: Iterable[Answer], host: str, account: str, base: str = "") -> Iterator[Finding]:
    """One finding for each way in which calls failed, naming the calls; `base` is the URL of the API that was asked."""
    failed: dict[tuple[object, ...], list[Answer]] = {}
    for answer in answers:
        if not answer.worked:
            failed.setdefault((answer.failure, answer.status, answer.errcode, _code_of(answer)), []).append(answer)
    for (*_, code), some in failed.items():
        assert isinstance(code, Code)
        yield _finding(code, some, host, account, without_userinfo(base).rstrip("/"))


def refused_address(text: str) -> str | None:
    """The address that WeChat names when it lets it not ask."""
    found = _IP.search(text)
    return found[1] if found else None


def of_the_call(answer: Answer) -> bool:
    """Whether an error is one of this call alone; False when the token, the secret or the address is refused."""
    return answer.worked or _code_of(answer).id in (API_BUSY.id, API_ERROR.id, API_CALLBACK_UNSET.id, API_FORBIDDEN.id)


def _code_of(answer: Answer) -> Code:
    if answer.failure is not None or answer.errcode == 0:
        return API_UNREACHABLE
    code = BY_ERRCODE.get(answer.errcode, API_ERROR)
    if answer.errcode == 40001 and answer.path == STABLE_TOKEN:
        return APP_SECRET_INVALID
    if code in (API_FORBIDDEN, API_ERROR) and answer.path.startswith(OPTIONAL):
        return code.variant(severity=Severity.NOTE)
    return code


def _finding(code: Code, some: list[Answer], host: str, account: str, base: str) -> Finding:
    first = some[0]
    paths = list(dict.fromkeys(answer.path for answer in some))
    if code is API_UNREACHABLE:
        case = str(first.failure or "status")
        return code(
            host=host, base=base or None, paths=paths, case=case, status=first.status, seconds=round(first.seconds, 1)
        )
    return code(
        errcode=first.errcode,
        errmsg=first.errmsg,
        case=first.errcode if first.errcode in WORDED else "other",
        rid=first.rid,
        ip=refused_address(first.errmsg),
        paths=paths,
        account=account,
    )
