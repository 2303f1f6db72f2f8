"""The words of alarm texts, once: labels, sample keys, wordings. Every pattern of this package is made from these.

Simplified and traditional script, full-width and ASCII punctuation, the guide's English names.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from wxalarm.model import AlarmKind
from wxalarm.patterns import compiled

ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters of no width: chat programs and pages put them anywhere, they mean nothing outside nicknames and bodies."""
EDGES = (
    " \t\r\n\f\v\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    f"\u2028\u2029\u202f\u205f\u3000{ZERO_WIDTH}"
)
"""What is stripped from the outside of one-line values."""
QUOTES = ">|│┃"
"""What mail and chat programs put before quoted lines."""
BORDER = "\x00"
"""Stands on a line of its own where a JSON string begins and ends: no alarm goes on behind it."""
BLANK = f"[{EDGES.replace(chr(10), '')}]"
"""What may stand around labels without meaning: every blank but the line feed, also the zero-width ones that chat
programs insert."""
SPACE = f"[{EDGES}]"
"""The same with the line feed."""
COLON = r"[:：]"

LABELS: dict[str, str] = {
    # Glued to the word before it only as WeChat writes it.
    "appid": r"(?:(?<![A-Za-z])(?:[Aa]pp|APP) ?[Ii][Dd]|Appid(?=: ?wx[0-9A-Za-z*]))",
    "nickname": r"昵称|暱称|昵稱|暱稱|[Nn]ick ?[Nn]ame",
    "first_seen": r"时间|時間|(?<![A-Za-z])[Tt]ime",
    "description": r"内容|內容|(?<![A-Za-z])(?:[Cc]ontent|[Dd]escription)",
    "count": r"次数|次數|(?<![A-Za-z])(?:[Tt]imes|[Cc]ount|[Nn]umber of times)",
    "sample": r"错误样例|錯誤樣例|错误示例|錯誤範例|(?<![A-Za-z])[Ee]rror (?:[Ss]ample|[Ee]xample)s?",
    "guide_url": rf"(?:报警排查指引|報警排查指引){BLANK}*[,，、]?{BLANK}*(?:请见|請見)?",
}
"""The labels by the field they fill, in the order in which WeChat prints them."""
_SAMPLE_BEHIND = rf"[^\w\n\[]{{0,12}}\n?[^\w\n\[]{{0,12}}\[{BLANK}*\w"
_ABOUT = "告警|报警|報警|警告|错误|錯誤|异常|失败|失敗|报错|发生|發生|出现|触发|首次|首次发生|首次失败|累计|问题|推送"
_ACCOUNT = "公众号|公眾號|服务号|订阅号|账号|帐号|小程序|应用"
SYNONYMS: dict[str, str] = {
    "appid": r"(?:开发者|開發者|应用) ?[Ii][Dd](?: ?[(（][Aa]pp[Ii][Dd][)）])?"
    rf"|(?:{_ACCOUNT}) ?(?:[Aa]pp|APP) ?[Ii][Dd]|(?<![A-Za-z])[Aa]pp ?[Il1|][dD]",
    "nickname": rf"(?:{_ACCOUNT})(?:名称|名稱|昵称|名字)|公众号|公眾號|服务号|订阅号",
    "first_seen": rf"(?:{_ABOUT}|开始)(?:时间|時間)",
    "description": rf"(?:{_ABOUT})(?:内容|內容|信息|描述|说明|原因|类型|類型|详情(?!{_SAMPLE_BEHIND}))|类型|類型",
    "count": rf"(?:{_ABOUT})(?:次数|次數|频次|频率)|频次|頻次|频率",
    "sample": rf"(?:{_ABOUT})(?:样例|示例|样本|详情|示范|案例|例子)|样例|示例|(?<=\")[Ss]ample(?=\")",
    "guide_url": r"(?:报警|告警)?(?:排查|处理)(?:指引|文档|指南)|指引(?:链接)?",
}
"""What people and their tools call the labels: they count only with a value behind them that no other has."""
MISREAD = {
    "nickname": "呢称|妮称|昵你|昵弥|昵科",
    "first_seen": "时问|时闾|吋间|时闻|日寸间",
    "description": "内客|內客",
    "count": "次敉|次教|吹数|次薮",
    "sample": "错误祥例|错误样侧|错误样列|错误详例|借误样例|错误祥侧",
}
"""The labels with a character that readers of screenshots take for its look-alike."""
HAN_WORDS = (
    *(word for words in MISREAD.values() for word in words.split("|")),
    *dict.fromkeys(re.findall("[一-鿿]{2,4}", "|".join(LABELS.values()))),
    *("开发者", "開發者", "应用", "名称", "名稱", "名字", "类型", "類型", "信息", "描述", "说明", "详情", "原因"),
    *("频次", "頻次", "频率", "样例", "示例", "样本", "示范", "案例", "例子", "文档", "指南"),
)
"""The Chinese words one of which every label and synonym has."""
BARE = r"[号號] ?(?:[Aa]pp|APP|[:：])|[序用] ?(?:[Aa]pp|APP)"
"""The ends of those that are the names of accounts, up to what follows them."""
RETOLD = r"App[Il1]|[一-鿿]{2,4}(?:时间|内容|次数|名称)|类型|示例|错误"
"""The beginnings of what people call the labels."""
IS_TYPE = compiled("类型|類型")
"""The label of a type, which says less than 内容 beside it."""
GUIDE_LINKS = ("http://url.cn/ab0jnP", "https://w.url.cn/s/A1dMqXI", "https://mmbizurl.cn/s/MpkaZb8yg")
"""The links of the guide line that have been seen."""
RANK = {name: rank for rank, name in enumerate(LABELS)}
LABEL = {name: rf"(?:{words}){BLANK}*{COLON}" for name, words in LABELS.items()}
ANY_LABEL = "|".join(LABEL.values())

PRINTED = {
    "appid": "Appid:",
    "nickname": "昵称:",
    "first_seen": "时间:",
    "description": "内容:",
    "count": "次数:",
    "sample": "错误样例:",
    "guide_url": "报警排查指引，请见:",
}
"""The labels as WeChat prints them."""
GUIDE_LABEL = PRINTED["guide_url"].partition("，")[0]
HAN_LABELS = tuple(
    label
    for name in ("description", "first_seen")
    for label in LABELS[name].split("|")
    if re.fullmatch(r"[一-鿿]+", label)
)
"""Labels that hardly any text of another kind holds together, in both scripts."""

DATE = rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:T|{BLANK})+\d{{1,2}}[:：]\d{{2}}(?:[:：]\d{{2}})?"
COUNT = rf"(\d+){BLANK}*(?:分钟|分鐘|min(?:ute)?s?)(?:{BLANK}|[,，])*(\d[\d,]*){BLANK}*(?:次|times?)"
WINDOW = rf"(\d+){BLANK}*(?:分钟|分鐘|min)"
OPENINGS = (
    r"微信(?:服务器|伺服器|服務器)(?:向|连接|連接)",
    r"推送(?:[“”\"「『]?支付|第三方平台|第三方平臺|component_verify_ticket)",
)
"""How the known 内容 begin, each with one certain character."""
SUBJECT = "微信服务器"
"""Who does something, in most of them."""
HEADLESS = rf"(?P<rest>{'|'.join(SUBJECT[cut:] for cut in (1, 2, 3, 4))})(?=向公众号推送|连接公众号开)"
"""The end of it, where whoever copied an alarm began within it."""
FLATTENED = r"[Aa]pp ?[Ii][Dd][:：] ?\S{10,24}[ \t]+昵称[:：]"
"""The first two labels in one line, of an alarm whose line breaks became blanks."""
OPENING = rf"(?:{'|'.join(OPENINGS)})"
TYPE_NAME = (
    r"(?:DNS失败|DNS超时|连接超时|请求超时|回应失败|自动屏蔽|DNS失敗|DNS超時|連接超時|請求超時|回應失敗|自動屏蔽"
    r"|(?i:MarkFail|DNS fail(?:ure|ed)|DNS timeout|Connection timeout|Request timeout|Response fail(?:ure|ed)"
    r"|The response failed))"
)
"""The guide's names of the types, in Chinese and English: stand for 内容 in retold alarms."""
ENOUGH = 4
"""How much the pieces of an alarm must prove together."""
LONGEST_VALUE = 300
"""Characters of a one-line value behind a label."""
LONGEST_GROUP = 8192
"""Characters of a bracket group that is no body."""
LONGEST_BODY = 64 * 1024
"""Characters of a body. WeChat cuts after about 900 bytes; what runs on this long has lost its end."""
MOST_GROUPS = 64
"""Groups of one sample. WeChat prints at most fifteen."""
TYPED = "|".join(
    (
        rf"{LABEL['appid']}{BLANK}*+(?![^\s\[]{{0,64}}[，。！？])",
        LABEL["nickname"],
        rf"{LABEL['first_seen']}{BLANK}*(?:[\d*xX＊]|\n|\Z)",
        rf"{LABEL['description']}{BLANK}*(?:{OPENING}|{TYPE_NAME})",
        rf"{LABEL['count']}{BLANK}*(?:[\d*xX＊]|\n|\Z)",
        rf"{LABEL['sample']}{BLANK}*(?:\[|\n|\Z|[.…])",
        LABEL["guide_url"],
    )
)
"""A label with what may stand behind it: ends the value before it when an alarm is flattened. "Tea Time: best" in a
nickname is no 时间."""
LINE_VALUE = rf"(?:[^\s{ZERO_WIDTH}]++|{BLANK}++(?!\n|\Z|{TYPED}))*+"
"""The value of a line, up to its end or to the next label, without the blanks behind it."""

CLOSERS = ",;')}"
"""What ends a word of a program's text around an alarm."""
GUIDE_WORD = (
    rf"{BLANK}*+(?:(?!Appid: ?wx|[{re.escape(CLOSERS)}]++(?:[\s\"<>\]]|\Z))"
    rf"[^\s{ZERO_WIDTH}\"<>\]\u3001-\u9fff\uff00-\uffef])*+"
)
"""The value of the guide line: one word; Chinese glued to it is somebody's, so is what no URL has (RFC 3986, 2), what
closes the text in which a program printed it, and the label of another alarm."""

PLATFORM = r"第三方平(?:台|臺)"
_MASK = r"|[^\s]*[*＊xX]{3,}[^\s]*"
_SURE_NUMBER = r"[0-9]{1,18}" + _MASK


class Key(NamedTuple):
    """A key of 错误样例."""

    printed: str
    """As WeChat prints it."""
    field: str
    """The field of Sample that it fills."""
    form: str = "word"
    """What stands behind it: word, name (words), number, flag (nothing), body (anything)."""
    proof: str = ""
    """What must stand behind it, so that the group proves an alarm without the label; "" when logs have such groups."""
    first: bool = False
    """It is the first of its sample: once more, it begins another one."""
    also: str = ""
    """A second spelling, as a pattern."""


KEYS = (
    Key("OpenID", "openid", proof=r"[0-9A-Za-z_-]{20,40}" + _MASK, first=True),
    Key("Stamp", "stamp", "number", proof=r"[0-9]{10}|[0-9]+[*＊]+" + _MASK),
    Key("OuterIP", "outer_ip", proof=r"|[0-9A-Fa-f.:]{3,45}" + _MASK),
    Key("3rdUrl", "url", proof=r"(?:[a-z]+:/)?/.*" + _MASK, also=r"3rdUrl\d*"),
    Key("Host", "host"),
    Key("IP", "ip"),
    Key("MsgType", "msg_type", "number", proof=_SURE_NUMBER),
    Key("Msg", "msg", "name"),
    Key("Event", "event", "name"),
    Key("ip", "ip"),
    Key("http code", "http_code", "number", proof=_SURE_NUMBER),
    Key("cURL Error", "curl_error", "number", proof=_SURE_NUMBER),
    Key("transaction_id", "transaction_id", proof=r"[0-9*＊xX]{16,40}", first=True),
    Key("decrypt fail", "decrypt_failed", "flag", proof="flag"),
    Key("response_length", "response_length", "number", proof=_SURE_NUMBER),
    Key("response_content", "response_content", "body"),
    Key("resp", "response_content", "body"),
)
"""The keys of 错误样例 in the order in which WeChat prints them. `3rdUrl10` (2015) is `3rdUrl`."""
BODY_KEYS = tuple(key.printed for key in KEYS if key.form == "body")
NUMBERS = frozenset(key.field for key in KEYS if key.form == "number")
ORDER = tuple(dict.fromkeys(key.field for key in KEYS))
"""Fields of a sample in the order in which WeChat prints their keys."""
KEY_OF = {field: next(key.printed for key in KEYS if key.field == field) for field in ORDER}
"""The same, each with its key as it is printed; of two the first."""
PLATFORM_KEY = "第三方平台"
PRINTED_KEYS = (*(key.printed for key in KEYS), PLATFORM_KEY)
"""The keys as WeChat prints them."""
FIRST_FIELDS = frozenset(key.field for key in KEYS if key.first)


def _folded(key: str) -> str:
    """A key as people spell it: without case, blanks and lines between words alike."""
    return " ".join(key.lower().replace("_", " ").split())


_FIELDS = {_folded(key.printed): key.field for key in KEYS}
_ALSO = tuple((compiled(_folded(key.also)), key.field) for key in KEYS if key.also)
KNOWN_KEY = (
    "(?i:"
    # Backwards: MsgType before Msg.
    + "|".join(sorted({(key.also or key.printed).replace(" ", "[ _]") for key in KEYS}, reverse=True))
    + rf")|{PLATFORM}"
)
GROUP_START = rf"\[(?:{KNOWN_KEY})[=\]:：]"
"""The beginning of a group whose key is known."""
_LATER = [key.printed for key in KEYS if not key.first and key.form != "flag" and key.field not in ("stamp", "url")]
_FLAGS = [key.printed for key in KEYS if key.form == "flag"]
LATER_GROUP = rf"\[(?:(?:{'|'.join(_LATER)})=|(?:{'|'.join(_FLAGS)})\]|{PLATFORM})"
"""A group that is never the first of its sample."""
KEY = r"[^\[\]=\n]{1,60}"
NEXT_GROUP = rf"\[(?:(?:{KNOWN_KEY})[\]:：]|{KEY}=)"
"""Where an earlier value ends when a mask ate its bracket."""
BEHIND_GROUP = rf"(?=(?:{SPACE}*+(?:\[|\Z|{TYPED})|{BLANK}*+\n))"
"""What stands behind a closing bracket; one inside a value has something else behind it."""
OPEN_VALUE = rf"(?:[^\[\]\n]++|(?!{NEXT_GROUP})\[)*+"
GROUP_VALUE = rf"(?:[^\[\]\n]++|(?!{NEXT_GROUP})\[|\](?!{BEHIND_GROUP}))*+"
GROUP = (
    rf"\[(?:(?P<platform>{PLATFORM})(?:[:：=](?P<name>{GROUP_VALUE}))?(?P<platform_close>\]|{BEHIND_GROUP})"
    rf"|(?P<key>{KEY})(?:=(?:(?P<value>{GROUP_VALUE})\]|(?P<open_value>{OPEN_VALUE})(?P<close>\]?))|\](?!\(https?:)))"
)
"""group ::= '[第三方平台' (':' name)? ']' | '[' key '=' value ']' | '[' key ']'. The value may hold brackets
("http://[::1]/") but neither a line break nor another group; without its bracket it ends before the next group, with
the line, or at the first bracket. Linear: no two groups look at the same characters for long."""


OFFICIAL = frozenset(
    "微信服务器伺務向连接連给給推送公众眾号號订訂阅閱小程序企业業第三方平台臺组組件授权權支付完成通知开開发發者消息或事件时時后後间間"
    "内內解析失败敗现現发發是无無效域名生超为為[秒]没沒有返回得到的应應不合法暂暫屏蔽除分钟鐘至已将將会會此账帳户戶因多次一如取等"
    '“”"「」『』《》〈〉()（）,，.。:：、_ 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
)
"""The characters of every known 内容: what else stands there is somebody's."""


def end_of(text: str, start: int, stop: int) -> int:
    """Where text[start:stop] ends without the blanks behind it and without lines of nothing but quote marks."""
    end = start + len(text[start:stop].rstrip(EDGES))
    while (newline := text.rfind("\n", start, end)) >= 0 and not text[newline:end].strip(EDGES + QUOTES):
        end = start + len(text[start:newline].rstrip(EDGES))
    return end


def after_bytes(text: str, start: int, end: int, length: int) -> int | None:
    """The offset of the text so many bytes (UTF-8) behind `start`; None when that is no offset, or beyond `end`."""
    raw = text[start : min(end, start + length)].encode("utf-8", "surrogatepass")
    if len(raw) < length:
        return None
    try:
        return start + len(raw[:length].decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=1024)
def field_of(key: str) -> str | None:
    """The field of Sample that a printed key fills, or None for an unknown key."""
    folded = _folded(key)
    return _FIELDS.get(folded) or next((field for also, field in _ALSO if also.fullmatch(folded)), None)


@cache
def _proofs() -> dict[str, re.Pattern[str]]:
    proofs = {key.printed: compiled(key.proof) for key in KEYS if key.proof and key.form != "flag"}
    return proofs | {key.printed + "10": proofs[key.printed] for key in KEYS if key.also}


_WEAK = frozenset(key.printed for key in KEYS if not key.proof and key.form != "body")


def weight(key: str, value: str | None) -> int:
    """How much a group proves that stands without 错误样例: a key exactly as WeChat prints it, and what belongs into
    it. Logs have `IP` and `Event`, too."""
    if value is None:
        return 2 if key in _FLAGS else int(key in _WEAK)
    if (proof := _proofs().get(key)) is None:
        return int(key in _WEAK)
    if proof.fullmatch(value) is None:
        return 0
    return ENOUGH if key == "transaction_id" else 2


_TRADITIONAL = str.maketrans(
    "務號發應經時間內連開沒請閱讀個導產錯誤樣暱稱數鐘復斷據傳輸麼長們後將過對開與屬臺蔽為無現敗暫組權",
    "务号发应经时间内连开没请阅读个导产错误样昵称数钟复断据传输么长们后将过对开与属台蔽为无现败暂组权",
)
_KINDS: tuple[tuple[str, AlarmKind], ...] = (
    (r"component_?verify_?ticket.*(?:没有返回success|不合法|失败)", AlarmKind.TICKET_INVALID),
    (r"component_?verify_?ticket.*(?:没有返回|超时)", AlarmKind.TICKET_TIMEOUT),
    (r"(?:第三方平台消息|组件消息|授权消息).*(?:没有返回success|不合法|失败)", AlarmKind.COMPONENT_INVALID),
    (r"(?:第三方平台消息|组件消息|授权消息).*(?:没有返回|超时)", AlarmKind.COMPONENT_TIMEOUT),
    (r"支付.{0,6}(?:事件|通知).*(?:不合法|失败)", AlarmKind.PAY_NOTIFY_INVALID),
    (r"支付.{0,6}(?:事件|通知).*(?:没有返回|超时)", AlarmKind.PAY_NOTIFY_TIMEOUT),
    (r"暂时不推送|屏蔽|markfail", AlarmKind.MARK_FAIL),
    (r"无效域名|invaliddomain", AlarmKind.DNS_INVALID_DOMAIN),
    (r"dns.{0,4}超时|dns.?timeout|dnsresolution.*time", AlarmKind.DNS_TIMEOUT),
    (r"dns.{0,4}失败|dns.?fail", AlarmKind.DNS_FAILURE),
    (r"(?:连接|connect).*(?:超时|timeout)|connection.?time", AlarmKind.CONNECT_TIMEOUT),
    (r"没有返回|请求超时|requesttimeout|didnotrespond", AlarmKind.REQUEST_TIMEOUT),
    (r"不合法|回应失败|response.{0,8}fail|wasinvalid", AlarmKind.INVALID_RESPONSE),
)
_KIND_PATTERNS = tuple((compiled(pattern), kind) for pattern, kind in _KINDS)


@lru_cache(maxsize=4096)
def kind_of(description: str | None) -> AlarmKind:
    """The kind that a 内容 names (报警排查指引, and wordings that were seen); UNKNOWN for a missing or new wording.

    Matched loosely: without blanks and punctuation, traditional script folded, and whichever word stands for the
    account (公众号, 服务号, 订阅号).
    """
    if not description:
        return AlarmKind.UNKNOWN
    folded = re.sub(r"[\W]+", "", description[:400].translate(_TRADITIONAL).lower())
    return next((kind for pattern, kind in _KIND_PATTERNS if pattern.search(folded)), AlarmKind.UNKNOWN)


_WORDING_END = compiled(
    # Without the seconds, success follows.
    r"(?:[内內](?:没有返回|沒有返回)|不合法|无效域名|無效域名|success|解析DNS失败|解析DNS失敗|[35][秒sS]|解除屏蔽)[)）.。!！]?\Z"
)


@lru_cache(maxsize=4096)
def is_whole(description: str) -> bool:
    """Whether a 内容 ends as the known ones do: nobody has written on behind it, and no bracket is left open."""
    opened = sum(map(description.count, "（(")) - sum(map(description.count, "）)"))
    return opened <= 0 and _WORDING_END.search(description) is not None


def is_known(description: str) -> bool:
    """Whether a 内容 names a kind."""
    return kind_of(description) is not AlarmKind.UNKNOWN


_OPENED = compiled(OPENING)


@lru_cache(maxsize=4096)
def is_opened(description: str) -> bool:
    """Whether a 内容 begins as the known ones do."""
    return _OPENED.match(description) is not None
