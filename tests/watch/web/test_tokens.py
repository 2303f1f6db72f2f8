"""The door of the tokens beside the page: for who shows the watch token as Bearer, and for no browser."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_ports
from tests.watch.running import get, until, watching
from wxalarm.tokens import row as rows
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import look, make
from wxalarm.watch.web.guard import COOKIE

APPID = "wx0000000000000001"
PLATFORM = "wx0000000000000002"
NAME = f"{APPID}/access_token"
TOKEN, VALUE = "made-up-page-token", "made-up-access-token"
CONFIG = f"""
[accounts.shop]
appid = "{APPID}"
url = "http://127.0.0.1:9/"
[platforms.mine]
appid = "{PLATFORM}"
[store]
url = "sqlite:///{{folder}}/tokens.db"
"""
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    config = folder / "wxalarm.toml"
    config.write_text(CONFIG.format(folder=folder) + '[watch]\ntoken_env = "PAGE_TOKEN"\n')
    store = open_store(f"sqlite:///{folder}/tokens.db")
    make(store, NAME, rows.given(VALUE, 7200.0))
    store.close()
    with watching("--config", config, folder=folder, port=port, PAGE_TOKEN=TOKEN):
        yield port


def ask(port: int, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


def test_the_watch_token_as_bearer_opens_it(port: int, folder: Path) -> None:
    assert ask(port, "GET", "/token/shop", RIGHT) == (200, VALUE)
    assert ask(port, "POST", "/rejected/shop", RIGHT, "another") == (204, "")
    assert ask(port, "POST", "/ticket/mine", RIGHT, "ticket@@@1") == (204, "")
    store = open_store(f"sqlite:///{folder}/tokens.db")
    assert look(store, f"{PLATFORM}/component_verify_ticket").row.value == "ticket@@@1"
    store.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": basic(TOKEN)},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": basic(TOKEN), "Cookie": f"{COOKIE}={TOKEN}"},
        {"Authorization": TOKEN, "Cookie": f"{COOKIE}={TOKEN}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/token/shop"),
        ("GET", "/token/shop?access_token=made-up-page-token"),
        ("POST", "/rejected/shop"),
        ("POST", "/ticket/mine"),
        ("POST", "/authorized/mine?authorizer=wx0000000000000003"),
    ],
)
def test_the_pages_password_and_its_cookie_do_not(
    port: int, folder: Path, method: str, path: str, headers: dict[str, str]
) -> None:
    status, body = ask(port, method, path, headers, VALUE if method == "POST" else "")
    assert status == 401
    assert VALUE not in body
    store = open_store(f"sqlite:///{folder}/tokens.db")
    assert look(store, NAME).row.rejected_at == 0.0
    store.close()


def test_the_page_itself_is_open_to_them(port: int) -> None:
    """So that it is the door that refuses, and not a wrong password."""
    assert get(port, "/", headers={"Authorization": basic(TOKEN)})[0] == 200
    assert get(port, "/", headers={"Cookie": f"{COOKIE}={TOKEN}"})[0] == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "evil.example.com"}, 421),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, 403),
    ],
)
def test_host_and_origin_are_looked_at_as_everywhere(port: int, headers: dict[str, str], expected: int) -> None:
    assert ask(port, "GET", "/token/shop", RIGHT | headers)[0] == expected


@pytest.mark.parametrize("missing", ["token", "store"])
def test_without_a_token_or_a_store_there_is_no_such_path(tmp_path: Path, missing: str) -> None:
    (port,) = free_ports(1)
    config = tmp_path / "wxalarm.toml"
    watch = "" if missing == "token" else '[watch]\ntoken_env = "PAGE_TOKEN"\n'
    config.write_text(CONFIG.format(folder=tmp_path) + watch)
    if missing == "token":
        store = open_store(f"sqlite:///{tmp_path}/tokens.db")
        make(store, NAME, rows.given(VALUE, 7200.0))
        store.close()
    with watching("--config", config, folder=tmp_path, port=port, PAGE_TOKEN=TOKEN):
        assert ask(port, "GET", "/token/shop", RIGHT) == (404, "")
        assert ask(port, "POST", "/ticket/mine", RIGHT, "ticket@@@1") == (404, "")
    assert (tmp_path / "tokens.db").exists() is (missing == "token"), "none is made by asking"


def test_a_configuration_that_is_read_again_names_the_store_from_then_on(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    config = tmp_path / "wxalarm.toml"
    text = CONFIG.format(folder=tmp_path) + '[watch]\ntoken_env = "PAGE_TOKEN"\n'
    config.write_text(text)
    for name in ("tokens.db", "other.db"):
        store = open_store(f"sqlite:///{tmp_path}/{name}")
        make(store, NAME, rows.given(f"of-{name}", 7200.0))
        store.close()
    with watching("--config", config, folder=tmp_path, port=port, PAGE_TOKEN=TOKEN):
        assert ask(port, "GET", "/token/shop", RIGHT) == (200, "of-tokens.db")
        config.write_text(text.replace("/tokens.db", "/other.db"))
        (pid,) = (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and of(one, config))
        os.kill(pid, signal.SIGHUP)
        until(lambda: ask(port, "GET", "/token/shop", RIGHT) == (200, "of-other.db"))


def of(process: Path, config: Path) -> bool:
    """Whether a process was started with this configuration."""
    with contextlib.suppress(OSError):
        return str(config) in (process / "cmdline").read_text()
    return False
