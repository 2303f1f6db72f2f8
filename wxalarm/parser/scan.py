"""Finds alarms in any text, and parses the clean ones by one compiled pattern.

The fast path takes whole clean alarms at C speed. What it does not take is cut out by the slow path (labels, in their
order, with nothing but noise between them) and given to the grammar, which is the authority.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

from wxalarm.model import Alarm, AlarmKind, Finding, Sample
from wxalarm.parser import vocabulary as v
from wxalarm.parser.places import EDGES, FieldLocations, Lines

_GAP = r"[ \t\r\n]++"
_ODD = r"\t\r\n\u00a0\u3000\u200b-\u200f\u2060\ufeff"
# No blanks at the edges: the grammar strips them, so values that have some are not for the fast path.
_PLAIN = rf"(?! )[^\[\]{_ODD}]*+(?<! )"
_GUIDE = "报警排查指引[，,]请见: ?"


def _group(key: str, value: str = _PLAIN) -> str:
    return rf"(?:\[{key}=({value})\] ?)?+"


FAST = re.compile(
    r"(?:Appid: ?([0-9A-Za-z*]*+)" + _GAP + r")?+"
    rf"(?:昵称:[ ]{{0,2}}([^:：{_ODD}]*?)" + _GAP + r"(?=时间))?+"
    r"(?:时间: ?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)" + _GAP + r")?+"
    r"内容: ?((?:微信服务器|推送)[^:：\[\n\u00a0\u3000\u200b-\u200f\u2060\ufeff]{8,80}?)"
    + _GAP
    + r"次数: ?(\d{1,9})分钟 ?(\d{1,12}) ?次"
    r"(?:"
    + _GAP
    + r"错误样例: ?(?=\[)"
    + _group("OpenID")
    + _group("Stamp", r"\d{1,18}")
    + _group("OuterIP")
    + _group("3rdUrl")
    + _group("IP")
    + _group("MsgType", r"\d{1,18}")
    + _group("Msg")
    + _group("Event")
    + _group("ip")
    + _group("http code", r"\d{1,18}")
    + _group("cURL Error", r"\d{1,18}")
    + _group("transaction_id")
    + r"(\[decrypt fail\])?+"
    + _group("response_length", r"\d{1,18}")
    # A body ends at the first bracket with the platform, the guide line or the end behind it.
    + r"(?:\[(?:response_content|resp)="
    + r"([^\]]*+(?:\](?!(?:\[第三方平台[^\]\n]*+\])?+(?:\s++报警|\s*+\Z))[^\]]*+)*+)\])?+"
    + r"(?:\[第三方平台(?::([^\[\]\n]*+))?+(\]))?+"
    + r")?+"
    r"(?:" + _GAP + _GUIDE + r"(\S++))?+"
    r"(?=[ \t\r]*+(?:\Z|\n(?!\s*+(?:\[|报警排查指引|错误样例))))"
)
"""One clean alarm: official labels in official order, all groups in the order WeChat prints them."""

HINT = re.compile(
    rf"{v.ANY_LABEL}|{v.OPENING}|\[(?:OpenID|Stamp|OuterIP|3rdUrl|MsgType|transaction_id|response_|resp=)",
    re.IGNORECASE,
)
"""Whether a stretch of text may hold an alarm, or a piece of one, at all."""
_BODY_OVERRUN = re.compile(r"错误样例|次数: ?\d|\n\s*Appid:|\n\s*时间: ?\d{4}-|\n\s*内容: ?(?:微信|推送)")


class Found(NamedTuple):
    """An alarm and its problems, with its extent in the text."""

    alarm: Alarm
    problems: Sequence[Finding]
    start: int
    end: int


def scan(lines: Lines) -> Iterator[Found]:
    """Every alarm in lines.text, in order."""
    text = lines.text
    at = 0
    for match in FAST.finditer(text):
        start, end = match.span()
        if (start == at or HINT.search(text, at, start) is None) and (record := _fast(match, lines)) is not None:
            yield Found(record, (), start, end)
        else:
            # Something before it may belong to it, or it is not as clean as it looked.
            yield from _slow(lines, at, end)
        at = end
    if HINT.search(text, at):
        yield from _slow(lines, at, len(text))


# --- the fast path -------------------------------------------------------------------------------------------------

_NAMES = (
    "appid",
    "nickname",
    "first_seen",
    "description",
    "window_minutes",
    "count",
    "sample.openid",
    "sample.stamp",
    "sample.outer_ip",
    "sample.url",
    "sample.ip",
    "sample.msg_type",
    "sample.msg",
    "sample.event",
    "sample.ip",
    "sample.http_code",
    "sample.curl_error",
    "sample.transaction_id",
    "sample.decrypt_failed",
    "sample.response_length",
    "sample.response_content",
    "sample.platform",
    "-",
    "guide_url",
)
"""Field names of the groups of FAST."""
_EMPTY: dict[str, str | None] = {}


@lru_cache(maxsize=8192)
def _first_seen(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text + "+08:00")
    except ValueError:
        return None


def _fast(match: re.Match[str], lines: Lines) -> Alarm | None:
    """The record of a match of FAST; None when only the grammar can tell."""
    (
        appid, nickname, time, description, window, count, openid, stamp, outer_ip, url, ip, msg_type, msg, event, ip_2,
        http_code, curl_error, transaction_id, decrypt, length, body, platform, platform_end, guide,
    ) = match.groups()  # fmt: skip
    kind = v.kind_of(description)
    first_seen = None if time is None else _first_seen(time)
    if (
        kind is AlarmKind.UNKNOWN
        or (first_seen is None and time is not None)
        or (ip is not None and ip_2 is not None)
        or (body is not None and _BODY_OVERRUN.search(body))
    ):
        return None
    start, end = match.span()
    return Alarm(
        kind,
        appid,
        nickname,
        first_seen,
        description,
        int(window),
        int(count),
        Sample(
            openid,
            None if stamp is None else int(stamp),
            outer_ip,
            url,
            ip_2 if ip is None else ip,
            None,
            None if msg_type is None else int(msg_type),
            msg,
            event,
            None if http_code is None else int(http_code),
            None if curl_error is None else int(curl_error),
            decrypt is not None,
            None if length is None else int(length),
            body,
            False,
            "" if platform is None and platform_end is not None else platform,
            transaction_id,
            _EMPTY,
        ),
        guide,
        lines.locate(start, end),
        FieldLocations(lines, partial(spans_of, match)),
    )


def spans_of(match: re.Match[str]) -> dict[str, tuple[int, int]]:
    """Where the values of a match of FAST stand, by dotted field name."""
    spans = {}
    for number, name in enumerate(_NAMES, 1):
        span = match.span(number)
        if span[0] >= 0 and name != "-":
            spans[name] = span
        elif name == "sample.platform" and match.start(number + 1) >= 0:
            spans[name] = (match.start(number + 1), match.start(number + 1))
    return spans


# --- the slow path -------------------------------------------------------------------------------------------------

_VALUE = re.compile(rf"([^\n]*?)(?={v.BLANK}*(?:\n|\Z)|{v.BLANK}+(?:{v.ANY_LABEL}))")
_PIECE = re.compile(
    "|".join(rf"(?P<{name}>{label})" for name, label in v.LABEL.items())
    + rf"|(?P<wording>{v.OPENING})|(?P<groups>{v.GROUP_START})"
)
_LINE_START = re.compile(rf"(?:{v.BLANK}|>)*\Z")
_BETWEEN = re.compile(r"[\s>\u00a0\u3000\u200b-\u200f\u2060\ufeff]*(?:\S{1,8}[:：][^\n]*\n[\s>]*)?\Z")
"""What may stand between two pieces of one alarm: blanks, quote marks, one line with a label that we do not know."""
_APPID = re.compile(r"[0-9A-Za-z_*＊×.…-]{0,64}\Z")
_DATE = re.compile(v.DATE + r"\Z")
_MASKED_DATE = re.compile(r"[\d*xX＊ :：/.-]{0,32}\Z")
_COUNT = re.compile(v.COUNT + r"\s*\Z")
_WORDING = re.compile(v.OPENING)
_WORD = re.compile(rf"{v.BLANK}*\S*")
_BLANKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
_NEXT_ALARM = re.compile(
    rf"(?:^|\n)(?:{v.BLANK}|>)*(?:{v.LABEL['appid']}|{v.LABEL['first_seen']}{v.BLANK}*{v.DATE}"
    rf"|{v.LABEL['description']}{v.BLANK}*{v.OPENING})|\s{v.LABEL['appid']}{v.BLANK}*[0-9A-Za-z*]*\s+(?:{v.LABEL['nickname']})"
)
_GROUP = re.compile(
    rf"\s*\[(?:(?P<body>(?i:{'|'.join(v.BODY_KEYS)})=)|(?P<key>{v.PLATFORM}|[^\[\]=\n]{{1,60}})"
    rf"(?:\]|[=:：](?:(?!{v.GROUP_START})[^\n])*?(?:\](?=\s*(?:\[|\n|\Z|{v.ANY_LABEL}))"
    rf"|(?=\s*{v.GROUP_START})|(?={v.BLANK}*(?:\n|\Z)))|[=:：](?:(?!{v.GROUP_START})[^\n\]])*?\]))"
)
_LENGTH = re.compile(r"\[response_length=(\d{1,12})\]\s*\Z", re.IGNORECASE)
_PLATFORM_BEHIND = re.compile(rf"\s*\[(?:{v.PLATFORM})(?:[:：=][^\]\n]*)?\]")
_BODY_CLOSED = re.compile(rf"\](?=\s*+(?:\[(?:{v.PLATFORM})[^\]\n]*+\]\s*+)?(?:(?:{v.LABEL['guide_url']})|\Z))")
_BODY_LINE = re.compile(rf"\](?=(?:\s*\[(?:{v.PLATFORM})[^\]\n]*\])?{v.BLANK}*(?:\n|\Z))")
_GUIDE_LABEL = re.compile(rf"\s*(?:{v.LABEL['guide_url']})")
_CUT = re.compile(rf"\.\.\.{v.BLANK}*(?=\n|\Z)")


@dataclass(slots=True)
class _Part:
    """One piece of an alarm: a label with its value, a bare wording, or a run of groups."""

    name: str
    start: int
    end: int
    begins: bool
    """It may be the first piece of an alarm: what chat also says ("时间: 明天") may not."""
    proof: int
    """How much it proves: 0 nothing, 1 some, 2 an alarm by itself."""


def _slow(lines: Lines, start: int, end: int) -> Iterator[Found]:
    for begin, stop in _extents(lines.text, start, end):
        match = FAST.fullmatch(lines.text, begin, stop)
        if match is not None and (alarm := _fast(match, lines)) is not None:
            yield Found(alarm, (), begin, stop)
        else:
            yield _by_grammar(lines, begin, stop)


def _by_grammar(lines: Lines, start: int, end: int) -> Found:
    """The grammar's record of one alarm."""
    from wxalarm.parser import grammar, record

    tree = grammar.parse(lines.text[start:end])
    alarm, problems = record.build(tree, lines, start, end)
    return Found(alarm, [*problems, *record.strays(tree, lines, start)], start, end)


def _extents(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where alarms begin and end in text[start:end]."""
    parts: list[_Part] = []
    at = start
    while (hit := _PIECE.search(text, at, end)) is not None:
        part = _part(text, hit, end)
        if part is None:
            at = hit.end()
            continue
        at = max(part.end, hit.end())
        if parts and _continues(text, parts[-1], part):
            parts.append(part)
            continue
        if _is_alarm(parts):
            yield parts[0].start, parts[-1].end
        parts = [part] if part.begins else []
    if _is_alarm(parts):
        yield parts[0].start, parts[-1].end


def _continues(text: str, last: _Part, part: _Part) -> bool:
    """Whether a piece belongs to the same alarm as the one before it: in WeChat's order, with only noise between."""
    return v.RANK[part.name] > v.RANK[last.name] and _BETWEEN.match(text, last.end, part.start) is not None


def _is_alarm(parts: list[_Part]) -> bool:
    return sum(part.proof for part in parts) >= 2 or (len(parts) >= 2 and any(part.proof for part in parts))


def _part(text: str, hit: re.Match[str], end: int) -> _Part | None:
    name = hit.lastgroup or ""
    start = hit.start()
    if name == "groups":
        return _groups(text, start, start, end, labelled=False)
    if name == "sample":
        bracket = text.find("[", hit.end(), min(end, hit.end() + 64))
        if bracket < 0 or _BLANKS.fullmatch(text, hit.end(), bracket) is None:
            return _Part("sample", start, hit.end(), False, 0)
        return _groups(text, start, bracket, end, labelled=True)
    value = _VALUE.match(text, start if name == "wording" else hit.end(), end)
    if value is None:
        return None
    return _line(text, name, start, value)


def _line(text: str, name: str, start: int, found: re.Match[str]) -> _Part | None:
    """A label with a one-line value, if the value is one that WeChat prints there."""
    value, stop = found[1].strip(EDGES), found.end(1)
    line_start = text.rfind("\n", 0, start) + 1
    at_line_start = _LINE_START.match(text, line_start, start) is not None
    match name:
        case "wording":
            known = at_line_start and v.kind_of(value) is not AlarmKind.UNKNOWN and len(value) <= 120
            return _Part("description", start, stop, True, 1) if known else None
        case "appid":
            return _Part(name, start, stop, True, 0) if _APPID.match(value) else None
        case "nickname":
            return _Part(name, start, stop, True, 0) if len(value) <= 200 else None
        case "first_seen":
            if _DATE.match(value):
                return _Part(name, start, stop, True, 0)
            return _Part(name, start, stop, False, 0) if _MASKED_DATE.match(value) else None
        case "description":
            opened = _WORDING.match(value) is not None
            kind = v.kind_of(value)
            whole = opened and kind is not AlarmKind.UNKNOWN and at_line_start and len(value) <= 80
            return _Part(name, start, stop, opened or kind is not AlarmKind.UNKNOWN, 2 if whole else int(opened))
        case "count":
            good = _COUNT.match(value) is not None
            return _Part(name, start, stop, good, int(good))
    # The guide line ends an alarm and proves nothing: people quote it alone. Its value is one word.
    word = _WORD.match(text, found.start(1), found.end(1))
    return _Part(name, start, word.end() if word else found.start(1), False, 0)


def _groups(text: str, start: int, at: int, end: int, *, labelled: bool) -> _Part | None:
    """A run of bracket groups from `at`; a body runs to where it ends, not to its first bracket."""
    known = 0
    stop = at
    upcoming = _NEXT_ALARM.search(text, at, end)
    limit = upcoming.start() if upcoming else end
    while (group := _GROUP.match(text, stop, limit)) is not None:
        if group["body"]:
            known += 1
            stop = _body_end(text, group.end(), limit)
            continue
        if not labelled and known == 0 and v.field_of(group["key"]) is None:
            return None
        distinct = v.field_of(group["key"]) not in (None, "ip", "event", "msg", "host")
        known += 1 + distinct if v.field_of(group["key"]) else 0
        stop = group.end()
    if not labelled and known < 3:
        return None
    return _Part("sample", start, stop, labelled or known >= 3, 2 if known >= 2 else int(known > 0))


def _body_end(text: str, start: int, limit: int) -> int:
    """Where a body's group ends, its bracket (and the platform's group) included; `limit` is where it must have ended.

    Without the guide line behind it, chat may follow: then the declared length decides, or the end of the XML.
    """
    closed = _BODY_CLOSED.search(text, start, limit)
    guide = _GUIDE_LABEL.search(text, start, limit)
    if closed and guide and closed.end() <= guide.start() and not text[closed.end() : guide.start()].strip():
        return closed.end()
    declared = _LENGTH.search(text, max(0, start - 80), text.rfind("[", 0, start))
    length = int(declared[1]) if declared else None
    first = None
    for candidate in islice(_BODY_LINE.finditer(text, start, limit), 1000):
        body = text[start : candidate.start()]
        first = first or candidate
        if (
            length is not None and len(body) <= length and len(body.encode("utf-8", "replace")) == length
        ) or body.rstrip("\"' \n").endswith("</xml>"):
            return candidate.end()
        if length is not None and len(body) > length:
            break
    chosen = closed or first
    if chosen:
        return chosen.end()
    cut = _CUT.search(text, start, limit)
    if cut and not guide:
        return cut.end()
    stop = guide.start() if guide else limit
    return start + len(text[start:stop].rstrip())
