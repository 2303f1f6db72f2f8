"""An alarm is the same in whatever clothes a chat tool, a mail, a page or a screenshot put it, two at a time."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.parser.clothes import ALL, AROUND, BROKEN, MARKUP, MISREAD, PAIRS, SHOWN, lines_of, wearable
from tests.paths import FIXTURES
from wxalarm.model import Alarm, AlarmKind
from wxalarm.parser import parse
from wxalarm.parser.encoding import decode
from wxalarm.parser.repair import panes, repair
from wxalarm.parser.stream import stream

ALARM = """\
Appid: wx0000000000000001
昵称: 示例商城
时间: 2024-11-05 10:00:00
内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法
次数: 5分钟 33次
错误样例: [OpenID=oEXAMPLEopenid00000000000001][Stamp=1730772000][OuterIP=192.0.2.10]\
[3rdUrl=https://wx.example.com/callback?appid=wx0000000000000001&signature=3f1d0c9a7b5e4d2f8a6c1b0e9d8c7f6a5b4c3d2e]\
[IP=198.51.100.20][MsgType=20000][Event=Template Send Job Finish][cURL Error=52]
报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg"""
OWN = set("*`\u00a0\u3000：\x1b👍")
"""In a nickname or a body these are its own, or the form's: nobody can tell."""


@cache
def corpus() -> tuple[str, ...]:
    """The alarms whose lines stand by themselves, with bodies of one line at most."""
    found = []
    for path in sorted((FIXTURES / "alarms").rglob("*.txt")):
        text = decode(path.read_bytes()).strip("\r\n")
        lines = lines_of(text)
        plain = "\n".join(f"{label}: {value}" for label, value in lines) == text and len(lines) >= 5
        if not plain or any(not value or set(value) & OWN for _, value in lines):
            continue
        alarms, problems = parse(text).alarms, parse(text).problems
        body = alarms[0].sample.response_content or ""
        if len(alarms) == 1 and not problems and not set(body) & set('[]"\\&\n'):
            found.append(text)
    return tuple(found)


def alarm_of(text: str) -> Alarm:
    """The one alarm of a text."""
    (alarm,) = parse(text).alarms
    return alarm


def streamed(text: str, size: int) -> tuple[list[Alarm], list[object]]:
    found = list(stream(text[at : at + size] for at in range(0, len(text), size)))
    return [alarm for alarm, _ in found], [problem for _, problems in found for problem in problems]


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 60
    assert len(corpus()) >= 40
    assert len({dress(ALARM) for dress in ALL.values()}) == len(ALL)


@pytest.mark.parametrize("name", ALL)
def test_the_alarm_is_the_same(name: str) -> None:
    text = ALL[name](ALARM)
    assert text != ALARM
    assert parse(text).alarms == parse(ALARM).alarms
    for size in (17, 400):
        assert streamed(text, size) == (list(parse(text).alarms), list(parse(text).problems))


@pytest.mark.parametrize("name", ALL)
def test_it_is_the_same_between_others(name: str) -> None:
    text = "\n\n".join((ALARM, "大家看看", ALL[name](ALARM), "收到", ALARM))
    assert parse(text).alarms == parse(ALARM).alarms * 3


@pytest.mark.parametrize("name", ALL)
def test_the_whole_corpus_is_the_same(name: str) -> None:
    for text in corpus():
        assert parse(ALL[name](text)).alarms == parse(text).alarms, text


@pytest.mark.parametrize("name", MISREAD)
def test_what_was_misread_is_said(name: str) -> None:
    problems = {problem.code.id for problem in parse(MISREAD[name](ALARM)).problems}
    assert problems == ({"look-alike"} if not name.startswith("wide ") else set())


CUT_UP = BROKEN | {name: dress for name, dress in AROUND.items() if name.startswith("at ")}


def test_only_a_guess_is_said() -> None:
    said = {name: {problem.code.id for problem in parse(dress(ALARM)).problems} for name, dress in CUT_UP.items()}
    # A cut URL could have had a blank there; a name, a number and an address show whether they are whole.
    guessed = {"inside a URL", *(name for name in CUT_UP if name.startswith(("at ", "CRLF at ")))}
    assert said == {name: {"value-joined"} if name in guessed else set() for name in CUT_UP}
    assert not any(parse(dress(ALARM)).problems for dress in (SHOWN | MARKUP).values())


def appid_of(text: str) -> str:
    found = re.search(r"wx[0-9a-f*]{16}", text)
    return found[0] if found is not None else text[:30]


GAPS = {
    tuple(line.split("|"))
    for line in Path(__file__).with_name("gaps.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
}
"""What is not read yet: see there."""


def test_what_is_not_read_yet_is_not_read_yet() -> None:
    """A list of gaps that are none any more would hide new ones."""
    texts = {appid_of(text): text for text in corpus()}
    for first, second, appid in sorted(GAPS):
        inner, outer = next(one for one in PAIRS if first in one[0] and second in one[1])
        dressed = outer[second](inner[first](texts[appid]))
        assert parse(dressed).alarms != parse(texts[appid]).alarms, (first, second, appid)


@given(st.data())
def test_two_at_a_time(data: st.DataObject) -> None:
    inner, outer = data.draw(st.sampled_from(PAIRS))
    first, second = data.draw(st.sampled_from(sorted(inner))), data.draw(st.sampled_from(sorted(outer)))
    assume(wearable(first, second))
    text = data.draw(st.sampled_from(corpus()))
    assume((first, second, appid_of(text)) not in GAPS)
    dressed = outer[second](inner[first](text))
    assert parse(dressed).alarms == parse(text).alarms, dressed
    alarms, problems = streamed(dressed, data.draw(st.sampled_from([1, 60, 1000])))
    assert (alarms, problems) == (list(parse(dressed).alarms), list(parse(dressed).problems))


@pytest.mark.parametrize(
    "label", ["Appid]:", "**Appid**:", "**Appid:**", "*Appid:", "`Appid`：", "| Appid |", "【Appid】:", "APPID:"]
)
def test_the_first_line_alone_is_decorated(label: str) -> None:
    """The others are clean, but it is no stranger's line."""
    assert alarm_of(ALARM.replace("Appid:", label)) == alarm_of(ALARM)
    assert alarm_of("改名：" + ALARM.replace("Appid: wx", "MyAppid wx")).appid is None


def test_a_quote_that_a_window_put_on_a_line_of_its_own() -> None:
    text = SHOWN["yaml"](ALARM)
    line = next(line for line in text.split("\n") if line.startswith("错误样例"))
    assert parse(text.replace(line, line[:-1] + '\n"')).alarms == parse(ALARM).alarms
    below = parse(text.replace(line, line + '\n"好"')).alarms
    assert below[0].sample == alarm_of(ALARM).sample


def test_a_wording_cut_before_its_success_is_still_that_wording() -> None:
    """Without it, it would be that of another kind."""
    said = "推送component_verify_ticket时，开发者没有返回success"
    text = re.sub("(?m)^内容: .*$", f"内容: {said}", ALARM)
    for cut in (text.replace("success", "\nsuccess"), text.replace("success", "suc\ncess")):
        assert (alarm_of(cut).kind, alarm_of(cut).description) == (AlarmKind.TICKET_INVALID, said)
    timeout = text.replace("没有返回success", "5秒内没有返回\nsuccess 是什么")
    assert parse(timeout).alarms[0].kind is AlarmKind.TICKET_TIMEOUT


MASKED = ("x x x x x x", "w x * * * * * *", "wx x x x x x x", "X X X X X X X X")


@pytest.mark.parametrize("appid", MASKED)
def test_an_appid_masked_with_blanks(appid: str) -> None:
    assert alarm_of(ALARM.replace("wx0000000000000001\n", f"{appid}\n")).appid == appid


@pytest.mark.parametrize("gap", ["\n\n", "\n\n\n", "\n \n"])
def test_a_header_with_blank_lines_and_only_a_sample_behind_it(gap: str) -> None:
    lines = ALARM.split("\n")
    text = gap.join([*lines[:3], lines[5].removeprefix("错误样例: ")])
    alarm = alarm_of(text)
    assert (alarm.appid, alarm.nickname) == ("wx0000000000000001", "示例商城")
    assert alarm.sample == alarm_of(ALARM).sample


CUT = ALARM.replace("[cURL Error=52]", "[response_length=3365][response_content=<html><head><title>te...")


@pytest.mark.parametrize("name", SHOWN | MARKUP)
def test_a_cut_body_in_each_of_them(name: str) -> None:
    alarm = alarm_of(ALL[name](CUT))
    assert alarm.sample.response_length == 3365
    assert (alarm.sample.response_content or "").startswith("<html><head><title>te")
    assert alarm.guide_url == "https://mmbizurl.cn/s/MpkaZb8yg"


def test_a_type_beside_the_content_says_less() -> None:
    assert alarm_of(ALARM.replace("内容:", "类型: 回应失败\n内容:")) == alarm_of(ALARM)
    assert (
        alarm_of(
            ALARM.replace("内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法", "类型: 回应失败")
        ).description
        == "回应失败"
    )


@pytest.mark.parametrize("behind", ["(https://mmbizurl.cn/s/MpkaZb8yg)", "(http://example.com/a)"])
def test_a_link_is_no_group(behind: str) -> None:
    *lines, _ = ALARM.split("\n")
    alarm = alarm_of("\n".join((*lines, f"[查看详情]{behind}")))
    assert alarm.sample == alarm_of(ALARM).sample


@pytest.mark.parametrize(
    "above",
    ["时间: 2024-11-05 09:00:00", "昵称: 张三", "Appid: wx0000000000000009"],
)
def test_a_line_above_an_alarm_that_has_its_own_is_none_of_it(above: str) -> None:
    assert alarm_of(f"{above}\n{ALARM}") == alarm_of(ALARM)


@pytest.mark.parametrize(
    ("group", "cut", "whole"),
    [
        ("[http code=502]", "[http code=5", "[http code=502"),
        ("[cURL Error=52]", "[cURL Error=5", "[cURL Error=52[Foo=1]"),
    ],
)
@pytest.mark.parametrize("behind", ["...", "(显示全部)", ""])
def test_a_number_that_was_cut_is_none(group: str, cut: str, whole: str, behind: str) -> None:
    text = ALARM.partition("\n报警排查指引")[0].replace("[cURL Error=52]", group)
    sample = alarm_of(text.replace(group, cut + behind)).sample
    assert (sample.http_code, sample.curl_error) == (None, None)
    assert any(value and value.startswith("5") for value in sample.extra.values())
    assert (alarm_of(text.replace(group, whole)).sample.http_code or 0) + (
        alarm_of(text.replace(group, whole)).sample.curl_error or 0
    ) in (502, 52)


def test_a_border_is_one_only_in_one_column() -> None:
    lines = ["内容 |", "次数到了 |", "时间 不定 |", "昵称 |"]
    assert not list(panes.edits("\n".join(lines), 0, 99))
    assert len(list(panes.edits("a  │\nbc │\nd  │", 0, 99))) == 3


def test_a_nickname_keeps_what_is_its_own() -> None:
    for nickname in ("**星**", "`x`", "【示例】时间", '"示例"', "#示例", "*示例"):
        assert alarm_of(ALARM.replace("示例商城", nickname)).nickname == nickname


def test_a_document_of_somebody_else_stays_as_it_is() -> None:
    for text in (
        json.dumps({"时间": "2026-01-05 10:00:00", "内容": "测试", "次数": 3}, ensure_ascii=False),
        json.dumps({"类型": "报警", "失败次数": 5, "发生时间": "2026-01-05 10:00:00"}, ensure_ascii=False),
        "| 内容 | 次数 |\n|---|---|\n| 跳绳 | 5 |",
        "**时间**：明天\n**内容**：开会",
    ):
        assert parse(text).alarms == ()


def test_around_covers_the_tools() -> None:
    assert {"WeChat's export", "WeCom's export", "DingTalk's export", "forwarded"} <= set(AROUND)


def test_a_nickname_above_its_appid_with_each_value_below_its_label() -> None:
    own = dict(lines_of(ALARM))
    names = {"昵称": "公众号名称", "Appid": "AppID", "时间": "发生时间", "内容": "告警内容", "次数": "失败次数"}
    card = "\n".join(f"{names[label]}\n{own[label]}" for label in names) + f"\n错误样例\n{own['错误样例']}\n"
    alarm = alarm_of(f"告警助手\n机器人\n7月1日 16:32\n{card}已读 3\n")
    assert (alarm.appid, alarm.nickname, alarm.count) == ("wx0000000000000001", "示例商城", 33)
    other = alarm_of(f"公众号名称\n怎么填？\n谢谢\n{ALARM}\n")
    assert other.nickname == "示例商城"
    talk = parse("公众号名称\n怎么填？\nAppID 在哪里看\n").alarms
    assert not talk


def test_brackets_that_markup_escaped() -> None:
    escaped = re.sub(r"(?<=: )\[.*", lambda line: re.sub(r"([\[\]_])", r"\\\1", line[0]), ALARM, flags=re.MULTILINE)
    assert "\\[OpenID=" in escaped
    assert alarm_of(escaped).sample == alarm_of(ALARM).sample
    assert alarm_of(f"{{panel}}\n{escaped}\n{{panel}}\n * a list \\[x\\]\n").sample == alarm_of(ALARM).sample
    body = ALARM.replace("[cURL Error=52]", r"[response_content=a\[b\]c]")
    assert alarm_of(body).sample.response_content == r"a\[b\]c"  # the server's own


def test_full_width_groups_that_a_narrow_window_cut() -> None:
    cut = (
        ALARM.replace("[", "［")
        .replace("]", "］")
        .replace("OuterIP=", "OuterI\nP=")
        .replace("com/callback", "com/call\nback")
    )
    cut = (
        cut.replace("［MsgType", "［\nMsgType")
        .replace("EXAMPLEopen", "EXAM\nPLEopen")
        .replace("OpenID=oEXAM\n", "OpenID=oEXAM\n")
    )
    assert alarm_of(cut).sample == alarm_of(ALARM).sample


@pytest.mark.parametrize("heading", ["[结果]", "[期望]\n不报警", "[步骤] 重试", "[actual result]"])
def test_a_heading_in_brackets_below_a_sample_is_none_of_its_groups(heading: str) -> None:
    text = f"{ALARM.rpartition(chr(10))[0]}\n{heading}\n用户没有反应\n"
    assert alarm_of(text).sample == alarm_of(ALARM).sample
    own = ALARM.replace("[cURL Error=52]", "[new flag]")
    assert alarm_of(own).sample.extra == {"new flag": None}


@pytest.mark.parametrize(
    "link",
    ["[{0}]({0})", "<{0}>", "<{0}|wx.example.com>"],  # Markdown's editors; Slack
)
def test_a_url_that_is_a_link_to_itself(link: str) -> None:
    own = alarm_of(ALARM)
    assert own.sample.url is not None
    text = ALARM.replace(own.sample.url, link.format(own.sample.url))
    text = text.replace("https://mmbizurl.cn/s/MpkaZb8yg", link.format("https://mmbizurl.cn/s/MpkaZb8yg"))
    assert (alarm_of(text).sample, alarm_of(text).guide_url) == (own.sample, own.guide_url)
    inside = json.dumps([{"type": "message", "text": f":rotating_light: *forwarded*\n{text}", "ts": "1773278477.0002"}])
    assert alarm_of(inside).sample == own.sample
    body = ALARM.replace("[cURL Error=52]", "[response_content=<https://a.example.com>]")
    assert alarm_of(body).sample.response_content == "<https://a.example.com>"


@pytest.mark.parametrize("at", ["错误样例", "次数", "时间"])
def test_the_foot_of_a_page_and_the_head_of_the_next_are_no_lines_of_an_alarm(at: str) -> None:
    head = "线上事件报告 INC-2024-1105                                    版本 V1.0"
    foot = f"\n                     内部资料                      第 3 页 / 共 6 页\n{head}\n\n"
    text = f"{head}\n\n2.2  报警原文\n{ALARM.replace(at, foot + at)}\n2.3  处理过程\n"
    assert alarm_of(text) == alarm_of(ALARM)
    assert "另一行" in repair(ALARM.replace(at, f"\n  第 3 页\n另一行\n{at}")).text, "no other page has that line"


@pytest.mark.parametrize("comma", [",", "，", ", "])
def test_lines_that_a_gateway_put_into_one(comma: str) -> None:
    own = alarm_of(ALARM)
    line = comma.join(f"{label}:{value}" for label, value in lines_of(ALARM.rpartition("\n")[0]))
    assert replace(alarm_of(line), guide_url=own.guide_url) == own
    assert alarm_of(f"告警，{line}").sample == own.sample


@pytest.mark.parametrize("size", [40, 61, 70])
def test_the_parts_of_a_text_message(size: int) -> None:
    own = alarm_of(ALARM)
    line = ",".join(f"{label}:{value}" for label, value in lines_of(ALARM.rpartition("\n")[0]))
    cut = [line[at : at + size] for at in range(0, len(line), size)]
    sent = [
        f"10690000000000\n3月18日 周三 20:1{number % 10}\n【云哨告警】({number}/{len(cut)}){part}\n"
        for number, part in enumerate(cut, 1)
    ]
    assert replace(alarm_of("\n".join(["收到几条短信：", *sent, "帮忙看下"])), guide_url=own.guide_url) == own
    assert "云哨" not in str(parse("\n".join([*sent[:2], *sent[3:]])).alarms), "one part is missing"


def as_csv(*rows: Sequence[str]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


@pytest.mark.parametrize("body", ['{"errcode":40001,"errmsg":"no"}', '{"name":""}', '<a href="/x">登录</a>', "{}"])
def test_the_quotes_inside_a_cell_are_single_again(body: str) -> None:
    plain = ALARM.replace("[cURL Error=52]", f"[response_content={body}]")
    own = alarm_of(plain)
    assert own.sample.response_content == body
    said = ("2024-11-05 10:01:07", "报警群", '收到,"马上"看')
    for message in (plain, f"【报警】\n{plain}"):
        text = as_csv(("时间", "群", "消息"), ("2024-11-05 10:00:07", "报警群", message), said)
        assert alarm_of(text) == own
        assert streamed(text, 17) == ([own], list(parse(text).problems))
    row = as_csv(*zip(("序号", "1"), *lines_of(plain), strict=True))
    assert alarm_of(row) == own
    moved = as_csv(*zip(("错误样例", lines_of(plain)[5][1]), *lines_of(plain)[:5], strict=True))
    assert alarm_of(moved).sample == own.sample


def test_doubled_quotes_outside_a_cell_are_the_servers_own() -> None:
    body = '{""errcode"":40001}'
    plain = ALARM.replace("[cURL Error=52]", f"[response_content={body}]")
    assert alarm_of(plain).sample.response_content == body
    assert alarm_of(f'报警群,"看下\n{plain}').sample.response_content == body, "the cell never ends"


@pytest.mark.parametrize("mark", ["> ", ">> ", "> > ", ">"])
def test_a_quoted_body_of_several_lines_is_that_without_the_marks(mark: str) -> None:
    body = "<br />\n<b>Notice</b>\n\nsuccess"
    length = len(body)
    plain = ALARM.replace("[cURL Error=52]", f"[response_length={length}][response_content={body}]")
    own = alarm_of(plain)
    assert own.sample.response_content == body
    quoted = "\n".join(mark + line if line else mark.rstrip() for line in plain.split("\n"))
    assert alarm_of(quoted).sample == own.sample
    untold = quoted.replace(f"[response_length={length}]", "")
    assert alarm_of(untold).sample.response_content == body
    assert streamed(quoted, 17) == (list(parse(quoted).alarms), list(parse(quoted).problems))
    # What the server itself sent stays: with its declared length, in an alarm that is not quoted.
    sent = body.replace("\n", f"\n{mark}")
    theirs = ALARM.replace("[cURL Error=52]", f"[response_length={len(sent)}][response_content={sent}]")
    assert alarm_of(theirs).sample.response_content == sent
    assert alarm_of(mark + theirs).sample.response_content == sent


@pytest.mark.parametrize("width", [64, 72, 76, 80, 100])
@pytest.mark.parametrize("indent", ["", "    ", "> "])
@pytest.mark.parametrize("body", ['{"code":401,"msg":"token expired","data":null}', "success"])
def test_an_alarm_in_one_line_that_a_mail_filled(width: int, indent: str, body: str) -> None:
    plain = ALARM.replace("[cURL Error=52]", f"[response_length={len(body)}][response_content={body}]")
    line = " ".join(plain.split("\n"))
    filled = textwrap.fill(
        line, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    assert filled.count("\n") >= 3
    text = f"Details:\n{filled}\n\nAssigned to: Wei\n"
    assert alarm_of(text) == alarm_of(line) == alarm_of(plain)
    assert streamed(text, 17) == (list(parse(text).alarms), list(parse(text).problems))


def test_a_line_below_an_alarm_in_one_line_is_none_of_it() -> None:
    line = " ".join(ALARM.split("\n"))
    for below in ("收到", "收到\n我看看\n好", "张三: 谢谢 " * 20):
        assert alarm_of(f"{line}\n{below}\n") == alarm_of(ALARM)


@pytest.mark.parametrize("cut", ["信服务器", "服务器", "务器", "器"])
def test_an_alarm_copied_from_within_its_wording(cut: str) -> None:
    text = "先发出来求大佬看看\n\n" + ALARM[ALARM.index("微信服务器") :].replace("微信服务器", cut)
    own = alarm_of(ALARM)
    found = alarm_of(text)
    assert (found.kind, found.description, found.count, found.sample) == (
        own.kind,
        own.description,
        own.count,
        own.sample,
    )
    assert streamed(text, 17) == ([found], list(parse(text).problems))
    assert not parse(f"{cut}向公众号推送消息，次数: 5分钟 3次，求助\n").alarms


@pytest.mark.parametrize("quote", ["", "> "])
def test_a_line_may_break_behind_a_bracket_that_is_part_of_a_url(quote: str) -> None:
    """What stands below ends with a bracket and the next group; a group that is whole is not gone on with."""
    begin = "[OpenID=oAAAA0000000000000000000001][Stamp=1768063043][OuterIP=192.0.2.134]"
    url = "[3rdUrl=https://wx.example.com/index.php?s=/home/wx&id=[7]\n&x=a=b][IP=198.51.100.134]"
    (alarm,) = parse("\n".join(f"{quote}{line}" for line in (begin + url).split("\n"))).alarms
    assert (alarm.sample.url, alarm.sample.ip) == (
        "https://wx.example.com/index.php?s=/home/wx&id=[7]&x=a=b",
        "198.51.100.134",
    )
    for below in ("[IP=198.51.100.134]", "说明][见]", "报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg"):
        (alarm, *_) = parse(f"{begin}[3rdUrl=https://wx.example.com/wx]\n{below}").alarms
        assert alarm.sample.url == "https://wx.example.com/wx", below
