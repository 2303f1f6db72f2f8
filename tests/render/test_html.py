"""The page: sound HTML, for everybody (axe), in both lights; what came from outside does nothing in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.incidents.night import night
from tests.render.test_golden_reports import REPORTS, report_of
from tests.render.test_reports import report as hostile_report
from tests.render.test_reports import words as hostile_words
from wxalarm.incidents import Fold, overview
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.parser import parse
from wxalarm.render import html
from wxalarm.render.incidents import page_of
from wxalarm.render.view import view

RUN = {"version": "0.1.0", "time": "2026-01-10T20:00:00+08:00", "host": "ops.example.com", "elapsed": 1.0}
AXE = find_spec("axe_playwright_python")
SCRIPT = Path(AXE.origin).parent / "axe.min.js" if AXE is not None and AXE.origin is not None else None
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync --host-resolver-rules=MAP*0.0.0.0"


def night_page(words: Catalogue) -> str:
    fold = Fold()
    for alarm in parse(night(900, accounts=300).text).alarms:
        fold.add(alarm)
    return html.render([], words, page=page_of(overview(fold, {}), []), run=RUN)


def pages(lang: str) -> dict[str, str]:
    words = catalogue(lang)
    made = {name: html.render([report_of(fixtures)], words, run=RUN) for name, fixtures in REPORTS.items()}
    return {
        **made,
        "night": night_page(words),
        "hostile": html.render([hostile_report()], hostile_words(lang), run=RUN),
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_is_sound_html(lang: str) -> None:
    html5lib = pytest.importorskip("html5lib")
    for name, page in pages(lang).items():
        parser = html5lib.HTMLParser()
        parser.parse(page)
        assert parser.errors == [], (name, parser.errors[:3])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_loaded_and_one_script_may_run(lang: str) -> None:
    for page in pages(lang).values():
        assert not re.search(
            r"\b(src|href(?=\s*=\s*[\"']?[^\"'#])|action|srcset|formaction)\s*=|@import|url\(|<(link|iframe|object|embed|img)\b",
            page,
        )
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
        assert not re.search(r"<[^>]*\son\w+\s*=", page)


def test_the_layers_show_where_it_broke_and_what_nobody_looked_at() -> None:
    page = html.render([report_of(REPORTS["half-dead-pool"])], catalogue("en"))
    found = re.findall(r'<li class="(\w+)"><b>([^<]+)</b>', page)
    assert ("broken", "TCP") in found
    assert ("skip", "nginx") in found
    assert "TLS" not in [name for _, name in found], "the URL is http"


def test_each_incident_that_was_diagnosed_leads_to_its_diagnosis() -> None:
    words = catalogue("en")
    made = [report_of(REPORTS[name]) for name in ("half-dead-pool", "bad-gateway", "reply-with-bom")]
    page = html.render(made, words, run=RUN)
    links, articles = (re.findall(rf'{name}="#?incident-(\d)"', page) for name in ("href", "id"))
    assert links == articles == ["1", "2", "3"]
    assert "href" not in night_page(words), "nothing was diagnosed"


def test_times_are_bars_against_three_and_five_seconds() -> None:
    page = html.render([report_of(REPORTS["bad-gateway"])], catalogue("en"))
    assert page.count('class="mark"') >= 2
    assert "HTTP 502" in page


def violations(page: str, folder: Path, *, dark: bool) -> list[Any]:
    """What axe-core finds, by Chromium's own rendering."""
    assert SCRIPT is not None
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    page = page.replace("(prefers-color-scheme: dark)", "all" if dark else "not all")
    shown = "r.violations.map(v => [v.id, v.impact, v.nodes[0].html])"
    report = f"axe.run().then(r => {{ document.title = JSON.stringify({shown}); }})"
    page = page.replace("</body>", f"<script>{SCRIPT.read_text('utf-8')}</script><script>{report}</script></body>")
    path = folder / "page.html"
    path.write_text(page, "utf-8", "replace")
    command = ["chromium", *QUIET.split(), f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000"]
    done = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, check=True)
    (title,) = re.findall(r"<title>(.*?)</title>", done.stdout.decode("utf-8", "replace"), re.DOTALL)
    found: list[Any] = json.loads(title.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return found


needs_axe = pytest.mark.skipif(
    shutil.which("chromium") is None or SCRIPT is None, reason="needs Chromium and axe-playwright-python"
)


@pytest.mark.chromium
@pytest.mark.slow
@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["half-dead-pool", "name-servers-differ", "log-and-errors", "night", "hostile"])
def test_axe_finds_nothing(name: str, dark: bool, tmp_path: Path) -> None:
    assert violations(pages("zh")[name], tmp_path, dark=dark) == []


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_script_all_that_counts_is_seen_on_a_phone_and_on_paper(lang: str, tmp_path: Path) -> None:
    """Two seconds: one browser for both pages."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or pytest.skip("needs Chromium")
    made = pages(lang)
    seen = {name: view(report_of(REPORTS[name]), catalogue(lang)) for name in ("half-dead-pool", "log-and-errors")}
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        shown = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 640}).new_page()
        for name, report in seen.items():
            path = tmp_path / "page.html"
            path.write_text(made[name], "utf-8")
            shown.goto(path.as_uri())
            assert report.cause is not None
            for medium in ("screen", "print"):
                shown.emulate_media(media=medium)
                (cause,) = shown.locator(".cause").all()
                text = " ".join(cause.inner_text().split())
                for needed in (report.cause.title, report.cause.text, *(one for _, _, one in report.cause.advice)):
                    assert " ".join(needed.split()) in text
                broken = shown.locator(".layers .broken b")
                assert broken.is_visible()
                style = broken.evaluate(
                    "one => [getComputedStyle(one).color, getComputedStyle(one.parentNode).backgroundColor]"
                )
                assert style[0] != "rgb(255, 255, 255)" or (medium == "screen" and style[1] != "rgba(0, 0, 0, 0)")
                assert not shown.locator("button").first.is_visible()
            assert all(row.is_visible() for row in shown.locator(".row").all())
        browser.close()


@pytest.mark.chromium
@pytest.mark.slow
@needs_axe
def test_axe_finds_something_when_there_is_something(tmp_path: Path) -> None:
    page = html.render([report_of(REPORTS["healthy"])], catalogue("en")).replace("<main>", "<main><img src='x'>")
    assert [one[0] for one in violations(page, tmp_path, dark=False)] == ["image-alt"]
