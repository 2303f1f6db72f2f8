"""The words of alarm texts, once: labels, sample keys, wordings. The grammar and the fast path are made from these.

Simplified and traditional script, full-width and ASCII punctuation, the guide's English names.
"""

from __future__ import annotations

import re
from functools import lru_cache

from wxalarm.model import AlarmKind

ZERO_WIDTH = r"\u200b-\u200f\u2060\ufeff"
BORDER = "\x00"
"""Stands on a line of its own where a JSON string begins and ends: no alarm goes on behind it."""
BREAK = "\u2060"
"""Stands where a line was broken inside a value: a character that no clean text holds."""
BLANK = rf"[ \t\r\f\v\x1c-\x1f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{ZERO_WIDTH}]"
"""What may stand around labels without meaning: every blank but the line feed, also the zero-width ones that chat
programs insert."""
SPACE = rf"[\s{ZERO_WIDTH}]"
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
RANK = {name: rank for rank, name in enumerate(LABELS)}
LABEL = {name: rf"(?:{words}){BLANK}*{COLON}" for name, words in LABELS.items()}
ANY_LABEL = "|".join(LABEL.values())

DATE = rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:T|{BLANK})+\d{{1,2}}[:：]\d{{2}}(?:[:：]\d{{2}})?"
COUNT = rf"(\d+){BLANK}*(?:分钟|分鐘|min(?:ute)?s?)(?:{BLANK}|[,，])*(\d[\d,]*){BLANK}*(?:次|times?)"
WINDOW = rf"(\d+){BLANK}*(?:分钟|分鐘|min)"
OPENING = (
    r"(?:微信(?:服务器|伺服器|服務器)(?:向|连接|連接)"
    r"|推送(?:[“”\"「『]?支付|第三方平台|第三方平臺|component_verify_ticket))"
)
"""How every known 内容 begins."""
TYPE_NAME = (
    r"(?:DNS失败|DNS超时|连接超时|请求超时|回应失败|自动屏蔽|DNS失敗|DNS超時|連接超時|請求超時|回應失敗|自動屏蔽"
    r"|(?i:MarkFail|DNS fail(?:ure|ed)|DNS timeout|Connection timeout|Request timeout|Response fail(?:ure|ed)"
    r"|The response failed))"
)
"""The guide's names of the types, in Chinese and English: stand for 内容 in retold alarms."""
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
        rf"{LABEL['appid']}{BLANK}*(?![^\s\[]{{0,64}}[，。！？])",
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

GUIDE_WORD = rf"{BLANK}*+(?:(?!Appid: ?wx)[^\s{ZERO_WIDTH}\u3001-\u9fff\uff00-\uffef])*+"
"""The value of the guide line: one word; Chinese glued to it is somebody's, and so is the label of another alarm."""

BODY_KEYS = ("response_content", "resp")
PLATFORM = r"第三方平(?:台|臺)"
FIELDS: dict[str, str] = {
    "openid": "openid",
    "stamp": "stamp",
    "outerip": "outer_ip",
    "3rdurl": "url",
    "ip": "ip",
    "host": "host",
    "msgtype": "msg_type",
    "msg": "msg",
    "event": "event",
    "http code": "http_code",
    "curl error": "curl_error",
    "decrypt fail": "decrypt_failed",
    "response_length": "response_length",
    "response_content": "response_content",
    "resp": "response_content",
    "transaction_id": "transaction_id",
}
"""Keys of 错误样例, lower case, and the fields of Sample that they fill. `3rdUrl10` (2015) is `3rdUrl`."""
NUMBERS = frozenset({"stamp", "msg_type", "http_code", "curl_error", "response_length"})
KNOWN_KEY = (
    r"(?i:OpenID|Stamp|OuterIP|3rdUrl\d*|IP|Host|MsgType|Msg|Event|http[ _]code|cURL[ _]Error|decrypt[ _]fail"
    rf"|response_length|response_content|resp|transaction_id)|{PLATFORM}"
)
GROUP_START = rf"\[(?:{KNOWN_KEY})[=\]:：]"
"""The beginning of a group whose key is known."""
LATER_GROUP = (
    r"\[(?:(?:OuterIP|IP|ip|Host|MsgType|Msg|Event|http code|cURL Error|response_length|response_content|resp)="
    rf"|decrypt fail\]|{PLATFORM})"
)
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
    rf"|(?P<key>{KEY})(?:=(?:(?P<value>{GROUP_VALUE})\]|(?P<open_value>{OPEN_VALUE})(?P<close>\]?))|\]))"
)
"""group ::= '[第三方平台' (':' name)? ']' | '[' key '=' value ']' | '[' key ']'. The value may hold brackets
("http://[::1]/") but neither a line break nor another group; without its bracket it ends before the next group, with
the line, or at the first bracket. Linear: no two groups look at the same characters for long."""


OFFICIAL = frozenset(
    "微信服务器伺務向连接連给給推送公众眾号號订訂阅閱小程序企业業第三方平台臺组組件授权權支付完成通知开開发發者消息或事件时時后後间間"
    "内內解析失败敗现現发發是无無效域名生超为為[秒]没沒有返回得到的应應不合法暂暫屏蔽除分钟鐘至已将將会會此账帳户戶因"
    '“”"「」『』《》〈〉()（）,，.。:：、_ 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
)
"""The characters of every known 内容: what else stands there is somebody's."""


def after_bytes(text: str, start: int, end: int, length: int) -> int | None:
    """The offset of the text so many bytes (UTF-8) behind `start`; None when that is no offset, or beyond `end`."""
    raw = text[start : min(end, start + length)].encode("utf-8", "surrogatepass")
    if len(raw) < length:
        return None
    try:
        return start + len(raw[:length].decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return None


def field_of(key: str) -> str | None:
    """The field of Sample that a printed key fills, or None for an unknown key."""
    folded = " ".join(key.lower().replace("_", " ").split())
    folded = {"response length": "response_length", "response content": "response_content"}.get(folded, folded)
    folded = "transaction_id" if folded == "transaction id" else folded
    return "url" if re.fullmatch(r"3rdurl\d*", folded) else FIELDS.get(folded)


_TRADITIONAL = str.maketrans(
    "務號發應經時間內連開沒請閱讀個導產錯誤樣暱稱數鐘復斷據傳輸麼長們後將過對開與屬臺蔽為無現",
    "务号发应经时间内连开没请阅读个导产错误样昵称数钟复断据传输么长们后将过对开与属台蔽为无现",
)
_KINDS: tuple[tuple[str, AlarmKind], ...] = (
    (r"component_?verify_?ticket.*(?:没有返回success|不合法|失败)", AlarmKind.TICKET_INVALID),
    (r"component_?verify_?ticket.*(?:没有返回|超时)", AlarmKind.TICKET_TIMEOUT),
    (r"(?:第三方平台消息|组件消息|授权消息).*(?:没有返回success|不合法|失败)", AlarmKind.COMPONENT_INVALID),
    (r"(?:第三方平台消息|组件消息|授权消息).*(?:没有返回|超时)", AlarmKind.COMPONENT_TIMEOUT),
    (r"支付.{0,6}(?:事件|通知).*(?:不合法|失败)", AlarmKind.PAY_NOTIFY_INVALID),
    (r"支付.{0,6}(?:事件|通知).*(?:没有返回|超时)", AlarmKind.PAY_NOTIFY_TIMEOUT),
    (r"暂时不推送|解除屏蔽|屏蔽|markfail", AlarmKind.MARK_FAIL),
    (r"无效域名|invaliddomain", AlarmKind.DNS_INVALID_DOMAIN),
    (r"dns.{0,4}超时|dns.?timeout|dnsresolution.*time", AlarmKind.DNS_TIMEOUT),
    (r"dns.{0,4}失败|dns.?fail", AlarmKind.DNS_FAILURE),
    (r"(?:连接|connect).*(?:超时|timeout)|connection.?time", AlarmKind.CONNECT_TIMEOUT),
    (r"没有返回|请求超时|requesttimeout|didnotrespond", AlarmKind.REQUEST_TIMEOUT),
    (r"不合法|回应失败|response.{0,8}fail|theresponsefailed|wasinvalid", AlarmKind.INVALID_RESPONSE),
)
_KIND_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in _KINDS)


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


_WORDING_END = re.compile(
    r"(?:没有返回|沒有返回|不合法|无效域名|無效域名|success|解析DNS失败|解析DNS失敗|[35][秒sS]|解除屏蔽)[)）.。!！]?\Z"
)


def is_whole(description: str) -> bool:
    """Whether a 内容 ends as the known ones do: nobody has written on behind it."""
    return _WORDING_END.search(description) is not None
