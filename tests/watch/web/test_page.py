"""The page in Chromium: what is pasted is diagnosed, what changes is seen, on a phone and a desktop, by everybody."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.ports import free_ports
from tests.watch.running import served, until, watching
from wxalarm.lab import web

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium"),
    pytest.mark.xdist_group("page"),
]
ALARM = """Appid: wx0000000000000001
昵称: {nickname}
时间: 2026-01-01 12:00:00
内容: 微信服务器连接公众号开发者服务器时发生超时，超时时间为5秒
次数: 5分钟 33次
错误样例: [OpenID=oAAAAAAAAAAAAAAAAAAAAAAAAAA1][Stamp=1767240000][OuterIP=203.0.113.250]{where}[Event=Click Menu Url]
报警排查指引，请见: http://url.cn/ab0jnP"""


def alarm(url: str, nickname: str = "Example Shop") -> str:
    return ALARM.format(nickname=nickname, where=f"[3rdUrl={url}][IP=127.0.0.1]")


@dataclass
class Stage:
    """A watch with two targets, one of which can be switched."""

    port: int
    url: str
    state: dict[str, int]
    folder: Path

    def at(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("page")
    port, closed = free_ports(2)
    state = {"status": 200}
    with served(lambda: web.serve(lambda _: web.Said(b"success", state["status"]))) as site:
        config = folder / "wxalarm.toml"
        config.write_text(
            f'[accounts.shop]\nappid = "wx0000000000000001"\nurl = "{site.url("/callback")}"\n'
            f'[accounts.dead]\nurl = "http://127.0.0.1:{closed}/"\n[watch]\nevery = 5\nfor = 1\nrecover = 1\n'
        )
        with watching("--config", config, folder=folder, port=port) as ask:
            until(lambda: "DOWN" in ask("/", lang="en")[1])
            yield Stage(port, site.url("/callback"), state, folder)


@contextmanager
def browsing(width: int = 1400, scheme: str = "light", script: bool = True) -> Iterator[Any]:
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
        yield page
        assert problems == []
        browser.close()


def paste(page: Any, stage: Stage, text: str) -> None:
    page.goto(stage.at("/?lang=en"))
    page.get_by_label("Paste its text").fill(text)
    page.get_by_role("button", name="Diagnose").click()
    page.wait_for_url("**/alarm/*", timeout=60_000)


@pytest.mark.parametrize("script", [True, False])
def test_an_alarm_is_pasted_diagnosed_and_sent_on(stage: Stage, script: bool) -> None:
    with browsing(script=script) as page:
        paste(page, stage, alarm(stage.url))
        assert "wx0000000000000001" in page.content()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="To send on").click()
        sent = Path(waiting.value.path()).read_text("utf-8")
        assert "wx0000000000000001" not in sent
        assert "oAAAAAAAAAAAAAAAAAAAAAAAAAA1" not in sent
        page.goto(stage.at("/alarms?lang=en"))
        assert page.get_by_role("link", name="Connect").count() >= 1 or "shop" in page.content()


def test_what_was_pasted_before_is_told(stage: Stage) -> None:
    with browsing() as page:
        for _ in range(2):
            paste(page, stage, alarm(stage.url))
        assert "of this kind about this account within a week" in page.content()


def test_a_change_is_seen_without_a_reload(stage: Stage) -> None:
    with browsing() as page:
        page.goto(stage.at("/?lang=en"))
        page.evaluate("document.body.dataset.mark = 'kept'")
        row = page.locator("tr", has=page.get_by_role("link", name="shop", exact=True))
        stage.state["status"] = 503
        playwright.expect(row.locator(".state")).to_have_text("DOWN", timeout=60_000)
        stage.state["status"] = 200
        playwright.expect(row.locator(".state")).not_to_have_text("DOWN", timeout=60_000)
        assert page.evaluate("document.body.dataset.mark") == "kept"


@pytest.fixture(scope="module")
def pasted(stage: Stage) -> str:
    """The path of the report on an alarm that was pasted."""
    with browsing() as page:
        paste(page, stage, alarm(stage.url))
        return urlsplit(str(page.url)).path


def paths(page: Any, stage: Stage, lang: str, pasted: str) -> Iterator[str]:
    page.goto(stage.at(f"/?lang={lang}"))
    yield "/"
    key = page.locator("tbody a").first.get_attribute("href")
    assert key
    for path in (key, "/alarms", "/change/1", pasted):
        page.goto(stage.at(f"{path}?lang={lang}"))
        yield path


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_everybody_can_read_it_on_a_phone_and_on_a_desktop(
    stage: Stage, pasted: str, width: int, scheme: str, lang: str
) -> None:
    with browsing(width, scheme) as page:
        for path in paths(page, stage, lang, pasted):
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, f"{path} is {over} px too wide"
            found = axe.Axe().run(page).response
            assert found["passes"], "it has looked"
            bad = [
                (one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found["violations"] if grave(one)
            ]
            assert bad == [], path
            page.screenshot(path=stage.folder / f"{path.strip('/').partition('/')[0] or 'over'}-{width}-{scheme}.png")


def grave(violation: dict[str, Any]) -> bool:
    return violation["impact"] in ("serious", "critical")


def test_a_hostile_alarm_is_text(stage: Stage) -> None:
    hostile = '<img src=x onerror=alert(1)>"><script>alert(2)</script>\u202e\x1b[31m'
    with browsing() as page:
        paste(page, stage, alarm("http://127.0.0.1:1/<script>alert(3)</script>", hostile))
        assert not any("alert(" in text for text in page.locator("script").all_text_contents())
        assert "<script>alert" not in page.content().replace("&lt;", "")
        page.goto(stage.at("/alarms?lang=en"))
        time.sleep(0.2)
        assert page.locator("main script").count() == 0
