"""Rules on what must not stand in a fixture: values that look as if somebody really owned them.

The whole text is searched, chat and bodies included. A value is fine when it is masked or obviously made up. Messages
show only the beginning of a value: reports of lint are uploaded and shared.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from wxalarm.lint import codes
from wxalarm.lint.document import Document
from wxalarm.lint.fields import MASK
from wxalarm.model import Code, Finding
from wxalarm.wechat.limits import APPID, OPENID, OPENID_CHARACTER, ORIGINAL_ID, TRANSACTION_LENGTH

_APPID = re.compile(rf"(?<![0-9A-Za-z_])(?:{APPID}|{ORIGINAL_ID})(?![0-9A-Za-z_])")
_OPENID = re.compile(rf"(?<!{OPENID_CHARACTER}){OPENID}(?!{OPENID_CHARACTER})")
_TRANSACTION = re.compile(rf"(?<!\d)\d{{{TRANSACTION_LENGTH - 1},32}}(?!\d)")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_SECRET = re.compile(
    r"(?i)[?&;](?:(?:access_?|component_?)?token|(?:msg_?)?signature|sign|(?:app_?)?secret|encoding_?aes_?key|api_?key)"
    r"=(?P<value>[^&\s\]\"'<>]+)"
)
_RUN = re.compile(r"(.)\1{7}")
_MADE_UP = re.compile(r"(?i)example|invented|made.?up|fake|dummy|placeholder|0123456789abcdef|1234567890abcdef")
_PLACEHOLDER = re.compile(r"[A-Z_]+|[${<].*|%24.*")
SHOWN = 6
"""Characters of a value that a message shows."""


def made_up(value: str) -> bool:
    """Whether nobody can own a value: one character eight times in a row, three different characters in all, a word
    that says so, a counted-up row of digits."""
    return bool(_RUN.search(value) or _MADE_UP.search(value)) or len(set(value.lower())) <= 3


def _public(value: str) -> bool:
    """Whether an address is one of the public Internet; documentation ranges (RFC 5737, RFC 3849) are not."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast


def _owned(value: str) -> bool:
    return not made_up(value)


def _secret(value: str) -> bool:
    return not (made_up(value) or MASK.search(value) or _PLACEHOLDER.fullmatch(value) or len(value) < 4)


SEARCHES: tuple[tuple[re.Pattern[str], Callable[[str], bool], Code], ...] = (
    (_APPID, _owned, codes.REAL_APPID),
    (_OPENID, _owned, codes.REAL_OPENID),
    (_IPV4, _public, codes.PUBLIC_IP),
    (_IPV6, _public, codes.PUBLIC_IP),
    (_TRANSACTION, _owned, codes.REAL_TRANSACTION_ID),
    (_SECRET, _secret, codes.URL_SECRET),
)


def personal_data(doc: Document) -> Iterator[Finding]:
    """Appids, OpenIDs, addresses, transaction ids, tokens and signatures that look real."""
    for pattern, real, code in SEARCHES:
        group: int | str = "value" if "value" in pattern.groupindex else 0
        for match in pattern.finditer(doc.text):
            if real(match[group]):
                place = doc.locate(match.start(group), match.end(group))
                shown = match[group][:SHOWN] + "…"
                yield code(place, value=shown, length=len(match[group]), after=doc.after(place))
