"""The throughput path: one compiled pattern takes a whole clean alarm. Made from `words`, so that it takes what WeChat
prints and nothing else.

A clean alarm has the official labels in their order, any of the first ones cut off, and all groups in the order in
which WeChat prints them. What it takes is what the tokens give (a property test proves it); all else is left to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from msgspec import Struct

from wxalarm.model import Alarm, AlarmKind, Finding, Sample
from wxalarm.parser import body_end
from wxalarm.parser import words as w
from wxalarm.parser.locate import Placed, Source, function_of
from wxalarm.parser.problems import BODY_CUT, BRACKET_MISSING
from wxalarm.patterns import later
from wxalarm.wechat import limits

_GAP = r"[ \t\r\n]{1,99}+"
_ODD = r"\t\r\n\f\v\x1c-\x1f\x85\u00a0\u00ad\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
# No blanks at the edges: the tokens strip them, so values that have some are not for this path.
_FORMS = {"word": r"[!-Z\\^-~]*+", "name": r"(?! )[ -Z\\^-~]*+(?<! )", "number": r"[0-9]{1,18}"}
_SIMPLE = rf"[^ :：\[{_ODD}]"
_MORE = r"(?:报警|報警|错误|錯誤|[Ee]rror )"
_NOISE = rf"[{w.EDGES}{w.QUOTES}]*+"
_FOLLOWS = (
    rf"(?:{w.BLANK}|[{w.QUOTES}])*+\[|[^\n]{{0,80}}(?:报警|報警)排查"
    rf"|{_NOISE}(?:{_MORE}|{w.LATER_GROUP}|[^\s:：\[]{{1,8}}[:：][^\n]{{0,200}}\n{_NOISE}{_MORE})"
    rf"|{_NOISE}[^\n]{{0,90}}?第 ?[0-9]{{1,4}} ?页"  # the foot of a page
)


def _words(size: int, most: int, before: str) -> str:
    """Words of a line, each of `size` characters at most, up to blanks with `before` behind them."""
    return rf"{_SIMPLE}{{1,{size}}}+(?: {{1,9}}+(?!{before}){_SIMPLE}{{1,{size}}}+){{0,{most}}}+"


_LAST = r"(?=[ \t\r\n]|\Z)"
"""Behind the last group."""
_RARE = ("transaction_id", "decrypt_failed")
_KEYS = tuple(key for key in w.KEYS if key.form != "body")


def _group(key: w.Key) -> str:
    """One group of the sample, behind its bracket and with that of the next one: a key that is not there is passed over
    by its first character."""
    printed = key.printed + ("(?:10)?" if key.also else "")
    if key.form == "flag":
        return rf"(?:({printed})\](?:\[|{_LAST}))?+"
    # "=3D" is of a mail's source, "<" and "[" begin a link to itself.
    mail = {"url": r"(?!3D|[<\[])", "transaction_id": "(?!3D)"}.get(key.field, "")
    # What posters mask, and sometimes its closing bracket with it.
    open_ = rf"|(?<=\*) ?+\[(?={w.KEY}=)" if key.field in ("openid", "url") else ""
    # The second key of a field ("ip") only where the first one ("IP") is not: else the tokens say which counts.
    fields = [other.field for other in _KEYS[: _KEYS.index(key)]]
    once = rf"(?({key.field})(?!))" if key.field in fields else ""
    value = _FORMS[key.form] if key.field in fields else rf"?P<{key.field}>{_FORMS[key.form]}"
    return rf"(?:{printed}{once}={mail}({value})(?:\](?: ?+\[|{_LAST}){open_}))?+"


def _groups() -> str:
    """All of them, in their order: those that most alarms lack are passed over together, by their first characters."""
    text = ""
    for rare, keys in groupby(_KEYS, lambda key: key.field in _RARE):
        made = [_group(key) for key in keys]
        text += _rare("td", *made) if rare else "".join(made)
    return text


def _rare(begin: str, *groups: str) -> str:
    return rf"(?:(?=[{begin}]){''.join(groups)})?+"


_SAMPLE = (
    _groups()
    + rf"(?:(?:{'|'.join(w.BODY_KEYS)})={body_end.CLEAN}\[?+)?+"
    + _rare(
        f"r{w.PLATFORM_KEY[0]}",
        rf"(?:resp\](?:\[|{_LAST}))?+",
        rf"(?:({w.PLATFORM_KEY})(?::(?! )([^\[\]\n]*+)(?<! ))?+\])?+",
    )
    + r"(?<!\[)"
)
"""What stands behind the first bracket; the one that was taken last has its group."""
_BEGIN = {name: printed[0] for name, printed in w.PRINTED.items()}
_REST = {name: printed[1:] for name, printed in w.PRINTED.items()}
"""Every alarm begins with one of few characters, so that the search skips other text at C speed; each label after the
first asks for the first character of the next one itself."""
_WECHAT, _PUSH = w.OPENINGS
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?+"
_COUNT = r"([0-9]{1,18})分钟 ?([0-9]{1,18}) ?次"


def _clean() -> str:
    appid, nickname, seen, content, count, sample, _ = _BEGIN.values()
    opened = rf"(?:{_WECHAT}|{_PUSH})"
    behind_nickname = rf"[{seen}{content}](?={_REST['first_seen'][:-1]}: ?[0-9]|{_REST['description']} ?{opened})"
    nick = rf"[^ :：{_ODD}]{{1,64}}+"
    named = rf"(?:{nick}(?: {{1,9}}+(?!{behind_nickname}){nick}){{0,3}}+)?+"
    behind_content = count + _REST["count"][:-1]
    words = _words(80, 5, f"[{count}{sample}]")
    first = "|".join(key.printed for key in w.KEYS if key.first)
    sample_label = rf"{_REST['sample']} ?\["
    guide = rf"{w.GUIDE_LABEL}[，,]{w.PRINTED['guide_url'].partition('，')[2]} ?"
    return (
        rf"[{appid}{nickname}{seen}{content}{_WECHAT[0]}{_PUSH[0]}{count}{sample}\[]"
        rf"(?:(?<={appid})(?<![A-Za-z]{appid}){_REST['appid']} ?([0-9A-Za-z*]*+){_GAP}[{nickname}{seen}{content}])?+"
        rf"(?:(?<={nickname}){_REST['nickname']} {{0,2}}({named}){_GAP}{behind_nickname})?+"
        rf"(?:(?<={seen}){_REST['first_seen']} ?({_DATE}){_GAP}{content})?+"
        rf"(?:(?<={content}){_REST['description']} ?({opened}{_words(80, 5, behind_content)})"
        rf"{_GAP}{count}(?={_REST['count'][:-1]})"
        rf"|(?<![^\n][{_WECHAT[0]}{_PUSH[0]}])((?<={_WECHAT[0]}){_WECHAT[1:]}{words}|(?<={_PUSH[0]}){_PUSH[1:]}{words})"
        rf"{_GAP}[{count}{sample}])?+"
        rf"(?:(?<={count}){_REST['count']} ?{_COUNT}(?:{_GAP}{sample}{sample_label}|(?![^ \t\r\n]))"
        rf"|(?<={sample}){sample_label}|(?<![^\n]\[)(?<=\[)(?=(?:{first})=))"
        rf"{_SAMPLE}"
        rf"(?:(?:{_GAP}|(?<=[ \t\r\n])){guide}([!#-;=?-Z\\^-~]++)(?=[ \t\r]*+(?:\Z|\n))"
        # Without the guide line, what could still belong to it must not follow.
        rf"|(?=[ \t\r]*+(?:\Z|\n(?!{_FOLLOWS}))))"
    )


CLEAN = later(_clean())
"""One clean alarm: official labels in official order, all groups in the order in which WeChat prints them."""
_GROUPS = (
    *("appid", "nickname", "first_seen", "description", "wording", "window_minutes", "count"),
    *(f"sample.{key.field}" for key in _KEYS),
    *("sample.response_content", "]", w.PLATFORM_KEY, "sample.platform", "guide_url"),
)
"""What the groups of CLEAN hold."""
_BODY, _BRACKET, _PLATFORM, _NAMED, _GUIDE_URL = range(len(_GROUPS) - 5, len(_GROUPS))
_OPENID, _STAMP, _URL = (_GROUPS.index(f"sample.{name}") for name in ("openid", "stamp", "url"))
_FIRST = {begin: name for name, begin in _BEGIN.items()} | {"[": "sample"}
_SURE_OPENID = later(r"[0-9A-Za-z_-]{20,40}\Z")


_UNKNOWN = AlarmKind.UNKNOWN
_LINKS = {link: link for link in w.GUIDE_LINKS}


_VALUE = {
    "word": "g{0}",
    "name": "g{0}",
    "number": "g{0} and int(g{0})",
    "flag": "g{0} is not None",
    "either": "g{1} if g{0} is None else g{0}",
    "platform": "None if g{0} is None else g{1} or ''",
    "cut": "g{0} is not None and g{1} is None",  # only WeChat cuts a body, and its bracket with it
    "body": "g{0} if g{1} or g{0} is None else cut(g{0})",
}
"""How a value is made of the groups of CLEAN, by its form."""


def _call(record: type[Struct], values: Mapping[str, str]) -> str:
    """The source that makes a record of the source of each field's value, by default a variable with its name."""
    return f"{record.__name__}({', '.join(values.get(name, name) for name in record.__struct_fields__)})"


def _maker() -> Callable[..., Alarm]:
    """A function that makes an alarm of the groups of CLEAN, its sample from the table of keys: a loop over the fields
    would take longer than the search for the alarm."""
    values = {key.field: _VALUE[key.form].format(_GROUPS.index(f"sample.{key.field}")) for key in _KEYS}
    for one, other in _TWICE:
        values[_GROUPS[one].removeprefix("sample.")] = _VALUE["either"].format(one, other)
    values |= {
        "response_content": _VALUE["body"].format(_BODY, _BRACKET),
        "response_truncated": _VALUE["cut"].format(_BODY, _BRACKET),
        "platform": _VALUE["platform"].format(_PLATFORM, _NAMED),
        "extra": "nothing",
    }
    plain = {"appid": "word", "nickname": "name", "window_minutes": "number", "count": "number"}
    own = {name: _VALUE[form].format(_GROUPS.index(name)) for name, form in plain.items()}
    places = {name: name[1:] for name in Placed.__struct_fields__}
    own |= {"sample": _call(Sample, values), "places": _call(Placed, places)}
    groups = ", ".join(f"g{place}" for place in range(len(_GROUPS)))
    made: Callable[..., Alarm] = function_of(
        ("groups", "kind", "first_seen", "description", "guide_url", "source", "start", "end", "spans"),
        (f"{groups} = groups",),
        _call(Alarm, own),
        {"Alarm": Alarm, "Sample": Sample, "Placed": Placed, "nothing": {}, "cut": str.rstrip},
    )
    return made


BODY = _BODY + 1
"""The group of CLEAN that holds the body."""
_TWICE = tuple(
    (_GROUPS.index(name), place) for place, name in enumerate(_GROUPS[:_BODY]) if _GROUPS.index(name) != place
)
"""The groups of both keys of a field that has two: IP and ip."""
_record = _maker()


Found = tuple[Alarm, Sequence[Finding], int, int]
"""An alarm and its problems, with its extent in the source's text. No class: a tuple costs nothing to make."""


_PARTED = later("[一-鿿，] +[一-鿿]")
"""A blank that a screenshot's reader put into a 内容."""


_KINDS: dict[str, tuple[AlarmKind, str]] = {}
_MOST_KINDS = 4096


def _kind_of(description: str) -> tuple[AlarmKind, str]:
    """The kind that a 内容 names that is printed as WeChat prints it, UNKNOWN for all others; and that 内容 itself, so
    that all alarms of an archive share one."""
    known = _UNKNOWN if _PARTED.search(description) is not None else w.kind_of(description), description
    if len(_KINDS) < _MOST_KINDS:
        _KINDS[description] = known
    return known


def read(match: re.Match[str], source: Source) -> Found | None:
    """The alarm of a match of CLEAN; None when only the tokens can tell, with what stands before and behind it."""
    groups = match.groups()
    time, description, wording, count = groups[2], groups[3], groups[4], groups[6]
    guide = groups[_GUIDE_URL]
    if guide is not None:
        known = _LINKS.get(guide)
        if known is None and _is_odd(guide):
            return None
        guide = known or guide
    if wording is not None:
        description = match.string[match.start(5) - 1 : match.end(5)]
        if not w.is_whole(description):
            return None
    kind = _UNKNOWN
    if description is not None:
        kind, description = _KINDS.get(description) or _kind_of(description)
        if kind is _UNKNOWN:
            return None
    first_seen = None
    if time is not None:
        try:
            first_seen = datetime.fromisoformat(time + "+08:00")
        except ValueError:
            return None
    start, end = match.span()
    alarm = _record(groups, kind, first_seen, description, guide, source, start, end, spans_at)
    sample = alarm.sample
    if (body := groups[_BODY]) is not None:
        size = len(body) if body.isascii() else len(body.encode("utf-8", "replace"))
        if sample.response_length != size and not body_end.is_plain(body):
            return None
    # One that says what failed and how often is an alarm, whatever stands before it.
    if (count is None or description is None) and not _proves_itself(alarm, match):
        return None
    # Only a mask eats a bracket, only WeChat cuts a body.
    openid, url = groups[_OPENID], groups[_URL]
    if sample.response_truncated or (openid and openid[-1] == "*") or (url and url[-1] == "*"):
        return alarm, _problems(match, source), start, end
    return alarm, (), start, end


def _is_odd(guide: str) -> bool:
    """Whether a link is that of another alarm, glued to it, or was cut."""
    return "Appid" in guide or guide[-1] in w.CLOSERS or any(link.startswith(guide) for link in w.GUIDE_LINKS)


def _proves_itself(alarm: Alarm, match: re.Match[str]) -> bool:
    """Whether a fragment, without 内容 or 次数, is an alarm beyond doubt and begins where it matched: only with groups
    that nothing else has, and not behind something that it could go on from."""
    has_count = alarm.count is not None
    text, start = match.string, match.start()
    before = text[max(0, start - 64) : start]
    last = before.rstrip(w.EDGES)[-1:]
    if (last == "]" and before.count("\n") < 2) or (before and "\u4e00" <= before[-1] <= "\u9fff"):
        return False
    sample, stamp = alarm.sample, match[_STAMP + 1]
    openid, transaction_id = sample.openid, sample.transaction_id
    if has_count:
        return bool(openid or stamp or sample.url or transaction_id)
    if transaction_id is not None:
        return len(transaction_id) == limits.TRANSACTION_LENGTH and transaction_id.isdecimal()
    return openid is not None and stamp is not None and len(stamp) == 10 and _SURE_OPENID.match(openid) is not None


def first_label(match: re.Match[str]) -> tuple[str, bool]:
    """The field of the first line of a match of CLEAN, and whether its label stands before it."""
    first = match.string[match.start()]
    return _FIRST.get(first, "description"), first in _BEGIN.values()


def _problems(match: re.Match[str], source: Source) -> list[Finding]:
    """What a record of this path can have to say: that a bracket is missing, that WeChat cut the body."""
    found: list[Finding] = []
    text = match.string
    for place, name in enumerate(_GROUPS[:_BODY]):
        start, end = match.span(place + 1)
        if end >= 0 and name.startswith("sample.") and name != "sample.decrypt_failed" and text[end] != "]":
            end += text[end] == " "  # the blank before the next group belongs to the open value, until it is stripped
            found.append(BRACKET_MISSING(source.locate(start, end), key=_key(text, start)))
    if match.start(BODY) >= 0 and match.start(_BRACKET + 1) < 0:
        start, end = _spans(match)["sample.response_content"]
        found.append(BODY_CUT(source.locate(start, end), key=_key(text, start), length=end - start))
    return found


def _key(text: str, value_start: int) -> str:
    return text[text.rindex("[", 0, value_start) + 1 : value_start - 1]


def spans_at(text: str, start: int) -> dict[str, tuple[int, int]]:
    """Where the values of the clean alarm stand that begins at an offset, by dotted field name."""
    match = CLEAN.match(text, start)
    return _spans(match) if match is not None else {}


def _spans(match: re.Match[str]) -> dict[str, tuple[int, int]]:
    spans = {}
    for place, name in enumerate(_GROUPS):
        span = match.span(place + 1)
        if span[0] >= 0 and name not in ("]", w.PLATFORM_KEY):
            spans[name] = span
    if "wording" in spans:
        start, end = spans.pop("wording")
        spans["description"] = (start - 1, end)
    if match.start(BODY) >= 0 and match.start(_BRACKET + 1) < 0:
        start, end = match.span(BODY)
        spans["sample.response_content"] = (start, start + len(match.string[start:end].rstrip()))
    for name in ("appid", "nickname"):
        if name in spans and spans[name][0] == spans[name][1]:
            # An empty value stands right behind the colon.
            at = match.string.rindex(":", 0, spans[name][0]) + 1
            spans[name] = (at, at)
    if match.start(_PLATFORM + 1) >= 0 and "sample.platform" not in spans:
        spans["sample.platform"] = (match.end(_PLATFORM + 1), match.end(_PLATFORM + 1))
    return spans


_PIECE_HINT = later(
    # Each alternative begins with a literal, so that the search skips other characters at C speed.
    r"App ?[Ii][Dd]|app ?[Ii][Dd]|APP ?[Ii][Dd]"
    r"|昵[称稱]|暱[称稱]|Nick ?[Nn]ame|nick ?[Nn]ame|时间|時間|Time|time|内容|內容|Content"
    r"|content|Description|description|次[数數]|Times|times|Count|count|Number of|number of|错误[样示]例|錯誤[樣範]例"
    r"|Error |error |报警排查|報警排查|微信(?:服务器|伺服器|服務器)|推送"
    rf"|\[(?i:{'|'.join(sorted({re.split('[ _]', key.printed)[0] for key in w.KEYS}))})"
)


def may_hold_pieces(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text may hold an alarm, or a piece of one, at all."""
    return _PIECE_HINT.search(text, start, end) is not None
