"""The corpus of made-up alarms: clean, parsed exactly, and covering every kind and every layout that has been seen."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lint.support import ALARMS, found, lint_folder
from wxalarm.lint.expectation import written
from wxalarm.model import Alarm, AlarmKind
from wxalarm.parser import parse, words
from wxalarm.parser.encoding import decode
from wxalarm.records import alarm_record

FILES = sorted(ALARMS.glob("*/*.txt"))


def test_corpus_is_clean() -> None:
    assert found(lint_folder(ALARMS, ALARMS)) == []


def test_corpus_is_large_enough() -> None:
    assert len(FILES) >= 80
    assert {path.with_suffix("") for path in FILES} == {path.with_suffix("") for path in ALARMS.glob("*/*.json")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_record(path: Path) -> None:
    """The whole record, as parse gives it; UPDATE_GOLDEN=1 writes it anew, for a reader of the diff to judge."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.with_suffix(".json").write_text(written(alarms(path)), "utf-8")
    wanted = json.loads(path.with_suffix(".json").read_bytes())
    records = wanted if isinstance(wanted, list) else [wanted]
    got = [{key: value for key, value in alarm_record(alarm).items() if key != "location"} for alarm in alarms(path)]
    assert got == records


def alarms(path: Path) -> tuple[Alarm, ...]:
    return parse(decode(path.read_bytes()), str(path)).alarms


def test_every_kind_has_its_folder_and_several_cases() -> None:
    assert {path.parent.name for path in FILES} == {str(kind) for kind in AlarmKind}
    counts = Counter(alarm.kind for path in FILES for alarm in alarms(path))
    assert all(counts[kind] >= 3 for kind in AlarmKind), counts


KEY = re.compile(r"\[(3rdUrl10|第三方平台|[A-Za-z0-9_ ]+?)(?:[=:][^\n]*?)?\](?=\s*(?:\[|\n|报警|$))")


def keys_of(text: str) -> str:
    """The keys of 错误样例 in the order of the text, as one line."""
    sample = text.partition("错误样例")[2].partition("报警排查")[0]
    body = re.split(r"\[(?:response_content|resp)=", sample, maxsplit=1)
    keys = KEY.findall(body[0])
    if len(body) > 1:
        keys.append("resp" if "[resp=" in sample else "response_content")
        keys += re.findall(r"\[(第三方平台)[:\]]", body[1])
    return " ".join(key.replace(" ", "_") for key in keys)


ORDERS = {
    "guide, timeout": "IP Event",
    "guide, connect": "IP Msg",
    "guide, bad reply": "Event ip response_length response_content",
    "A msg": "OpenID Stamp 3rdUrl Msg ip response_length response_content",
    "A 3rdUrl10": "OpenID Stamp 3rdUrl10 Msg Event ip response_length response_content",
    "A msg and event": "OpenID Stamp 3rdUrl Msg Event ip response_length response_content",
    "A event": "OpenID Stamp 3rdUrl Event ip response_length response_content",
    "A outer ip": "OpenID Stamp OuterIP 3rdUrl Event ip response_length response_content",
    "A platform": "OpenID Stamp OuterIP 3rdUrl Msg Event ip response_length response_content 第三方平台",
    "B decrypt, msg": "OpenID Stamp 3rdUrl IP MsgType Msg decrypt_fail response_length response_content 第三方平台",
    "B decrypt, event": (
        "OpenID Stamp 3rdUrl IP MsgType Msg Event decrypt_fail response_length response_content 第三方平台"
    ),
    "B nothing, 2020": "OpenID Stamp 3rdUrl IP MsgType Event",
    "B nothing": "OpenID Stamp OuterIP 3rdUrl IP MsgType Event",
    "B nothing, msg": "OpenID Stamp OuterIP 3rdUrl IP MsgType Msg",
    "B status": "OpenID Stamp OuterIP 3rdUrl IP MsgType Event http_code",
    "B status, msg": "OpenID Stamp OuterIP 3rdUrl IP MsgType Msg Event http_code",
    "B status, platform": "OpenID Stamp OuterIP 3rdUrl IP MsgType Event http_code 第三方平台",
    "B curl": "OpenID Stamp OuterIP 3rdUrl IP MsgType Event cURL_Error",
    "B curl, platform": "OpenID Stamp OuterIP 3rdUrl IP MsgType Event cURL_Error 第三方平台",
    "C event": "OpenID Stamp OuterIP 3rdUrl IP Event",
    "C msg and event": "OpenID Stamp OuterIP 3rdUrl IP Msg Event",
    "C platform": "OpenID Stamp OuterIP 3rdUrl IP Event 第三方平台",
    "C before 2021": "OpenID Stamp 3rdUrl IP Event",
    "C short": "OpenID Stamp Event",
    "D": "OpenID Stamp 3rdUrl Host Event",
    "E": "3rdUrl response_length response_content",
    "F timeout": "transaction_id",
    "F reply": "transaction_id resp",
}
"""Every order of groups in which WeChat has been seen to print 错误样例."""


def test_every_order_of_groups_is_there() -> None:
    there = {keys_of(decode(path.read_bytes())) for path in FILES}
    assert {name for name, order in ORDERS.items() if order not in there} == set()


def has(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.search(pattern, text) is not None


FORMS: dict[str, Callable[[str], bool]] = {
    "flattened to one line": has(r"(?m)^Appid: \S+ 昵称: .*内容: .*次数: .*错误样例: .*指引，请见: \S+$"),
    "blank lines between lines": has(r"昵称: [^\n]*\n\n时间"),
    "Windows line ends": has("\r\n"),
    "quoted": has(r"(?m)^> 内容"),
    "indented": has(r"(?m)^  内容.*  $"),
    "chat header on its own line": has(r"(?m)^微信公众平台报警 [\d-]+ [\d:]+ *\nAppid"),
    "chat header on the alarm's line": has(r"(?m)^微信公众平台报警 [\d-]+ [\d:]+ +Appid"),
    "figure caption glued to Appid": has(r"图2Appid"),
    "words before Appid": has(r"报警信息: Appid"),
    "chat around it": has(r"(?s)张三.*Appid.*李四"),
    "no blank behind labels": has(r"内容:微信"),
    "two blanks behind a label": has(r"昵称:  \S"),
    "full-width colons": has(r"内容："),
    "ASCII commas": has(r"后,得到"),
    "ASCII brackets": has(r"\(应返回success\)"),
    "traditional labels": has(r"內容: .*\n次數: "),
    "English labels": has(r"(?m)^Content: "),
    "English type names": has(r"(?m)^内容: DNS failure$"),
    "服务号": has("向服务号推送"),
    "订阅号": has("订阅号"),
    "zero-width characters": has("\u200b|\u2060"),
    "no-break blanks": has("\u00a0|\u3000"),
    "blank before 次": has(r"\d 次"),
    "no blank in 次数": has(r"分钟\d"),
    "时间 without seconds": has(r"时间: ?[\d-]+ \d\d:\d\d(?!:)"),
    "empty Appid": has(r"Appid: (?:\n| 昵称)"),
    "empty group": has(r"\[OuterIP=\]"),
    "masked Appid": has(r"Appid: \S*\*{3}"),
    "masked Stamp": has(r"\[Stamp=\d+\*+\]"),
    "mask that ate a bracket": has(r"\*{3} \[IP="),
    "blank between groups": has(r"\] \["),
    "line break between groups": has(r"\]\n\["),
    "unknown key": has(r"\[TraceId=7\]"),
    "unknown flag": has(r"\[retry failed\]"),
    "keys in another case": has(r"\[HTTP Code="),
    "bracket inside a URL": has(r"id=\[7\]"),
    "platform without a name": has(r"\[第三方平台\]"),
    "platform with odd characters": has(r"\[第三方平台:示例（A=B）：一号\]"),
    "path instead of a URL": has(r"\[3rdUrl=/\w"),
    "signed URL": has(r"\[3rdUrl=\S+[?&]signature="),
    "IPv6": has(r"\[IP=2001:db8"),
    "resp without a value": has(r"\[resp\]"),
    "empty resp": has(r"\[resp=\]"),
    "empty body": has(r"\[response_content=\]"),
    "body of blanks": has(r"\[response_content= +\]"),
    "body of several lines": has(r"(?s)\[response_content=<xml>\n.*?</xml>\]"),
    "leading blank in a body": has(r"\[response_content= <xml>"),
    "bracket inside a body": has(r"\[response_content=[^\n]*\]b[^\n]*\]"),
    "group inside a body": has(r"\[response_content=\[Msg=Text\]"),
    "labels inside a body": has(r"\[response_content=时间: 明天\n内容: "),
    "cut body": has(r"(?s)\[response_content=.*\.\.\.\n报警"),
    "cut resp": has(r"(?s)\[resp=.*\.\.\.\n报警"),
    "quoted success": has(r'\[response_content="success"\]'),
    "echoed event": has(r"\[response_content=<xml><ToUserName><!\[CDATA\[gh_"),
    "encrypted reply": has(r"\[response_content=<xml>\n<Encrypt>"),
    "redirect page": has(r"(?s)\[response_content=<html>.*302 Found"),
    "HTML error page": has(r"(?s)\[response_content=<!DOCTYPE html>"),
    "JSON body": has(r'\[response_content=\{"errcode"'),
    "stack trace": has(r"\[response_content=Traceback"),
    "emoji": has(r"\[response_content=[^\n]*👍"),
    "HTML entities": has(r"&lt;xml&gt;"),
    "JSON-escaped XML": has(r"\\u003Cxml"),
    "escape codes in a nickname": has("\x1b\\[31m"),
    "label inside a nickname": has(r"昵称: \S*时间: "),
    "first guide URL": has(r"http://url\.cn/ab0jnP"),
    "second guide URL": has(r"https://w\.url\.cn/s/A1dMqXI"),
    "third guide URL": has(r"https://mmbizurl\.cn/s/MpkaZb8yg"),
    "ticket window of 30 minutes": has(r"30分钟 9次"),
}
"""Every form around, between and inside the lines."""


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_there(form: str) -> None:
    assert any(FORMS[form](decode(path.read_bytes())) for path in FILES)


@pytest.mark.parametrize("key", words.PRINTED_KEYS)
def test_every_key_is_there(key: str) -> None:
    there = has(rf"\[{re.escape(key)}[=:\]]")
    assert any(there(decode(path.read_bytes())) for path in FILES)


def test_every_encoding_is_there() -> None:
    from wxalarm.parser.encoding import encoding_of

    assert {encoding_of(path.read_bytes()) for path in FILES} >= {"utf-8", "utf-8-sig", "utf-16", "gb18030"}


def test_several_alarms_in_one_file_are_there() -> None:
    assert sorted(len(alarms(path)) for path in FILES)[-2:] == [2, 3]
