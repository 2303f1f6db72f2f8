"""The throughput path: one compiled pattern takes a whole clean alarm. Made from what WeChat prints, nothing else.

CLEAN finds alarms in a text and wants 内容 and 次数; WIDE is matched against one alarm that was already cut out, so
every line of it may be absent. Both give the record that the grammar gives (a property test proves it), or none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from wxalarm.model import Alarm, AlarmKind, Finding, Sample
from wxalarm.parser import vocabulary as v
from wxalarm.parser.construct import constructor
from wxalarm.parser.places import FieldLocations, Source

_GAP = r"[ \t\r\n]{1,99}+"
_ODD = r"\t\r\n\f\v\x1c-\x1f\x85\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
# No blanks at the edges: the grammar strips them, so values that have some are not for this path.
_PLAIN = rf"(?! )[^\[\]{_ODD}]*+(?<! )"
_NUMBER = r"[0-9]{1,18}"
_OPENING = r"(?:微信服务器(?:向|连接)|推送(?:[“”\"「『]?支付|第三方平台|component_verify_ticket))"
_DESCRIPTION = rf"{_OPENING}[^:：\[{_ODD}]{{2,80}}?"
_HAN = r"\u3001-\u9fff\uff00-\uffef"
_MORE = r"(?:\[|报警|報警|错误|錯誤|[Ee]rror )"
_NOISE = rf"[\s{v.ZERO_WIDTH}>|│┃]*+"
_GUIDE = "报警排查指引[，,]请见: ?"
_LOOSE = r"[ \t]*+(?:[\n\r]|\Z|\[第三方平台|报警)"
_STRICT = (
    r"(?:\[第三方平台(?::[^\[\]\n]*+)?+\])?+[ \t\r\n]*+(?:报警排查指引|\Z"
    r"|(?<=\n)(?:Appid: |昵称: |时间: ?[0-9]{4}-|内容: ?(?:微信服务器|推送)))"
)


def _group(key: str, value: str = _PLAIN) -> str:
    return rf"(?:\[{key}=({value})\](?: (?=\[))?)?+"


_SAMPLE = (
    _group("OpenID")
    + _group("Stamp", _NUMBER)
    + _group("OuterIP")
    + _group("3rdUrl(?:10)?")
    + _group("Host")
    + _group("IP")
    + _group("MsgType", _NUMBER)
    + _group("Msg")
    + _group("Event")
    + _group("ip")
    + _group("http code", _NUMBER)
    + _group("cURL Error", _NUMBER)
    + _group("transaction_id")
    + r"(?:\[(decrypt fail)\])?+"
    + _group("response_length", _NUMBER)
    # A body ends at the first bracket that can end one. If that is none, or WeChat cut it, the guide line must follow.
    + r"(?:\[(?:response_content|resp)="
    + rf"((?:[^\]报错]{{1,4000}}+|\](?!{_LOOSE})){{0,300}}+)"
    + rf"(?:(\])(?={_STRICT})|(?<=[ \t\r\n])(?=报警排查指引)))?+"
    + r"(?:\[resp\])?+"
    + r"(?:\[(第三方平台)(?::([^\[\]\n]*+))?+\])?+"
)
_LINES = (
    r"ppid: ?([0-9A-Za-z*]*+)",
    rf"称: {{0,2}}([^:：{_ODD}]{{0,64}}?)",
    r"间: ?([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?+)",
    rf"容: ?({_DESCRIPTION})",
    r"数: ?([0-9]{1,18})分钟 ?([0-9]{1,18}) ?次",
)
_APPID, _NICKNAME, _TIME, _CONTENT, _COUNT = _LINES
# Every alarm begins with one of four characters, so that the search skips other text at C speed; each label after the
# first asks for the first character of the next one itself.
CLEAN = re.compile(
    r"[A昵时内]"
    rf"(?:(?<=A)(?<![A-Za-z]A){_APPID}{_GAP}[昵时内])?+"
    rf"(?:(?<=昵){_NICKNAME}{_GAP}[时内](?=间: ?[0-9]|容: ?(?:微信服务器|推送)))?+"
    rf"(?:(?<=时){_TIME}{_GAP}内)?+"
    rf"(?<=内){_CONTENT}{_GAP}次{_COUNT}"
    rf"(?:{_GAP}错误样例: ?(?=\[){_SAMPLE})?+"
    rf"(?:(?:{_GAP}|(?<=[ \t\r\n])){_GUIDE}([^\s{_HAN}]++))?+"
    # What could still belong to it must not follow.
    rf"(?=[ \t\r]*+(?:\Z|\n(?!{_NOISE}(?:{_MORE}|[^\s:：\[]{{1,8}}[:：][^\n]{{0,200}}\n{_NOISE}{_MORE}))))"
)
"""One clean alarm: official labels in official order, all groups in the order in which WeChat prints them."""
WIDE = re.compile(
    rf"(?:A{_APPID}(?:{_GAP}|\Z))?+"
    rf"(?:昵{_NICKNAME}(?:{_GAP}(?=时间: ?[0-9]|内容: ?(?:微信服务器|推送))|\Z))?+"
    rf"(?:时{_TIME}(?:{_GAP}|\Z))?+"
    rf"(?:(?:内容: ?)?+({_DESCRIPTION})(?:{_GAP}(?=次数: ?[0-9]|错误样例: ?\[|报警排查指引)|\Z))?+"
    rf"(?:次{_COUNT}(?:{_GAP}|\Z))?+"
    rf"(?:(?:错误样例: ?)?(?=\[){_SAMPLE}(?:{_GAP}|\Z|(?<=[ \t\r\n])))?+"
    rf"(?:{_GUIDE}([^\s{_HAN}]++))?+"
)
"""One alarm that was cut out already: any of its lines may be absent."""

_PIECE_HINT = re.compile(
    # Each alternative begins with a literal, so that the search skips other characters at C speed.
    r"App[Ii][Dd]|app[Ii][Dd]|昵[称稱]|暱[称稱]|Nick ?[Nn]ame|nick ?[Nn]ame|时间|時間|Time|time|内容|內容|Content"
    r"|content|Description|description|次[数數]|Times|times|Count|count|Number of|number of|错误[样示]例|錯誤[樣範]例"
    r"|Error |error |报警排查|報警排查|微信(?:服务器|伺服器|服務器)|推送"
    r"|\[(?i:OpenID|Stamp|OuterIP|3rdUrl|IP|Host|Msg|Event|http|cURL|decrypt|resp|transaction)"
)
_OVERRUN = re.compile(
    r"Appid|AppID|appid|昵称|暱|时间|時間|内容|內容|次数|次數"
    r"|\[(?:OpenID|Stamp|OuterIP|3rdUrl|MsgType|http code|cURL Error|transaction_id|response_length)=|\[第三方平台"
)
"""What may be the beginning of another alarm inside a body: then the piece by piece way decides."""
_FIELDS = (
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
_BODY, _BRACKET, _PLATFORM_KEY = (_FIELDS.index(name) + 1 for name in ("sample.response_content", "]", "["))
_ALARM, _SAMPLE_OF = constructor(Alarm), constructor(Sample)
_EMPTY: dict[str, str | None] = {}
_NO_PROBLEMS: tuple[Finding, ...] = ()


def may_hold_pieces(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text may hold an alarm, or a piece of one, at all."""
    return _PIECE_HINT.search(text, start, end) is not None


@lru_cache(maxsize=8192)
def _first_seen(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text + "+08:00")
    except ValueError:
        return None


def record(match: re.Match[str], source: Source) -> Alarm | None:
    """The record of a match of CLEAN or WIDE; None when only the grammar can tell."""
    (
        appid, nickname, time, description, window, count, openid, stamp, outer_ip, url, host, ip, msg_type, msg, event,
        ip_2, http_code, curl_error, transaction_id, decrypt, length, body, bracket, platform, platform_name, guide,
    ) = match.groups()  # fmt: skip
    kind = v.kind_of(description)
    first_seen = None if time is None else _first_seen(time)
    if (
        (kind is AlarmKind.UNKNOWN and description is not None)
        or (first_seen is None and time is not None)
        or (ip is not None and ip_2 is not None)
        or (body is not None and _OVERRUN.search(body))
    ):
        return None
    if body is not None and bracket is None:
        body = body.rstrip()
    start, end = match.span()
    return _ALARM(
        kind,
        appid,
        nickname,
        first_seen,
        description,
        None if window is None else int(window),
        None if count is None else int(count),
        _SAMPLE_OF(
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
            body,
            body is not None and bracket is None,
            platform_name or "" if platform is not None else None,
            transaction_id,
            _EMPTY,
        ),
        guide,
        source.locate_next(start, end),
        FieldLocations(source, spans_of, match),
    )


def first_label(match: re.Match[str]) -> str:
    """The field of the first line of a match of CLEAN."""
    return _FIELDS[next(number for number in range(4) if match.start(number + 1) >= 0)]


def problems(match: re.Match[str], source: Source) -> Sequence[Finding]:
    """What a record of this path can have to say: that WeChat cut the body."""
    if match.start(_BODY) < 0 or match.start(_BRACKET) >= 0:
        return _NO_PROBLEMS
    from wxalarm.parser.record import BODY_CUT

    start, end = spans_of(match)["sample.response_content"]
    key = match.string[match.string.rindex("[", 0, start) + 1 : start - 1]
    return (BODY_CUT(source.locate(start, end), key=key, length=end - start),)


def spans_of(match: re.Match[str]) -> dict[str, tuple[int, int]]:
    """Where the values of a match stand, by dotted field name."""
    spans = {}
    for number, name in enumerate(_FIELDS, 1):
        span = match.span(number)
        if span[0] >= 0 and name not in "][":
            spans[name] = span
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
