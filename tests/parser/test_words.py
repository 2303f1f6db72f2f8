"""Every word of the one table: labels, wordings and keys as WeChat prints them and as people retell them are read."""

from __future__ import annotations

import re

import pytest

from tests.parser import generate
from wxalarm.model import AlarmKind
from wxalarm.parser import parse, words
from wxalarm.patterns import compiled

SPELLINGS = {
    "appid": "Appid AppId AppID appid appId appID|APPID APPId|App ID|APP ID",
    "nickname": "昵称 暱称 昵稱 暱稱 Nickname nickname NickName|Nick Name",
    "first_seen": "时间 時間 Time time",
    "description": "内容 內容 Content content Description description",
    "count": "次数 次數 Times times Count count|Number of times|number of times",
    "sample": "错误样例 錯誤樣例 错误示例 錯誤範例|Error Sample|error sample|Error Samples|Error Example|error example",
    "guide_url": "报警排查指引 報警排查指引 报警排查指引，请见 報警排查指引，請見 报警排查指引,请见 报警排查指引、请见",
}
"""By the field that the label fills."""


def spellings() -> list[tuple[str, str]]:
    return [
        (field, spelling)
        for field, text in SPELLINGS.items()
        for part in text.split("|")
        for spelling in (part.split() if not part.lower().startswith(PHRASES) else [part])
    ]


PHRASES = ("app id", "nick name", "number of", "error ")


@pytest.mark.parametrize(("field", "spelling"), spellings())
def test_a_label_in_any_spelling_is_that_label_and_no_other(field: str, spelling: str) -> None:
    for colon in (":", "：", " :", "\u200b："):
        found = {name for name, label in words.LABEL.items() if compiled(label).fullmatch(spelling + colon)}
        assert found == {field}


ABOUT = "告警 报警 報警 警告 错误 錯誤 异常 失败 失敗 报错 发生 發生 出现 触发 首次 首次发生 首次失败 累计 问题 推送"
RENAMED: dict[str, tuple[str, str]] = {
    "appid": ("公众号 小程序 账号 应用", "AppID Appid"),
    "nickname": ("公众号 公眾號 服务号 订阅号 账号 帐号 小程序 应用", "名称 名稱 昵称 名字"),
    "first_seen": (f"{ABOUT} 开始", "时间 時間"),
    "description": (ABOUT, "内容 內容 信息 描述 说明 详情 原因 类型 類型"),
    "count": (ABOUT, "次数 次數 频次 频率"),
    "sample": (ABOUT, "样例 示例 样本 详情 示范 案例 例子"),
    "guide_url": ("报警排查 报警处理 告警排查 排查 处理", "指引 文档 指南"),
}
"""What people and their tools call the labels: what each begins with, and what it ends with."""
ALONE = {
    "appid": [
        *(
            "应用ID",
            "开发者ID",
            "開發者ID",
            "开发者 ID",
            "开发者id",
            "开发者Id",
            "开发者ID(AppID)",
            "开发者ID （appid）",
            "开发者ID(Appid)",
        ),
        *("AppId", "App ID", "AppID", "Appld", "App1d", "App|d", "app ID", "App1D", "公众号APPID", "小程序APP ID"),
    ],
    "description": ["类型", "類型"],
    "nickname": ["公众号", "公眾號", "服务号", "订阅号"],
    "count": ["频次", "頻次", "频率"],
    "sample": ["样例", "示例"],
    "guide_url": ["指引", "指引链接"],
}


def renamed() -> list[tuple[str, str]]:
    found = [(field, name) for field, names in ALONE.items() for name in names]
    for field, (begins, ends) in RENAMED.items():
        found += [(field, begin + end) for begin in begins.split() for end in ends.split()]
    return found


@pytest.mark.parametrize(("field", "name"), renamed())
def test_a_synonym_is_of_its_field_and_of_no_other(field: str, name: str) -> None:
    """Details are those of the content or of the sample, by what stands behind."""
    found = {one for one, synonym in words.SYNONYMS.items() if re.fullmatch(synonym, name)}
    assert found == ({"description", "sample"} if name.endswith("详情") else {field})
    of_groups = re.match(words.SYNONYMS["description"], name + "：[OpenID=")
    assert of_groups is None or not name.endswith("详情")
    assert looked_at(name + ":") or name.isascii()


@pytest.mark.parametrize(
    "name",
    [
        "MyAppId",
        "XXX",
        "发者ID",
        "应用",
        "账号",
        "名称",
        "时间表",
        "失败",
        "次",
        "错误次",
        "排查",
        "文档",
        "开发者ID(Open)",
    ],
)
def test_what_is_no_synonym(name: str) -> None:
    assert not [one for one, synonym in words.SYNONYMS.items() if re.search(rf"(?:{synonym})\Z", name)]


@pytest.mark.parametrize("glued", ["Xtime", "subcontent", "MyAppid", "discount", "terror sample"])
def test_the_end_of_another_word_is_no_label(glued: str) -> None:
    label = compiled(words.ANY_LABEL)
    assert not label.search(f"{glued} is: ten")
    assert not label.search(f"{glued}:")


def test_between_a_label_and_its_colon_stand_only_blanks() -> None:
    label = compiled(words.ANY_LABEL)
    for printed in words.PRINTED.values():
        assert label.fullmatch(printed)
    for blank in words.EDGES.replace("\n", ""):
        assert label.fullmatch(f"时间{blank}:")
    for other in "\nXx.":
        assert not label.fullmatch(f"时间{other}:")


@pytest.mark.parametrize(
    "begin", ["AppId", "Appld", "App1D", "发生时间", "告警内容", "失败次数", "公众号名称", "类型", "示例", "错误详情"]
)
def test_what_a_retold_label_begins_with(begin: str) -> None:
    assert re.match(words.RETOLD, begin)


def test_a_type_is_one_in_either_script() -> None:
    assert [word for word in ("类型", "類型", "内容") if words.IS_TYPE.search(word)] == ["类型", "類型"]


def test_the_border_of_a_string_is_one_letter_that_no_text_holds() -> None:
    assert words.BORDER == "\x00"


def test_a_label_glued_to_a_word_is_one_only_as_wechat_writes_it() -> None:
    label = compiled(words.LABEL["appid"])
    assert label.search("publicAppid: wx0000000000000001")
    assert label.search("publicAppid:wx0000000000000001")
    assert not label.search("publicAppid: none")
    assert not label.search("publicappid: wx0000000000000001")


def test_labels_as_wechat_prints_them() -> None:
    assert list(words.PRINTED) == list(words.LABELS) == sorted(words.RANK, key=lambda name: words.RANK[name])
    for field, printed in words.PRINTED.items():
        assert compiled(words.LABEL[field]).fullmatch(printed), printed
    assert words.GUIDE_LABEL == "报警排查指引"
    assert set(words.HAN_LABELS) == {"内容", "內容", "时间", "時間"}


KINDS = {
    AlarmKind.TICKET_INVALID: [
        "推送component_verify_ticket后，没有返回success",
        "推送component_verify_ticket后，得到的回应不合法",
        "推送 component verify ticket 失败",
        "componentverifyticket推送失敗",
    ],
    AlarmKind.TICKET_TIMEOUT: ["推送component_verify_ticket，5秒后没有返回", "推送component_verify_ticket超时"],
    AlarmKind.COMPONENT_INVALID: [
        "推送第三方平台消息后，没有返回success",
        "推送第三方平台消息后，回应不合法",
        "推送组件消息失败",
        "推送授权消息，回应不合法",
        "推送組件消息失敗",
        "推送授權消息失敗",
    ],
    AlarmKind.COMPONENT_TIMEOUT: ["推送第三方平台消息，5秒没有返回", "组件消息超时", "授权消息推送超时"],
    AlarmKind.PAY_NOTIFY_INVALID: ["推送“支付完成事件”给开发者后，得到的回应不合法", "支付通知失败"],
    AlarmKind.PAY_NOTIFY_TIMEOUT: ["推送“支付完成事件”给开发者后，5秒没有返回", "支付通知超时"],
    AlarmKind.MARK_FAIL: [
        "暂时不推送消息",
        "已解除限制的账号不再屏蔽",
        "屏蔽60秒",
        "解除屏蔽",
        "MarkFail",
        "暫時不推送消息",
    ],
    AlarmKind.DNS_INVALID_DOMAIN: ["解析DNS，发现是无效域名", "invalid domain", "解析DNS，發現是無效域名"],
    AlarmKind.DNS_TIMEOUT: [
        "解析DNS超时",
        "DNS解析超时",
        "DNS timeout",
        "DNS resolution took too much time",
        "DNS超時",
    ],
    AlarmKind.DNS_FAILURE: ["解析DNS失败", "DNS解析失败", "DNS failure", "DNS failed", "解析DNS失敗"],
    AlarmKind.CONNECT_TIMEOUT: ["连接公众号超时", "Connection timed out", "connect: timeout", "連接公眾號超時"],
    AlarmKind.REQUEST_TIMEOUT: [
        "5秒后没有返回",
        "请求超时",
        "Request timeout",
        "The server did not respond",
        "請求超時",
    ],
    AlarmKind.INVALID_RESPONSE: [
        "得到的回应不合法",
        "回应失败",
        "Response failed",
        "response was a failure",
        "The response failed",
        "The response was invalid",
        "回應失敗",
    ],
    AlarmKind.UNKNOWN: ["", "你好", "推送支付宝账单后的通知已经过期", "a responsible person who will fail"],
}


@pytest.mark.parametrize(("kind", "wording"), [(kind, text) for kind, texts in KINDS.items() for text in texts])
def test_a_wording_names_its_kind(kind: AlarmKind, wording: str) -> None:
    assert words.kind_of(wording) is kind
    assert words.is_known(wording) is (kind is not AlarmKind.UNKNOWN)


def test_only_the_beginning_of_a_wording_is_read_and_none_is_no_kind() -> None:
    assert words.kind_of(None) is AlarmKind.UNKNOWN
    assert words.kind_of("好" * 400 + "DNS失败") is AlarmKind.UNKNOWN
    assert words.kind_of("好" * 395 + "DNS失败") is AlarmKind.DNS_FAILURE
    assert words.kind_of("好" * 396 + "DNS失败") is AlarmKind.UNKNOWN


def test_traditional_script_is_folded_letter_by_letter() -> None:
    traditional = "務號發應經時間內連開沒請閱讀個導產錯誤樣暱稱數鐘復斷據傳輸麼長們後將過對與屬臺為無現敗暫組權"
    simplified = "务号发应经时间内连开没请阅读个导产错误样昵称数钟复断据传输么长们后将过对与属台为无现败暂组权"
    for old, new in zip(traditional, simplified, strict=True):
        assert old.translate(words._TRADITIONAL) == new


ENDS = (
    *("内没有返回", "內沒有返回", "回应不合法", "是无效域名", "是無效域名", "返回success"),
    *("解析DNS失败", "解析DNS失敗", "超过5秒", "超过3s", "超過5S", "解除屏蔽"),
)


@pytest.mark.parametrize("end", ENDS)
def test_a_whole_content_ends_as_the_known_ones_do(end: str) -> None:
    for behind in ("", ")", "）", ".", "。", "!", "！"):
        assert words.is_whole(f"微信服务器向公众号推送消息或事件后，{end}{behind}")
    assert not words.is_whole(f"微信服务器向公众号推送消息或事件后，{end}了，大家看看")
    assert not words.is_whole(f"微信服务器向公众号推送消息或事件后，{end}。。")


@pytest.mark.parametrize(
    "opening",
    [
        "微信服务器向公众号推送消息",
        "微信伺服器向公眾號推送訊息",
        "微信服務器連接公眾號",
        "微信服务器连接公众号的服务器",
        "推送“支付完成事件”给开发者",
        '推送"支付完成事件"',
        "推送「支付完成事件」",
        "推送『支付完成事件』",
        "推送支付完成事件",
        "推送第三方平台消息",
        "推送第三方平臺消息",
        "推送component_verify_ticket",
    ],
)
def test_a_content_opens_as_the_known_ones_do(opening: str) -> None:
    assert words.is_opened(opening)
    assert not words.is_opened(f"大家看，{opening}")


TYPE_NAMES = (
    *("DNS失败", "DNS超时", "连接超时", "请求超时", "回应失败", "自动屏蔽", "MarkFail"),
    *("DNS失敗", "DNS超時", "連接超時", "請求超時", "回應失敗", "自動屏蔽"),
    *("DNS failure", "DNS failed", "dns timeout", "Connection timeout", "request timeout"),
    *("Response failure", "Response failed", "The response failed"),
)


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_the_guides_name_of_a_type_ends_the_value_before_it(name: str) -> None:
    """A flattened alarm: 内容 behind a nickname begins a new value only when what stands behind is a known 内容."""
    text = f"Appid: wx0000000000000001 昵称: 示例小店 内容: {name} 次数: 5分钟 31次"
    (alarm,) = parse(text).alarms
    assert (alarm.nickname, alarm.description, alarm.count) == ("示例小店", name, 31)
    assert alarm.kind is not AlarmKind.UNKNOWN


@pytest.mark.parametrize(
    "behind",
    [
        *("时间: 2026-01-01 12:00:00", "时间: ****", "时间: XXXX", "时间:", "时间:\n次数: 5分钟 31次"),
        *("内容: 请求超时", "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法"),
        *("次数: 5分钟 31次", "次数: **", "次数:", "次数:\n错误样例: [OpenID=x]"),
        *("错误样例: [OpenID=x]", "错误样例:", "错误样例:\n[OpenID=x]", "错误样例: ...", "错误样例: …"),
        *("Appid: wx0000000000000002", "昵称: 另一个", "报警排查指引，请见: https://mmbizurl.cn/s/x"),
    ],
)
def test_a_label_ends_the_value_before_it_when_such_a_thing_stands_behind_it(behind: str) -> None:
    assert compiled(words.LINE_VALUE).match(f"示例小店 {behind}")[0] == "示例小店"  # type: ignore[index]  # it matches anything


@pytest.mark.parametrize(
    "behind", ["时间: 明天", "内容: 你好", "次数: 很多", "错误样例: 见下", "Appid: 是什么？", "Tea Time: best"]
)
def test_a_word_like_a_label_in_a_value_ends_nothing(behind: str) -> None:
    assert compiled(words.LINE_VALUE).match(f"示例小店 {behind}")[0] == f"示例小店 {behind}"  # type: ignore[index]  # as above


@pytest.mark.parametrize(
    ("count", "minutes", "times"),
    [
        ("5分钟 31次", 5, 31),
        ("5分鐘 31次", 5, 31),
        ("5 min 31 times", 5, 31),
        ("5min,31time", 5, 31),
        ("10 minutes，1,234次", 10, 1234),
        ("5 mins 31次", 5, 31),
        ("5minute 31次", 5, 31),
    ],
)
def test_counts(count: str, minutes: int, times: int) -> None:
    (alarm,) = parse(f"时间: 2026-01-01 12:00:00\n内容: 请求超时\n次数: {count}\n").alarms
    assert (alarm.window_minutes, alarm.count) == (minutes, times)


@pytest.mark.parametrize("window", ["5分钟", "5分鐘", "5 min"])
def test_a_window_without_a_count(window: str) -> None:
    (alarm,) = parse(f"时间: 2026-01-01 12:00:00\n内容: 请求超时\n次数: {window}\n").alarms
    assert (alarm.window_minutes, alarm.count) == (5, None)


@pytest.mark.parametrize(
    "date",
    [
        *("2026-01-01 12:00:00", "2026/1/1 12:00:00", "2026.01.01 12:00:00", "2026-01-01T12:00:00"),
        *("2026-01-01  12:00", "2026-01-01 12：00：00"),
    ],
)
def test_dates(date: str) -> None:
    (alarm,) = parse(f"时间: {date}\n内容: 请求超时\n次数: 5分钟 31次\n").alarms
    assert alarm.first_seen is not None
    assert alarm.first_seen.isoformat() == "2026-01-01T12:00:00+08:00"


@pytest.mark.parametrize("key", words.KEYS, ids=lambda key: key.printed)
def test_a_key_is_read_as_printed_and_as_people_spell_it(key: words.Key) -> None:
    for spelled in (key.printed, key.printed.upper(), key.printed.lower(), f" {key.printed} "):
        assert words.field_of(spelled) == key.field
    assert words.field_of(key.printed.replace(" ", "_")) == key.field
    assert words.field_of(f"{key.printed}x") is None


def test_the_url_had_a_number_once() -> None:
    assert words.field_of("3rdUrl10") == words.field_of("3rdurl") == "url"
    assert words.field_of("3rdUrlx") is None


PROOFS = [
    ("OpenID", "oAAAA0000000000000000000001", 2),
    ("OpenID", "", 0),
    ("OpenID", "oAAA****", 2),
    ("OpenID", "me", 0),
    ("Stamp", "1767240000", 2),
    ("Stamp", "1767****", 2),
    ("Stamp", "17672400**", 2),
    ("Stamp", "17672", 0),
    ("OuterIP", "192.0.2.1", 2),
    ("OuterIP", "", 2),
    ("OuterIP", "2001:db8::1", 2),
    ("OuterIP", "192.*.*.***", 2),
    ("OuterIP", "here", 0),
    ("3rdUrl", "https://wx.example.com/in", 2),
    ("3rdUrl", "/in", 2),
    ("3rdUrl", "wx.example.com", 0),
    ("3rdUrl10", "/in", 2),
    ("http code", "404", 2),
    ("http code", "4" * 19, 0),
    ("cURL Error", "28", 2),
    ("cURL Error", "x", 0),
    ("MsgType", "20000", 2),
    ("response_length", "31", 2),
    ("transaction_id", "4200000000000000000000000001", words.ENOUGH),
    ("transaction_id", "1", 0),
    ("decrypt fail", None, 2),
    ("decrypt fail", "flag", 0),
    ("OpenID", None, 0),
    ("IP", "192.0.2.1", 1),
    ("IP", None, 1),
    ("Host", "anything", 1),
    ("Event", "CLICK", 1),
    ("resp", "<xml/>", 0),
    ("openid", "oAAAA0000000000000000000001", 0),
    ("Foo", "bar", 0),
    ("Foo", None, 0),
]


@pytest.mark.parametrize(("key", "value", "weight"), PROOFS)
def test_how_much_a_group_proves_without_its_label(key: str, value: str | None, weight: int) -> None:
    assert words.weight(key, value) == weight


def test_an_alarm_is_proved_by_two_sure_groups() -> None:
    assert 2 * words.weight("Stamp", "1767240000") == words.ENOUGH


def test_the_end_of_a_value_is_before_blanks_and_empty_quoted_lines() -> None:
    assert words.end_of("ab \u3000\u200b\n", 0, 6) == 2
    assert words.end_of("ab\n> \n> > \n", 0, 11) == 2
    assert words.end_of("ab\n> c\n> \n", 0, 10) == 6
    assert words.end_of("xab\n│\n┃\n|", 1, 8) == 3
    assert words.end_of(">", 0, 1) == 1, "the first line is a value, whatever it is"
    assert words.end_of("\n> ", 0, 3) == 0
    assert words.end_of("ab\nX", 0, 4) == 4


def test_a_declared_length_counts_bytes_and_ends_between_letters() -> None:
    assert words.after_bytes("a好b", 0, 3, 4) == 2
    assert words.after_bytes("a好b", 1, 3, 3) == 2
    assert words.after_bytes("a好b", 0, 3, 5) == 3
    assert words.after_bytes("a好b", 0, 3, 2) is None, "inside a letter"
    assert words.after_bytes("a好b", 0, 3, 6) is None, "beyond the end"
    assert words.after_bytes("a好b", 0, 2, 5) is None
    assert words.after_bytes("a\udc80b", 0, 3, 4) == 2, "what was no text counts, too"


def test_a_known_content_holds_no_letter_that_is_not_official() -> None:
    for kind, texts in KINDS.items():
        assert kind is AlarmKind.UNKNOWN or not set(texts[0]) - words.OFFICIAL, texts[0]
    assert not words.OFFICIAL & set("=!！？@#你好")


def test_keys_that_begin_a_sample_and_those_that_never_do() -> None:
    assert {"openid", "transaction_id"} == words.FIRST_FIELDS
    assert set(words.BODY_KEYS) == {"response_content", "resp"}
    assert {"stamp", "msg_type", "http_code", "curl_error", "response_length"} == words.NUMBERS
    later = compiled(words.LATER_GROUP)
    for group in ("[IP=", "[ip=", "[Host=", "[http code=", "[decrypt fail]", "[第三方平台", "[第三方平臺", "[OuterIP="):
        assert later.match(group), group
    for group in ("[OpenID=", "[Stamp=", "[3rdUrl=", "[transaction_id=", "[decrypt fail=", "[Foo="):
        assert not later.match(group), group


def test_generated_alarms_have_every_key() -> None:
    """Those of a body and its length are made together; a flag has no value; `ip` is `IP` in another layout."""
    keys = {key.printed for key in words.KEYS if key.form not in ("body", "flag")}
    assert keys - {"response_length", "ip"} == generate.GROUPS.keys() - {"Foo bar"}


@pytest.mark.parametrize(
    "start", ["[OpenID=", "[HTTP CODE=", "[http_code:", "[3rdUrl10=", "[decrypt fail]", "[第三方平台："]
)
def test_a_group_whose_key_is_known_begins(start: str) -> None:
    assert compiled(words.GROUP_START).match(start)
    assert not compiled(words.GROUP_START).match(start.replace("[", "[x", 1))


def test_the_blanks_at_the_end_of_a_line_are_none_of_its_value() -> None:
    for end in ("", "\n", "\n时间: 明天"):
        assert compiled(words.LINE_VALUE).match(f"示例 小店 \u3000\u200b{end}")[0] == "示例 小店"  # type: ignore[index]  # as above


@pytest.mark.parametrize(
    ("behind", "closes"),
    [
        *(("", True), ("[", True), (" \u3000[", True), ("\n[", True), ("\n", True), (" \n", True), (" ", True)),
        *(("\n小李 10:23", True), ("\u3000\n小李", True)),
        *((" 报警排查指引，请见:", True), ("\n次数: 5分钟", True), ("x", False), (" x", False), ("]", False)),
        ("次数", False),
    ],
)
def test_what_stands_behind_a_bracket_that_closes_a_group(behind: str, closes: bool) -> None:
    assert bool(compiled(words.BEHIND_GROUP).match(behind)) is closes


GROUPS = [
    ("[Event=CLICK]", {"key": "Event", "value": "CLICK"}),
    ("[Event=a]b]", {"key": "Event", "value": "a]b"}),
    ("[3rdUrl=http://[2001:db8::1]/in]", {"key": "3rdUrl", "value": "http://[2001:db8::1]/in"}),
    ("[Event=a[b] [IP=x]", {"key": "Event", "value": "a[b"}),
    ("[Event=CLICK[IP=192.0.2.1]", {"key": "Event", "open_value": "CLICK", "close": ""}),
    ("[Event=CLICK[第三方平台]", {"key": "Event", "open_value": "CLICK", "close": ""}),
    ("[Event=CLICK", {"key": "Event", "open_value": "CLICK", "close": ""}),
    ("[decrypt fail]", {"key": "decrypt fail"}),
    ("[第三方平台]", {"platform": "第三方平台", "platform_close": "]"}),
    ("[第三方平臺:示例]", {"platform": "第三方平臺", "name": "示例", "platform_close": "]"}),
    ("[第三方平台：示例", {"platform": "第三方平台", "name": "示例", "platform_close": ""}),
    ("[第三方平台=示例\n", {"platform": "第三方平台", "name": "示例", "platform_close": ""}),
]


@pytest.mark.parametrize(("text", "parts"), GROUPS)
def test_a_group_and_what_is_left_of_it(text: str, parts: dict[str, str]) -> None:
    """Brackets inside a value, a bracket that a mask ate, the platform with and without a name."""
    found = compiled(words.GROUP).match(text)
    assert found is not None
    assert {name: value for name, value in found.groupdict().items() if value is not None} == parts


def test_a_line_that_is_no_group_is_none() -> None:
    for text in ("[", "[]", "[Event", "Event=x]", "[a\nb=x]", f"[{'x' * 61}=y]"):
        assert not compiled(words.GROUP).match(text), text


def test_bounds_are_far_above_what_wechat_prints_and_far_below_what_costs() -> None:
    """WeChat cuts bodies after about 900 bytes, prints at most fifteen groups, and one-line values are short."""
    assert 900 * 20 < words.LONGEST_BODY <= 1 << 20
    assert 15 < words.MOST_GROUPS <= 200
    assert 100 < words.LONGEST_VALUE < words.LONGEST_GROUP < words.LONGEST_BODY
    assert words.LONGEST_GROUP >= 2048, "a URL"


LOOK_ALIKES = {
    "nickname": "呢称 妮称 昵你 昵弥 昵科",
    "first_seen": "时问 时闾 吋间 时闻 日寸间",
    "description": "内客 內客",
    "count": "次敉 次教 吹数 次薮",
    "sample": "错误祥例 错误样侧 错误样列 错误详例 借误样例 错误祥侧",
}


@pytest.mark.parametrize(
    ("field", "label"), [(field, label) for field, labels in LOOK_ALIKES.items() for label in labels.split()]
)
def test_a_label_with_a_look_alike_is_of_its_field(field: str, label: str) -> None:
    assert {one for one, pattern in words.MISREAD.items() if re.fullmatch(pattern, label)} == {field}
    assert label in words.HAN_WORDS


def test_the_words_that_only_synonyms_have_are_looked_for() -> None:
    assert {"名称", "类型", "示例", "样例", "频次", "指南"} <= set(words.HAN_WORDS)


@pytest.mark.parametrize("end", ["号App", "号APP", "號 APP", "号:", "号：", "序App", "序APP", "用APP"])
def test_the_name_of_an_account_ends_with_what_follows_it(end: str) -> None:
    assert re.fullmatch(words.BARE, end)


@pytest.mark.parametrize("behind", ["向公众号推送消息", "连接公众号开发者服务器"])
@pytest.mark.parametrize("rest", ["信服务器", "服务器", "务器", "器"])
def test_a_content_may_have_lost_its_head(rest: str, behind: str) -> None:
    assert (found := re.match(words.HEADLESS, rest + behind)) is not None
    assert found["rest"] == rest
    assert re.match(words.HEADLESS, rest + "推送") is None


@pytest.mark.parametrize("behind", ["", " ", "\n", '"', "]", "<"])
@pytest.mark.parametrize("closer", words.CLOSERS)
def test_what_closes_a_programs_text_is_none_of_the_link(closer: str, behind: str) -> None:
    for link in (*words.GUIDE_LINKS, "https://mmbizurl.cn/s/MpkaX"):
        assert (found := re.match(words.GUIDE_WORD, link + closer + behind)) is not None
        assert found[0] == link
        assert found.re.fullmatch(link)


def test_a_letter_closes_no_programs_text() -> None:
    assert words.CLOSERS.isascii()
    assert not any(map(str.isalnum, words.CLOSERS))


def test_the_links_of_the_guide() -> None:
    for link in words.GUIDE_LINKS:
        assert re.fullmatch(r"https?://(?:w\.)?(?:mmbiz)?url\.cn/(?:s/)?\w+", link)


def test_a_content_with_an_open_bracket_is_cut() -> None:
    whole = "X 微信服务器向公众号推送消息或事件后，得到的回应不合法"
    assert words.is_whole(whole)
    for opened, closed in ("（）", "()"):
        assert not words.is_whole(whole.replace("后", opened))
        assert words.is_whole(whole.replace("后", opened + "后" + closed))


def test_each_field_of_a_sample_has_its_key() -> None:
    assert tuple(words.KEY_OF) == words.ORDER
    for field, printed in words.KEY_OF.items():
        assert next(key.printed for key in words.KEYS if key.field == field) == printed
    assert (words.KEY_OF["ip"], words.KEY_OF["response_content"]) == ("IP", "response_content")


def test_every_label_and_synonym_has_one_of_the_words() -> None:
    """What has none of them is not looked at for clothes."""
    for pattern in (*words.LABELS.values(), *words.SYNONYMS.values()):
        for label in re.findall("[一-鿿]{2,}", "|".join(expanded(pattern))):
            assert looked_at(label + ":") or looked_at(label + "App"), label


def looked_at(text: str) -> bool:
    """Whether a text has a word for which it is looked at."""
    return any(word in text for word in words.HAN_WORDS) or bool(re.search(f"{words.RETOLD}|{words.BARE}", text))


def expanded(pattern: str) -> list[str]:
    """The Chinese labels of a pattern of words, groups and alternatives."""
    pattern = re.sub(r"\(\?[!<=][^()]*\)|\[[^\]]*\]", "", pattern)
    inner = re.search(r"\(\?:([^()]*)\)(\?)?", pattern)
    if inner is None:
        return pattern.split("|")
    choices = [*inner[1].split("|"), *([""] if inner[2] else [])]
    return [
        label for choice in choices for label in expanded(pattern[: inner.start()] + choice + pattern[inner.end() :])
    ]
