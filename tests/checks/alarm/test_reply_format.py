"""The check reply-format: its probe reads the account's keys; its verdicts; a saved case needs no key."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest

from tests.paths import FIXTURES
from wxalarm import cases
from wxalarm.config import from_mapping
from wxalarm.diagnosis import contexts
from wxalarm.messages import catalogue
from wxalarm.model import Report
from wxalarm.parser import parse
from wxalarm.runner import Run

REPLIES = FIXTURES / "replies"
SETTINGS = {
    "accounts": {
        "shop": {
            "appid": "wx0000000000000001",
            "mode": "secure",
            "token_env": "SHOP_TOKEN",
            "encoding_aes_key_env": "SHOP_KEY",
        }
    }
}
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ALARM = """\
Appid: wx0000000000000001
昵称: 示例公众号
时间: 2026-01-01 12:00:00
内容: {description}
次数: 5分钟 33次
错误样例: {groups}
报警排查指引，请见: https://mmbizurl.cn/s/MpkaZb8yg
"""
INVALID = "微信服务器向公众号推送消息或事件后，得到的回应不合法"
PAY = "推送“支付完成事件”给开发者后，得到的回应不合法"
PUSH = "[OpenID=oAAAA0000000000000000000001][Stamp=1767240000][3rdUrl=https://wx.example.com/callback][IP=192.0.2.10]"


def diagnosed(text: str) -> tuple[Report, str]:
    """The offline report of an alarm with an account that has keys, and the saved case."""
    settings = dataclasses.replace(from_mapping(SETTINGS), offline=True)
    ready = contexts(parse(text).alarms, settings)
    (report,) = asyncio.run(Run(ready, only=("sample", "reply-format")).reports())
    return report, cases.to_text([report], ready)


def found(report: Report) -> list[str]:
    result = next(result for result in report.results if result.check == "reply-format")
    return [finding.code.id for finding in result.findings]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "wxalarmtoken")
    monkeypatch.setenv("SHOP_KEY", KEY)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("reply-createtime-milliseconds/encrypted", "reply-createtime-milliseconds"),
        ("reply-appid/other-account", "reply-appid"),
        ("reply-signature/other-token", "reply-signature"),
        ("reply-encrypted-twice/twice", "reply-encrypted-twice"),
        ("reply-undecryptable/other-key", "reply-undecryptable"),
    ],
)
@pytest.mark.parametrize("flag", ["[decrypt fail]", ""])
def test_an_encrypted_reply_is_opened_with_the_accounts_keys(body: str, code: str, flag: str) -> None:
    content = (REPLIES / f"{body}.body").read_text("utf-8")
    groups = f"{PUSH}[MsgType=1][Msg=Text]{flag}[response_length={len(content)}][response_content={content}]"
    report, saved = diagnosed(ALARM.format(description=INVALID, groups=groups))
    assert code in found(report)
    assert KEY not in saved
    case = cases.from_text(saved, "case.json")
    (again,) = asyncio.run(Run(case.contexts, saved=case.outcome).reports())
    assert [r.findings for r in again.results] == [r.findings for r in report.results]


@pytest.mark.parametrize(
    ("description", "groups", "code", "certainty"),
    [
        (INVALID, f'{PUSH}[Event=Click][response_length=9][response_content="success"]', "reply-quoted", "certain"),
        (INVALID, f"{PUSH}[MsgType=1][Msg=Text][decrypt fail]", "reply-undecryptable", "certain"),
        (PAY, "[transaction_id=4200000000000000000000000001][resp=]", "reply-empty", "certain"),
        (PAY, "[transaction_id=4200000000000000000000000001][resp]", "reply-empty", "possible"),
        (INVALID, f"{PUSH}[MsgType=20000][Event=Click][http code=404]", "http-status", "certain"),
        (INVALID, f"{PUSH}[MsgType=20000][Event=Click][cURL Error=56]", "curl-error", "certain"),
    ],
)  # fmt: skip
def test_the_verdict_names_what_the_alarm_shows(description: str, groups: str, code: str, certainty: str) -> None:
    report, _ = diagnosed(ALARM.format(description=description, groups=groups))
    assert report.cause is not None
    assert (report.cause.finding.code.id, report.cause.finding.code.basis.certainty) == (code, certainty)


def test_a_reply_that_is_in_order_gives_no_finding_and_no_body_is_skipped() -> None:
    body = (REPLIES / "accepted/text.body").read_text("utf-8")
    report, _ = diagnosed(ALARM.format(description=INVALID, groups=f"{PUSH}[Msg=Text][response_content={body}]"))
    # The account is in secure mode: plaintext is wrong there, and only that.
    assert found(report) == ["reply-not-encrypted"]
    report, _ = diagnosed(ALARM.format(description=INVALID, groups=f"{PUSH}[Msg=Text]"))
    result = next(result for result in report.results if result.check == "reply-format")
    assert result.reason is not None
    assert result.reason.id == "no-body"


def test_evidence_is_plain_data() -> None:
    report, _ = diagnosed(ALARM.format(description=INVALID, groups=f'{PUSH}[Msg=Text][response_content="success"]'))
    assert json.dumps([dict(finding.evidence) for result in report.results for finding in result.findings])


def test_the_next_command_names_the_url_and_nothing_that_a_shell_would_run() -> None:
    groups = "[3rdUrl=http://wx.example.com/a'b;$(c)?id=1][Event=Click][response_content=ok]"
    report, _ = diagnosed(ALARM.format(description=INVALID, groups=groups))
    assert report.cause is not None
    command = catalogue("en").finding(report.cause.finding, "verify")
    assert "'http://wx.example.com:80/a%27b;$(c)?id=1' | wxalarm reply -" in command
    report, _ = diagnosed(ALARM.format(description=INVALID, groups="[3rdUrl=/a][Event=Click][response_content=ok]"))
    assert report.cause is not None
    assert "YOUR-URL | wxalarm reply -" in catalogue("en").finding(report.cause.finding, "verify")
