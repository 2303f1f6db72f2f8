"""What is near an alarm and none is known by its words, and what it proves is kept."""

from __future__ import annotations

import pytest

from tests.parser.test_chat import CHAT
from wxalarm.model import Alarm, AlarmKind, Sample
from wxalarm.parser import parse
from wxalarm.parser.near import near

CONSOLE = "请求URL超时\nCURL错误码：52\n推送事件: CLICK\n"
PAY = (
    "<xml><AppId><![CDATA[wx0000000000000001]]></AppId><ErrorType>1001</ErrorType>"
    "<Description><![CDATA[错误描述]]></Description><AlarmContent><![CDATA[transaction_id=1]]></AlarmContent></xml>"
)


@pytest.mark.parametrize(
    ("text", "kind", "curl", "status"),
    [
        (CONSOLE, "console", 52, None),
        ("CURL错误码：60，peer 证书无法被已知的CA 证书验证", "console", 60, None),
        ("运维中心 > 日志查询\n2024-11-05 10:00 HTTP状态码：502", "console", None, 502),
        ("接口调试工具\n请求地址：https://wx.example.com/wx\n返回结果：HTTP 状态码 404", "debug", None, 404),
        (PAY, "pay", None, None),
        ("企业微信 应用回调 corpid: ww0000000000000001", "work", None, None),
        ("<xml><mch_id>1900000001</mch_id><result_code>SUCCESS</result_code></xml>", "notify", None, None),
        ('{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource_type":"encrypt-resource"}', "notify", None, None),
        ("<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>", "reply", None, None),
        ("<xml><ToUserName><![CDATA[gh_000000000001]]></ToUserName></xml>", "push", None, None),
        ("<xml><ToUserName><![CDATA[oEXAMPLEopenid00000000000001]]></ToUserName></xml>", "reply", None, None),
        ("<xml><AppId>wx0000000000000001</AppId><Encrypt>AAAA</Encrypt></xml>", "push", None, None),
        ("【腾讯云】云监控告警：站点 wx.example.com 不可用", "monitor", None, None),
        ("告警分 DNS失败、连接超时、请求超时、回应失败四种，详见指引", "guide", None, None),
        ("【微信公众平台】客服消息接口调用次数已达上限，错误码：45009", "api", None, None),
        ('ERROR {"errcode":40001,"errmsg":"invalid credential"}', "api", None, None),
        ("小程序 JS 异常告警：今日错误 12 次", "mini", None, None),
    ],
)
def test_by_name_and_with_what_it_proves(text: str, kind: str, curl: int | None, status: int | None) -> None:
    assert parse(text).alarms == ()
    found = near(text)
    assert found is not None
    assert (found.kind, found.curl_error, found.http_code) == (kind, curl, status)


def test_what_proves_something_about_a_push_stands_for_an_alarm() -> None:
    made = [found.alarm for text in (CONSOLE, CONSOLE.replace("52", "28"), PAY) if (found := near(text))]
    assert made == [
        Alarm(AlarmKind.INVALID_RESPONSE, sample=Sample(curl_error=52)),
        Alarm(AlarmKind.REQUEST_TIMEOUT, sample=Sample(curl_error=28)),
        None,
    ]


LATE = "微信服务器向公众号推送消息或事件后，开发者5秒内没有返回"


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        (LATE, Alarm(AlarmKind.REQUEST_TIMEOUT, description=LATE)),
        (f"求助：一直报“{LATE}”？", Alarm(AlarmKind.REQUEST_TIMEOUT, description=LATE)),
        (
            f"公众号 wx0000000000000001\n原因：{LATE}\n样例 HTTP状态码：502",
            Alarm(AlarmKind.REQUEST_TIMEOUT, "wx0000000000000001", description=LATE, sample=Sample(http_code=502)),
        ),
        (f"{LATE}\n微信服务器向公众号推送消息或事件后，得到的回应不合法", None),
        ("微信服务器向公众号推送消息时走的是哪个出口？", None),
        ("开发者5秒内没有返回会怎样", None),
    ],
)
def test_an_alarm_that_is_retold_by_its_sentence_stands_for_one(text: str, alarm: Alarm | None) -> None:
    assert parse(text).alarms == ()
    found = near(text)
    assert (found and found.alarm) == alarm


def test_a_line_of_json_is_no_alarms_because_the_text_ends_soon() -> None:
    text = '{"时间":"2026-01-05 10:00:00","内容":"测试","次数":3}\n内容: MarkFail\n面试时间: 明天 内容: 技术面\n'
    assert parse(text).alarms == parse(text + "x\n" * 3000).alarms == ()


def test_a_table_with_the_words_of_an_alarm_is_none() -> None:
    head, rule = "| 时间 | 内容 | 次数 | 昵称 | 备注 |", "|---|---|---|---|---|"
    rows = "| 2026-01-05 10:00:00 | 测试 | 3 | 小王 | - |\n| 2026-01-05 11:00:00 | 微信支付 | 5 次 | 小李 | x |"
    assert parse(f"{head}\n{rule}\n{rows}\n").alarms == ()
    assert parse(f"{head}\n{rows}".replace(" | ", "\t")).alarms == ()


def test_every_row_of_a_table_is_an_alarm() -> None:
    names = "AppID\t公众号名称\t发生时间\t告警内容\t失败次数\t负责人"
    said = "微信服务器向公众号推送消息或事件后，开发者5秒内没有返回"
    row = f"wx000000000000000{{n}}\t示例{{n}}\t2024-11-05 10:0{{n}}:57\t{said}\t5分钟 {{n}}次\t小王"
    text = "\n".join((names, *(row.format(n=n) for n in range(1, 4))))
    assert [(alarm.nickname, alarm.count) for alarm in parse(text).alarms] == [("示例1", 1), ("示例2", 2), ("示例3", 3)]
    lines = [alarm.location.line for alarm in parse(text).alarms if alarm.location is not None]
    assert lines == [2, 3, 4]


def test_other_texts_are_not_near() -> None:
    for line in ("大家好", "curl -i https://wx.example.com", "HTTP/1.1 200 OK"):
        assert near(line) is None
    assert sum(near(line) is not None for line in CHAT) <= len(CHAT) // 20


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("请求地址：https://wx.example.com/weixin\nCURL错误码：60", "https://wx.example.com/weixin"),
        ("URL验证工具\n服务器地址(URL): http://wx.example.com/cb?a=1\nCURL错误码：28", "http://wx.example.com/cb?a=1"),
        ("CURL错误码：60\n教程见 https://blog.example.net/post", None),  # nobody's callback
        ("请求地址：https://a.example.com/x\n回调地址：https://b.example.com/y\nCURL错误码：60", None),  # which?
    ],
)
def test_the_callback_that_a_tool_names_is_the_alarm_s(text: str, url: str | None) -> None:
    found = near(text)
    assert found is not None
    assert found.alarm is not None
    assert found.alarm.sample.url == url


OF_MONITORING = """\
告警名称：公众号回调拨测
站点：https://wx.example.com/wechat/callback
时间：2026-11-03 09:13:00
内容：站点监控 可用率(40%) < 90%，连续3个周期，响应时间(5012ms)
次数：5分钟 3次
错误样例：杭州电信 状态码613 DNS解析失败
"""


def test_the_labels_of_monitoring_are_those_of_an_alarm() -> None:
    assert parse(OF_MONITORING).alarms == ()
    found = near(OF_MONITORING)
    assert found is not None
    assert found.kind == "monitor"
    # A wording of tomorrow begins as WeChat begins; an account's own alarm needs no known wording.
    tomorrow = OF_MONITORING.replace("站点监控 ", "微信服务器向公众号推送消息或事件后，开发者返回了旧版本")
    owned = OF_MONITORING.replace("时间：", "Appid: wx0000000000000001\n时间：")
    assert [alarm.kind for text in (tomorrow, owned) for alarm in parse(text).alarms] == [AlarmKind.UNKNOWN] * 2
