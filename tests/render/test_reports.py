"""Reports in every format: complete, safe with hostile text, aligned with double-width characters."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import (
    VERDICT,
    Alarm,
    AlarmKind,
    Basis,
    Cause,
    Certainty,
    CheckResult,
    Code,
    Finding,
    Reason,
    Report,
    Sample,
    Severity,
    Status,
    Step,
    Target,
)
from wxalarm.patch import unified
from wxalarm.render import html, markdown, terminal
from wxalarm.render import json as json_format

HOSTILE = "\x1b[31m[bold]<script>alert(1)</script>`|*_\u202e\ud800\x07\r\n"
PASTED = "[bold]<script>alert(1)</script>`|*_"
BROKEN = Code("sample-broken", Severity.ERROR, Basis.REPRODUCED, (AlarmKind.CONNECT_TIMEOUT,))
FACT = Code("sample-fact", Severity.NOTE, Basis.RECORDED)


def cause_of(finding: Finding, **more: Any) -> Cause:
    return Cause((Step(finding, "wide", Certainty.LIKELY),), **more)


def report(text: str = HOSTILE) -> Report:
    finding = BROKEN(detail=text, url=text if text.isprintable() else PASTED)
    alarm = Alarm(kind=AlarmKind.CONNECT_TIMEOUT, appid="wx0000000000000001", nickname=text, sample=Sample(openid=text))
    results = (
        CheckResult("sample", Status.PASS, (FACT(detail=text),), True),
        CheckResult("wide", Status.FAIL, (finding,), {"seen": text}),
        CheckResult("absent", Status.SKIP, reason=Reason("needs", {"check": "wide"})),
        CheckResult("odd", Status.UNKNOWN, reason=Reason("crashed", {"error": text})),
    )
    target = Target(url=f"http://wx.example.com/{text}")
    return Report(alarm, target, results, cause_of(finding, contradicts=("sample",)), 1.25)


def words(lang: str) -> Catalogue:
    """The real catalogue with sentences for the made-up codes."""
    real = catalogue(lang)
    codes = {
        "sample-broken": {
            "text": "一句很长的中文说明用来检查换行是否按显示宽度对齐 {detail}" * 3,
            "hint": "do this {detail}",
            "verify": "curl -v {url}",
            "ask": "someone",
        },
        "sample-fact": {"text": "a fact {detail}"},
    }
    return Catalogue(real.lang, {**real.data, "code": {**real.data.get("code", {}), **codes}})


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", [80, 120])
def test_terminal_is_safe_and_fits(lang: str, width: int) -> None:
    text = terminal.render([report()], words(lang), width=width)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\ud800]", text)
    for line in text.splitlines():
        assert cell_len(line) <= width or "curl -v" in line, line
    assert "\\x1b[31m[bold]" in text
    assert "sample-broken" in text


def test_terminal_colours_only_when_asked() -> None:
    assert "\x1b[" not in terminal.render([report("x")], words("en"))
    assert "\x1b[" in terminal.render([report("x")], words("en"), color=True)


def test_a_command_is_never_broken_into_lines() -> None:
    long = "https://wx.example.com/" + "a" * 200
    text = terminal.render([report(long)], words("en"), width=80)
    assert f"curl -v {long}" in text


def test_unknown_skip_and_fail_look_different_and_say_why() -> None:
    text = terminal.render([report("x")], words("en"))
    assert "????" in text
    assert "FAIL" in text
    assert "the check itself failed: x" in text
    assert "needs wide" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_json_has_the_promised_fields(lang: str) -> None:
    data = json.loads(json_format.render([report()], [BROKEN(detail="p")], words(lang)))
    schema = json.loads(resources.files("wxalarm.render").joinpath("schemas/report.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)
    (one,) = data["reports"]
    assert set(one) == {"alarm", "target", "status", "cause", "results", "not_checked", "age", "elapsed"}
    said = {"code", "certainty", "text", "hint", "verify", "ask", "evidence"}
    assert set(one["cause"]) == said | {"chain", "for", "against", "rivals", "also"}
    assert set(one["not_checked"][0]) == {"check", "reason", "matters", "bring"}
    assert one["cause"]["certainty"] == "likely"
    assert set(one["results"][1]) == {"check", "status", "reason", "elapsed", "findings", "observation"}
    fields = {"code", "severity", "basis", "text", "hint", "verify", "evidence", "location"}
    assert set(one["results"][1]["findings"][0]) == fields
    assert one["alarm"]["nickname"] == HOSTILE, "nothing is lost"
    assert data["problems"][0]["code"] == "sample-broken"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_html_escapes_and_loads_nothing(lang: str) -> None:
    page = html.render([report()], words(lang))
    assert page.count("<script>") == 1, "its own"
    assert "&lt;script&gt;" in page
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ud800]", page)
    assert not re.search(r"src=|href=(?!\"#)", page)
    page.encode("utf-8")


def test_markdown_escapes() -> None:
    page = markdown.render([report()], words("en"))
    assert "<script>" not in page.replace("curl -v", "").split("`")[0]
    assert "\\*\\_" in page
    assert re.search(r"`` curl -v .*` *\|?.*``", page), "a code span holds backticks"


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_a_diff_is_applied_as_it_is_shown(form: str, tmp_path: Path) -> None:
    """Tabs of a configuration once came out as \\t; a page break within a line made two of it."""
    path = tmp_path / "nginx.conf"
    path.write_text("http {\n\tserver {\n\t\tdeny all;\u3000\n\t}\n}\n", "utf-8")
    diff = unified(path.read_text("utf-8"), path.read_text("utf-8").replace("\t\tdeny all;\u3000\n", ""), "nginx.conf")
    finding = BROKEN(detail="x", url="x", diff=diff)
    result = CheckResult("wide", Status.FAIL, (finding,), {})
    one = dataclasses.replace(report("x"), results=(result,), cause=cause_of(finding))
    real = words("en")
    codes = {**real.data["code"], "sample-broken": {"text": "x", "edit": "{diff}"}}
    both = Catalogue("en", {**real.data, "code": codes})
    text = terminal.render([one], both) if form == "terminal" else markdown.render([one], both)
    subprocess.run(["patch", "-p0"], cwd=tmp_path, input=text.encode(), check=True, capture_output=True)
    assert path.read_text("utf-8") == "http {\n\tserver {\n\t}\n}\n"


def test_a_storm_is_shown_by_its_causes() -> None:
    one = report("x")
    storm = [
        dataclasses.replace(
            one,
            alarm=dataclasses.replace(
                one.alarm,
                appid=f"wx{number:016x}",
                count=number,
                sample=Sample(openid=f"oAAAA{number}", url=f"http://{'abc'[number % 3]}.example.com/x"),
            ),
            target=Target(host=f"{'abc'[number % 3]}.example.com"),
        )
        for number in range(12)
    ]
    for render in (terminal.render, markdown.render, html.render):
        text = " ".join(render(storm, words("en")).split())
        assert "12 alarms (repeated: 0) · 3 incidents" in text
        assert text.count("4 accounts") >= 3
        assert text.index("c.example.com") < text.index("b.example.com") < text.index("a.example.com"), "most first"
    assert len(json.loads(json_format.render(storm, (), words("en")))["reports"]) == 12


def test_a_crowd_stands_behind_its_example() -> None:
    one = report("x")
    crowd = [one, *(dataclasses.replace(one, results=(), example=one) for _ in range(4))]
    document = json.loads(json_format.render(crowd, (), words("en")))
    assert [entry.get("example") for entry in document["reports"]] == [None, 0, 0, 0, 0]
    assert {entry["status"] for entry in document["reports"]} == {"fail"}


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_browser_shows_the_page_and_runs_nothing(lang: str, tmp_path: Path) -> None:
    """A script smuggled in would change the title; Chromium's own view of the page says whether it ran."""
    hostile = "</h1><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    page = tmp_path / "report.html"
    page.write_text(html.render([report(hostile)], words(lang)), "utf-8", "surrogateescape")
    quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    quiet += " --disable-component-update --disable-sync --host-resolver-rules=MAP*0.0.0.0"
    done = subprocess.run(
        ["chromium", *quiet.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        check=True,
    )
    seen = done.stdout.decode("utf-8", "replace")
    assert "<title>owned" not in seen
    assert words(lang).ui("no_cause") in seen or "sample-broken" in seen


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_verdict_that_could_not_be_told_is_not_said_to_have_found_nothing(lang: str) -> None:
    real = catalogue(lang)
    why = Reason("judgement", {"limit": 5.0})
    untold = Report(Alarm(), Target(), (CheckResult(VERDICT, Status.UNKNOWN, reason=why),), None, 1.0, (VERDICT,))
    assert untold.status is Status.UNKNOWN
    for made in (
        terminal.render([untold], real, width=200),
        markdown.render([untold], real).replace("\\", ""),
        html.render([untold], real),
    ):
        assert real.ui("no_verdict") in made
        assert real.reason(why) in made
        assert real.ui("no_cause") not in made
        assert real.ui("no_cause_text") not in made
        assert real.ui("untold_text") not in made
    document = json_format.document([untold], [], real)
    (gap,) = document["reports"][0]["not_checked"]
    assert (gap["check"], gap["reason"], gap["matters"]) == (VERDICT, real.reason(why), True)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_on_somebody_elses_server_the_advice_is_to_write_to_its_provider(lang: str) -> None:
    """Whoever does not run the server is not told to start a service or to open a firewall there."""
    from wxalarm.checks.alarm.sample import PLATFORM_SIDE

    server = PLATFORM_SIDE(
        case="named", platform="示例平台", host="wx.example.com", kind="connect-timeout", saw="other"
    )
    one = report("x")
    results = (CheckResult("sample", Status.WARN, (server,), True), *one.results[1:])
    said = words(lang)
    for text in (
        terminal.render([dataclasses.replace(one, results=results)], said, verbose=True),
        markdown.render([dataclasses.replace(one, results=results)], said),
        html.render([dataclasses.replace(one, results=results)], said),
    ):
        assert "do this" not in text
        assert text.count({"en": "Please check your logs", "zh": "请根据以上时间查询贵方日志"}[lang]) == 1
    data = json.loads(json_format.render([dataclasses.replace(one, results=results)], (), said))
    assert data["reports"][0]["cause"]["hint"] == said.finding(server, "hint")
    assert "do this" in terminal.render([one], said)
