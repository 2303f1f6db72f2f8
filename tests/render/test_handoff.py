"""Letters to whoever has to act, word for word: what the receiver needs and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.render.test_golden_reports import REPORTS, report_of
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import BEIJING, Alarm, AlarmKind, Report, Sample, Target
from wxalarm.render import handoff
from wxalarm.render.redact import Redactor

GOLDEN = ROOT / "tests" / "golden" / "handoff"
TO = {
    "port-refused": "own",
    "half-dead-pool": "host",
    "certificate-expired": "own",
    "bad-gateway": "own",
    "name-servers-differ": "dns",
    "reply-with-bom": "own",
    "log-and-errors": "own",
    "callback-unset": "own",
    "ticket-ended": "own",
    "address-private": "own",
    "healthy": "own",
}
"""Whom the letter of a verdict goes to. The last one has no cause, and something that matters was not looked at."""


def golden(folder: Path, name: str, text: str) -> None:
    path = folder / name
    if os.environ.get("UPDATE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    assert text == path.read_text("utf-8"), f"{name} changed; UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", TO)
def test_letter(name: str, lang: str) -> None:
    report = report_of(REPORTS[name])
    assert handoff.receiver(report) == TO[name]
    (hidden,) = Redactor(reveal=True).reports([report])
    text = handoff.render([hidden], catalogue(lang), host="ops.example.com")
    assert "?" not in text
    assert "None" not in text
    golden(GOLDEN, f"{name}.{lang}.txt", text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_cause_and_nothing_left_to_look_at_wechat_is_asked(lang: str) -> None:
    found = report_of(REPORTS["healthy"])
    seen = datetime(2026, 1, 10, 20, 0, 1, tzinfo=BEIJING)
    sample = Sample(openid="oAAAA0001", stamp=1768046401, outer_ip="203.0.113.7", ip="192.0.2.10", event="CLICK")
    told = replace(found.alarm, appid="wx0000000000000001", first_seen=seen, count=30, window_minutes=5, sample=sample)
    report = replace(found, alarm=told, untold=())
    assert handoff.receiver(report) == "wechat"
    text = handoff.render([report], catalogue(lang), host="ops.example.com")
    golden(GOLDEN, "nothing-found.zh.txt", text)


def test_wechat_gets_chinese_and_what_it_asks_for() -> None:
    """Officials ask for the Appid, the time, the client's IP, the URL and the reply."""
    sample = Sample(
        openid="oAAAA0001",
        stamp=1768046400,
        outer_ip="203.0.113.7",
        url="https://wx.example.com/cb",
        ip="192.0.2.10",
        response_content="<html>busy</html>",
    )
    alarm = Alarm(AlarmKind.INVALID_RESPONSE, "wx0000000000000001", sample=sample)
    report = Report(alarm, Target("https://wx.example.com/cb", "https", "wx.example.com", 443), (), None, 0.1)
    text = handoff.render([report], catalogue("en"))
    assert text == handoff.render([report], catalogue("zh"))
    for needed in ("致微信团队", "wx0000000000000001", "203.0.113.7", "https://wx.example.com/cb", "<html>busy</html>"):
        assert needed in text


def test_a_provider_learns_nothing_of_accounts_and_users() -> None:
    sample = Sample(openid="oAAAA0001", ip="192.0.2.11", url="http://wx.example.com/callback?appid=wx0000000000000001")
    report = report_of(REPORTS["half-dead-pool"])
    alarm = Alarm(AlarmKind.CONNECT_TIMEOUT, "wx0000000000000001", "示例公众号", sample=sample)
    made = Report(alarm, report.target, report.results, report.cause, 0.1)
    text = handoff.render([made], catalogue("zh"))
    assert "192.0.2.11" in text
    for hidden in ("wx0000000000000001", "oAAAA0001", "示例公众号", "/callback"):
        assert hidden not in text
