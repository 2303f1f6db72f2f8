"""The throughput path: one compiled pattern takes a whole clean alarm. Made from what WeChat prints, nothing else.

CLEAN finds alarms in a text; `wide` is matched against one alarm that was already cut out, so
every line of it may be absent. Both give the record that the grammar gives (a property test proves it), or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from wxalarm.model import Alarm, AlarmKind, Finding, Sample
from wxalarm.parser import vocabulary as v
from wxalarm.parser.construct import plain_of
from wxalarm.parser.places import EDGES, FieldLocations, Source

_GAP = r"[ \t\r\n]{1,99}+"
_ODD = r"\t\r\n\f\v\x1c-\x1f\x85\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_WORD = r"[!-Z\\^-~]*+"
# No blanks at the edges: the grammar strips them, so values that have some are not for this path.
_NAME = r"(?! )[ -Z\\^-~]*+(?<! )"
_NUMBER = r"[0-9]{1,18}"
_OPENING = r"(?:微信服务器(?:向|连接)|推送(?:[“”\"「『]?支付|第三方平台|component_verify_ticket))"
_WORDS = rf"[^:：\[{_ODD}]{{2,80}}?"
_HAN = r"\u3001-\u9fff\uff00-\uffef"
_MORE = r"(?:报警|報警|错误|錯誤|[Ee]rror )"
_NOISE = rf"[\s{v.ZERO_WIDTH}>|│┃]*+"
_FOLLOWS = (
    rf"(?:{v.BLANK}|[>|│┃])*+\[|[^\n]{{0,80}}(?:报警|報警)排查"
    rf"|{_NOISE}(?:{_MORE}|{v.LATER_GROUP}|[^\s:：\[]{{1,8}}[:：][^\n]{{0,200}}\n{_NOISE}{_MORE})"
)
_GUIDE = "报警排查指引[，,]请见: ?"
_LOOSE = r"[ \t]*+(?:[\n\r]|\Z|\[第三方平台|报警)"
_STRICT = (
    r"(?:\[第三方平台(?::[^\[\]\n]*+)?+\])?+[ \t\r\n]*+(?:报警排查指引|\Z"
    r"|(?<=\n)(?:Appid: |昵称: |时间: ?[0-9]{4}-|内容: ?(?:微信服务器|推送)|微信服务器|推送"
    r"|次数: ?[0-9]|\[(?:OpenID|transaction_id)=))"
)


def _sample(group: Callable[..., str]) -> str:
    """The groups in WeChat's order, each made by `group` from its key and value."""
    return (
        group("OpenID", first=True)
        + group("Stamp", _NUMBER)
        + group("OuterIP")
        + group("3rdUrl(?:10)?")
        + group("Host")
        + group("IP")
        + group("MsgType", _NUMBER)
        + group("Msg", _NAME)
        + group("Event", _NAME)
        + group("ip")
        + group("http code", _NUMBER)
        + group("cURL Error", _NUMBER)
        + group("transaction_id", first=True)
        + r"(?:\[(decrypt fail)\])?+"
        + group("response_length", _NUMBER)
        # A body ends at the first bracket that can end one. If that is none, or WeChat cut it, the guide line follows.
        + r"(?:\[(?:response_content|resp)="
        + rf"((?:[^\]报错]{{1,4000}}+|\](?!{_LOOSE})){{0,300}}+)"
        + rf"(?:(\])(?={_STRICT})|(?<=[ \t\r\n])(?=报警排查指引)))?+"
        + r"(?:\[resp\])?+"
        + r"(?:\[(第三方平台)(?::(?! )([^\[\]\n]*+)(?<! ))?+\])?+"
    )


def _closed(key: str, value: str = _WORD, *, first: bool = False) -> str:
    # The search for bare groups has taken the bracket of the first one already.
    bracket = r"(?:(?<=\[)|\[)" if first else r"\["
    if key in ("OpenID", "3rdUrl(?:10)?"):  # what posters mask, and sometimes its closing bracket with it
        return rf"(?:{bracket}{key}=({value})(?:\](?: (?=\[))?|(?<=\*) ?(?=\[{v.KEY}=)))?+"
    return rf"(?:{bracket}{key}=({value})\](?: (?=\[))?)?+"


def _any(key: str, value: str = _WORD, *, first: bool = False) -> str:
    # A mask may have eaten the closing bracket; then the next group must follow.
    return rf"(?:\[{key}=({value})(?:\](?: (?=\[))?| ?(?=\[{v.KEY}=)))?+"


_LINES = (
    r"ppid: ?([0-9A-Za-z*]*+)",
    rf"称: {{0,2}}((?:(?! )[^:：{_ODD}]{{1,64}}?)??)",
    r"间: ?([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?+)",
    rf"容: ?({_OPENING}{_WORDS})",
    rf"(?<![^\n][微推])((?<=微)信服务器(?:向|连接){_WORDS}|(?<=推)送(?:[“”\"「『]?支付|第三方平台|component_verify_ticket){_WORDS})",
    r"数: ?([0-9]{1,18})分钟 ?([0-9]{1,18}) ?次",
)
_APPID, _NICKNAME, _TIME, _CONTENT, _WORDING, _COUNT = _LINES
# Every alarm begins with one of few characters, so that the search skips other text at C speed; each label after the
# first asks for the first character of the next one itself.
CLEAN = re.compile(
    r"[A昵时内微推次错\[]"
    rf"(?:(?<=A)(?<![A-Za-z]A){_APPID}{_GAP}[昵时内])?+"
    rf"(?:(?<=昵){_NICKNAME}{_GAP}[时内](?=间: ?[0-9]|容: ?(?:微信服务器|推送)))?+"
    rf"(?:(?<=时){_TIME}{_GAP}内)?+"
    rf"(?:(?<=内){_CONTENT}{_GAP}次(?=数)|{_WORDING}{_GAP}[次错])?+"
    rf"(?:(?<=次){_COUNT}(?:{_GAP}错误样例: ?(?=\[)|(?![^ \t\r\n]))|(?<=错)误样例: ?(?=\[)"
    r"|(?<![^\n]\[)(?<=\[)(?=OpenID=|transaction_id=))"
    rf"{_sample(_closed)}"
    rf"(?:(?:{_GAP}|(?<=[ \t\r\n])){_GUIDE}([^\s{_HAN}]++)(?=[ \t\r]*+(?:\Z|\n))"
    # Without the guide line, what could still belong to it must not follow.
    rf"|(?=[ \t\r]*+(?:\Z|\n(?!{_FOLLOWS}))))"
)
"""One clean alarm: official labels in official order, all groups in the order in which WeChat prints them."""


@cache
def wide() -> re.Pattern[str]:
    """The pattern of one alarm that was cut out already: any of its lines may be absent."""
    return re.compile(
        rf"(?:A{_APPID}(?:{_GAP}|\Z))?+"
        rf"(?:昵{_NICKNAME}(?:{_GAP}(?=时间: ?[0-9]|内容: ?(?:微信服务器|推送))|\Z))?+"
        rf"(?:时{_TIME}(?:{_GAP}|\Z))?+"
        rf"(?:(?:内{_CONTENT}|[微推]{_WORDING})(?:{_GAP}(?=次数: ?[0-9]|错误样例: ?\[|报警排查指引)|\Z))?+"
        rf"(?:次{_COUNT}(?:{_GAP}|\Z))?+"
        rf"(?:(?:错误样例: ?)?(?=\[){_sample(_any)}(?:{_GAP}|\Z|(?<=[ \t\r\n])))?+"
        rf"(?:{_GUIDE}([^\s{_HAN}]++))?+"
    )


_PIECE_HINT = re.compile(
    # Each alternative begins with a literal, so that the search skips other characters at C speed.
    r"App ?[Ii][Dd]|app ?[Ii][Dd]|APP ?[Ii][Dd]"
    r"|昵[称稱]|暱[称稱]|Nick ?[Nn]ame|nick ?[Nn]ame|时间|時間|Time|time|内容|內容|Content"
    r"|content|Description|description|次[数數]|Times|times|Count|count|Number of|number of|错误[样示]例|錯誤[樣範]例"
    r"|Error |error |报警排查|報警排查|微信(?:服务器|伺服器|服務器)|推送"
    r"|\[(?i:OpenID|Stamp|OuterIP|3rdUrl|IP|Host|Msg|Event|http|cURL|decrypt|resp|transaction)"
)
_OVERRUN = re.compile(
    r"pp ?[Ii][Dd]|PP ?[Ii][Dd]|昵称|暱|时间|時間|内容|內容|次数|次數"
    r"|\[(?:OpenID|Stamp|OuterIP|3rdUrl|MsgType|http code|cURL Error|transaction_id|response_length)=|\[第三方平台"
    rf"|{v.BORDER}"
)
"""What may be the beginning of another alarm inside a body: then the piece by piece way decides."""
_FIELDS = (
    "appid",
    "nickname",
    "first_seen",
    "description",
    "wording",
    "window_minutes",
    "count",
    "sample.openid",
    "sample.stamp",
    "sample.outer_ip",
    "sample.url",
    "sample.host",
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
    "]",
    "[",
    "sample.platform",
    "guide_url",
)
"""Field names of the groups of both patterns."""
_FIRST = {
    "A": "appid",
    "昵": "nickname",
    "时": "first_seen",
    "内": "description",
    "微": "description",
    "推": "description",
    "次": "count",
    "错": "sample",
    "[": "sample",
}
_BODY, _BRACKET, _PLATFORM_KEY, _WORDING_AT, _OPENID_AT, _STAMP_AT = (
    _FIELDS.index(name) + 1
    for name in (
        "sample.response_content",
        "]",
        "[",
        "wording",
        "sample.openid",
        "sample.stamp",
    )
)
_ALARM, _SAMPLE_OF = plain_of(Alarm), plain_of(Sample)
_SURE_OPENID = re.compile(r"[0-9A-Za-z_-]{20,40}\Z")
_EMPTY: dict[str, str | None] = {}


def may_hold_pieces(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text may hold an alarm, or a piece of one, at all."""
    return _PIECE_HINT.search(text, start, end) is not None


def record(match: re.Match[str], source: Source) -> Alarm | None:
    """The record of a match of CLEAN or `wide`; None when only the pieces and the grammar can tell."""
    (
        appid, nickname, time, description, wording, window, count, openid, stamp, outer_ip, url, host, ip, msg_type,
        msg, event, ip_2, http_code, curl_error, transaction_id, decrypt, length, body, bracket, platform, named, guide,
    ) = match.groups()  # fmt: skip
    if wording is not None:
        description = match.string[match.start(_WORDING_AT) - 1 : match.end(_WORDING_AT)]
    kind = AlarmKind.UNKNOWN if description is None else v.kind_of(description)
    first_seen = None
    if time is not None:
        try:
            first_seen = datetime.fromisoformat(time + "+08:00")
        except ValueError:
            return None
    if (
        (ip is not None and ip_2 is not None)
        or (body is not None and _OVERRUN.search(body) is not None)
        or (kind is AlarmKind.UNKNOWN and description is not None)
        or (wording is not None and not v.is_whole(description))
    ):
        return None
    sample: Any = _SAMPLE_OF(
        openid,
        None if stamp is None else int(stamp),
        outer_ip,
        url,
        ip_2 if ip is None else ip,
        host,
        None if msg_type is None else int(msg_type),
        msg,
        event,
        None if http_code is None else int(http_code),
        None if curl_error is None else int(curl_error),
        decrypt is not None,
        None if length is None else int(length),
        body.rstrip() if body is not None and bracket is None else body,
        body is not None and bracket is None,
        named or "" if platform is not None else None,
        transaction_id,
        _EMPTY,
    )
    sample.__class__ = Sample
    start, end = match.span()
    alarm: Any = _ALARM(
        kind,
        appid,
        nickname,
        first_seen,
        description,
        None if window is None else int(window),
        None if count is None else int(count),
        sample,
        guide,
        source.locate_next(start, end),
        FieldLocations(source, spans_at, start) if match.re is CLEAN else FieldLocations(source, spans_of(match)),
    )
    alarm.__class__ = Alarm
    return alarm  # type: ignore[no-any-return]  # it is one now


def proves_itself(alarm: Alarm, match: re.Match[str]) -> bool:
    """Whether a match of CLEAN is an alarm beyond doubt, and where it begins. A fragment is one only with groups that
    nothing else has, and not behind something that it could go on from."""
    has_count = alarm.count is not None
    if has_count and alarm.description is not None:
        return True
    text, start = match.string, match.start()
    before = text[max(0, start - 64) : start]
    last = before.rstrip(EDGES)[-1:]
    if (last == "]" and before.count("\n") < 2) or (before and "\u4e00" <= before[-1] <= "\u9fff"):
        return False
    sample, stamp = alarm.sample, match[_STAMP_AT]
    openid, transaction_id = sample.openid, sample.transaction_id
    if has_count:
        return bool(openid or stamp or sample.url or transaction_id)
    if transaction_id is not None:
        return len(transaction_id) == 28 and transaction_id.isdecimal()
    return openid is not None and stamp is not None and len(stamp) == 10 and _SURE_OPENID.match(openid) is not None


def first_label(match: re.Match[str]) -> tuple[str, bool]:
    """The field of the first line of a match of CLEAN, and whether its label stands before it."""
    first = match.string[match.start()]
    return _FIRST[first], first not in "微推["


def may_be_flawed(alarm: Alarm) -> bool:
    """Whether a record may have problems to report: only a mask eats a bracket, only WeChat cuts a body."""
    sample = alarm.sample
    return (
        sample.response_truncated
        or (sample.openid is not None and sample.openid[-1:] == "*")
        or (sample.url is not None and sample.url[-1:] == "*")
    )


def problems(match: re.Match[str], source: Source) -> Sequence[Finding]:
    """What a record of this path can have to say: that a bracket is missing, that WeChat cut the body."""
    found: list[Finding] = []
    text = match.string
    for number in range(_OPENID_AT, _BODY):
        end = match.end(number)
        if end >= 0 and text[end] != "]" and _FIELDS[number - 1] != "sample.decrypt_failed":
            found.append(_bracket_missing(source, text, *match.span(number)))
    if match.start(_BODY) >= 0 and match.start(_BRACKET) < 0:
        from wxalarm.parser.record import BODY_CUT

        start, end = spans_of(match)["sample.response_content"]
        found.append(BODY_CUT(source.locate(start, end), key=_key(text, start), length=end - start))
    return found


def _bracket_missing(source: Source, text: str, start: int, end: int) -> Finding:
    from wxalarm.parser.record import BRACKET_MISSING

    end += text[end] == " "  # the blank before the next group belongs to the open value, until it is stripped
    return BRACKET_MISSING(source.locate(start, end), key=_key(text, start))


def _key(text: str, value_start: int) -> str:
    return text[text.rindex("[", 0, value_start) + 1 : value_start - 1]


def spans_at(text: str, start: int) -> dict[str, tuple[int, int]]:
    """Where the values of the clean alarm stand that begins at an offset."""
    match = CLEAN.match(text, start)
    return spans_of(match) if match is not None else {}


def spans_of(match: re.Match[str]) -> dict[str, tuple[int, int]]:
    """Where the values of a match stand, by dotted field name."""
    spans = {}
    for number, name in enumerate(_FIELDS, 1):
        span = match.span(number)
        if span[0] >= 0 and name not in "][":
            spans[name] = span
    if "wording" in spans:
        start, end = spans.pop("wording")
        spans["description"] = (start - 1, end)
    if match.start(_BODY) >= 0 and match.start(_BRACKET) < 0:
        start, end = match.span(_BODY)
        spans["sample.response_content"] = (start, start + len(match.string[start:end].rstrip()))
    for name in ("appid", "nickname"):
        if name in spans and spans[name][0] == spans[name][1]:
            # An empty value stands right behind the colon.
            at = match.string.rindex(":", 0, spans[name][0]) + 1
            spans[name] = (at, at)
    if match.start(_PLATFORM_KEY) >= 0 and "sample.platform" not in spans:
        spans["sample.platform"] = (match.end(_PLATFORM_KEY), match.end(_PLATFORM_KEY))
    return spans
