"""The corpus in every output: reports in each format, records of `parse --redact`, saved cases; none comes through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.render.redact.corpus import SPELLINGS, STRONG, Planted, planted, readings
from wxalarm.cases import to_text
from wxalarm.checks.check import Context
from wxalarm.checks.network.http_request import HttpRequest
from wxalarm.config import Settings
from wxalarm.messages import catalogue
from wxalarm.model import (
    Alarm,
    Basis,
    Cause,
    Certainty,
    CheckResult,
    Code,
    Finding,
    Location,
    Report,
    Sample,
    Severity,
    Status,
    Step,
    Target,
    Whole,
)
from wxalarm.probes.http import Exchange
from wxalarm.render import chat, handoff, html, markdown, terminal
from wxalarm.render import json as render_json
from wxalarm.render.alarms import format_of
from wxalarm.render.redact import Redactor, leak

PLANTED = tuple(planted())
WORDS = catalogue("en")
LINE = Code("errlog-denied", Severity.ERROR, Basis.RECORDED)
NEVER = {"accesstoken", "appsecret", "aeskey", "ticket", "password", "token", "words", "marks", "jwt"}
"""Kinds that are shown to nobody, with --reveal or in a saved case either."""


def report(texts: list[str], encoding: str = "utf-8") -> Report:
    """Everything foreign holds one of the texts: the alarm, findings, headers, bodies, lines of logs."""
    alarm = Alarm(
        nickname=texts[0],
        sample=Sample(response_content=texts[1 % len(texts)], extra={"Foo": texts[2 % len(texts)]}),
        places=Whole(Location("alarm.txt", 1, 1, 1, 9)),
    )
    findings = tuple(Finding(LINE, {"line": text, "place": "access.log:1", "count": 1}) for text in texts)
    seen = HttpRequest(
        tuple(
            Exchange(
                "127.0.0.1",
                80,
                status=200,
                detail=text,
                headers=(("X-Zebra", text), ("Server", "nginx")),
                body=text.encode(encoding, "surrogatepass"),
            )
            for text in texts
        )
    )
    result = CheckResult("error-log", Status.FAIL, findings=findings, observation=seen)
    return Report(alarm, Target(), (result,), Cause((Step(findings[0], "error-log", Certainty.LIKELY),)), 0.0)


def rendered(made: list[Report]) -> Iterator[tuple[str, str]]:
    yield "json", render_json.render(made, [], WORDS)
    yield "html", html.render(made, WORDS)
    yield "markdown", markdown.render(made, WORDS)
    yield "text", terminal.render(made, WORDS, width=200, color=False, timeout=20.0, exit_code=1, verbose=True)
    yield "chat", chat.render(made, WORDS)
    yield "handoff", handoff.render(made, WORDS)


def seen_in(text: str, secrets: set[str]) -> set[str]:
    return {secret for reading in readings(text, 2) for secret in secrets if secret in reading}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_none_comes_through_in_a_report(spelling: str) -> None:
    texts = [SPELLINGS[spelling](one.text) for one in PLANTED]
    secrets = {one.secret for one in PLANTED}
    given = report(texts)
    assert any(seen_in(shown, secrets) for _, shown in rendered([given])), "the search sees what nobody hid"
    made = Redactor(b"k" * 32).reports([given])
    for name, shown in rendered(made):
        assert seen_in(shown, secrets) == set(), name
        assert leak(shown) is None, name
        assert "access.log:1" in shown, name


@pytest.mark.parametrize("reveal", [False, True])
def test_a_body_in_utf_16_that_is_cut_within_a_letter_gives_no_error_and_hides_the_same(reveal: bool) -> None:
    body = "<p>openid=oAAAABBBBCCCCDDDDEEEEFFFFGGGG</p>".encode("utf-16")[:-1]
    made = Redactor(reveal=reveal).octets(body)
    assert (made == body) is reveal
    assert (b"o\0A\0A\0" in made) is reveal


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
def test_none_comes_through_in_a_body_in_utf_16(codec: str) -> None:
    one = Redactor(b"k" * 32)
    for name, text, secret in PLANTED:
        made = one.octets(text.encode(codec))
        assert secret not in made.decode("utf-8", "ignore").replace("\0", ""), name
        assert secret not in made.decode("utf-16-be" if codec == "utf-16-be" else "utf-16-le", "ignore"), name


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "table"])
def test_none_comes_through_in_records(spelling: str, form: str) -> None:
    one = Redactor(b"k" * 32)
    writer = format_of(form, lambda: WORDS, 200)
    spell: Callable[[str], str] = SPELLINGS[spelling]
    made = [
        writer.alarm(
            one.alarm(
                Alarm(nickname=spell(text), sample=Sample(response_content=spell(text), extra={"x": spell(text)}))
            )
        )
        for _, text, _ in PLANTED
    ]
    records = [each if isinstance(each, str) else each.decode() for each in made]
    shown = writer.head() + "".join(records) + writer.tail([])
    assert seen_in(shown, {one.secret for one in PLANTED}) == set()


def _kind(one: Planted) -> str:
    return one.name.rpartition("-")[2]


def test_secrets_are_in_no_saved_case_and_in_no_revealed_report_wherever_they_stand() -> None:
    never = Redactor(reveal=True)
    held = [
        one for one in PLANTED if _kind(one) in NEVER and "zebra" not in one.text.lower() and "path" not in one.name
    ]
    secrets = {one.secret for one in held}
    assert len(held) > 150
    for spelling in ("plain", "percent", "json-in-json", "base64", "html-decimal"):
        given = report([SPELLINGS[spelling](one.text) for one in held])
        made = never.reports([given])
        ctx = Context(never.alarm(given.alarm), Target(), Settings())
        for name, shown in (*rendered(made), ("case", to_text(made, [ctx]))):
            assert seen_in(shown, secrets) == set(), (name, spelling)
            assert leak(shown, personal=False) is None, (name, spelling)


def test_a_saved_case_keeps_what_a_replay_needs() -> None:
    never = Redactor(reveal=True)
    kept = [STRONG[name] for name in ("appid", "openid", "account", "transaction", "ipv4", "ipv6")]
    for text in (*kept, *(f"https://wx.example.com/cb/{one}/in?openid={one}&timestamp=1" for one in kept)):
        assert never.text(text) == text
    key = STRONG["aeskey"]
    for text in (f"昵称 {key} 店", f"AESKey: {key}", f'{{"access_token":"{STRONG["accesstoken"]}"}}'):
        made = never.text(text)
        assert len(made) == len(text), "lengths are judged"
        assert key not in made
        assert "57_" not in made
    body = b'{"session_key":"k3JdQ0vR8sLw2XbN7tZp5Y=="}'
    assert len(never.octets(body)) == len(body)
    assert json.loads(never.octets(body))["session_key"].strip("*") == ""
