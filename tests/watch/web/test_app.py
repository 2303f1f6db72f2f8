"""Every route over a socket: with a token, with bad requests; /api against its schema."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import jsonschema
import pytest
from starlette.routing import Route

from tests.ports import free_ports
from tests.watch import made
from tests.watch.running import get, until, watching
from wxalarm.messages import catalogue
from wxalarm.watch.service import Service
from wxalarm.watch.store import Store
from wxalarm.watch.web.app import application
from wxalarm.watch.web.guard import Guard

TOKEN = "made-up-token"
LOG: list[Path] = []
"""The access log that is followed."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("app")
    port, closed = free_ports(2)
    config = folder / "wxalarm.toml"
    (folder / "access.log").write_text("")
    config.write_text(
        f'[accounts.shop]\nurl = "http://127.0.0.1:{closed}/"\n[watch]\nevery = 5\nfor = 1\ntoken_env = "PAGE_TOKEN"\n'
        '[host]\naccess_log = ["access.log"]\n'
    )
    LOG.append(folder / "access.log")
    with watching("--config", config, folder=folder, port=port, PAGE_TOKEN=TOKEN):
        until(lambda: json.loads(get(port, "/api/changes", headers=KEY)[1])["changes"])
        yield port


KEY = {"Authorization": f"Bearer {TOKEN}"}


def routes(tmp_path: Path) -> list[Route]:
    store = Store(tmp_path / "h" / "watch.db")
    plan = made.plan(1, listen=("127.0.0.1", 1))
    guard = application(Service(plan, store, catalogue("en"), lambda *_, **__: None))
    store.close()
    assert isinstance(guard, Guard)
    return [route for route in guard.app.routes if isinstance(route, Route)]  # type: ignore[attr-defined]  # Starlette


def test_with_a_token_every_route_wants_it(port: int, tmp_path: Path) -> None:
    found = routes(tmp_path)
    assert len(found) > 12
    for route in found:
        path = route.path.replace("{id:int}", "1").replace("{of}", "change").replace("{id}", "1").replace("{key}", "x")
        path = path.replace("{name}", "page.css")
        for method in {*(route.methods or ())} - {"HEAD"}:
            status, headers = request(port, method, path)
            assert status == 401, f"{method} {path}"
            assert headers["www-authenticate"].startswith("Basic")
    for path in ("/", "/nothing", "/static/page.css", "/favicon.ico"):
        assert request(port, "GET", path)[0] in (401, 429)


def request(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/api/targets", "/api/changes", "/api/alarms"])
def test_the_api_is_as_its_schema_says(port: int, path: str) -> None:
    schema = json.loads(get(port, "/api/schema", headers=KEY)[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    status, text = get(port, path, headers=KEY)
    assert status == 200
    jsonschema.validate(json.loads(text), schema, jsonschema.Draft202012Validator)
    if path == "/api/targets":
        (target,) = json.loads(text)["targets"]
        assert (target["name"], target["state"], target["last"]["code"]) == ("shop", "down", "tcp-refused")
        status, text = get(port, f"/api/targets/{target['key']}", headers=KEY)
        assert status == 200
        jsonschema.validate(json.loads(text), schema, jsonschema.Draft202012Validator)
        assert json.loads(text)["rounds"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/target/nothing",
        "/target/%00",
        "/alarm/../../etc/passwd",
        "/alarm/' OR 1=1 --".replace(" ", "%20"),
        "/change/999999",
        "/change/-1",
        "/change/1e9",
        "/change/99999999999999999999999999/send",
        "/alarm/x/send",
        "/other/x/send",
        "/api/targets/x",
        "/nothing",
    ],
)
def test_a_path_of_nothing_is_nothing(port: int, path: str) -> None:
    assert request(port, "GET", path, KEY)[0] == 404


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 422),
        ({"text": ""}, 422),
        ({"text": "nothing to see"}, 422),
        ({"text": "\x00\ud800".encode("utf-8", "surrogatepass").decode("latin-1")}, 422),
        ({"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}, 400),
    ],
)
def test_what_is_no_alarm_is_said(port: int, fields: dict[str, str], expected: int) -> None:
    own = KEY | {"Content-Type": "application/x-www-form-urlencoded"}
    assert request(port, "POST", "/paste", own, urlencode(fields).encode())[0] == expected


def test_a_crowd_is_not_diagnosed_here(port: int) -> None:
    alarm = (
        "Appid: wx0000000000000001\n昵称: A\n时间: 2026-01-01 12:00:00\n"
        "内容: 微信服务器向公众号推送消息或事件时，解析DNS失败\n次数: 5分钟 3次\n\n"
    )
    own = KEY | {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"text": alarm * 150}).encode()
    assert request(port, "POST", "/paste", own, body)[0] == 422


def test_a_pasted_alarm_leads_to_no_server_inside(port: int) -> None:
    """As in `diagnose`: what only an alarm names is not reached when it is private, loopback or link-local."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        alarm = (
            "Appid: wx0000000000000001\n昵称: A\n时间: 2026-01-01 12:00:00\n"
            "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 3次\n错误样例: [OpenID=oAAAA]"
            f"[Stamp=1767240000][3rdUrl=http://127.0.0.1:{inside.getsockname()[1]}/x][IP=127.0.0.1][Event=subscribe]\n"
        )
        own = KEY | {"Content-Type": "application/x-www-form-urlencoded"}
        status, headers = request(port, "POST", "/paste", own, urlencode({"text": alarm}).encode())
        assert status == 303
        page = get(port, headers["location"], headers=KEY)
        assert page[0] == 200
        inside.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            inside.accept()


@pytest.mark.parametrize(
    "target", ["", "ftp://127.0.0.1/", "http://", "http://[::1", "javascript:alert(1)", "/etc/passwd"]
)
def test_what_is_no_url_is_not_probed(port: int, target: str) -> None:
    assert get(port, "/probe", headers=KEY, target=target)[0] == 400


def test_an_account_that_is_not_there_is_said(port: int) -> None:
    assert get(port, "/probe", headers=KEY, target="http://127.0.0.1:9/", account="nobody")[0] == 400


def test_another_page_cannot_make_it_probe(port: int) -> None:
    headers = KEY | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert get(port, "/probe", headers=headers, target="http://127.0.0.1:9/")[0] == 403


def test_what_the_access_log_says_is_on_the_page_and_in_the_metrics(port: int) -> None:
    with open(LOG[0], "a") as file:
        at = datetime.now(UTC)
        for took, status in ((0.02, 200), (4.0, 200), (5.0, 499)):
            file.write(
                f'203.0.113.250 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "POST /?signature=x HTTP/1.1" {status} 7 "-" "-" "-"'
                f' rt={took:.3f} uct="0.000" uht="{took:.3f}" urt="{took:.3f}"\n'
            )
    until(lambda: 'wxalarm_pushes_total{path="/",status="200"} 2.0' in get(port, "/metrics", headers=KEY)[1])
    text = get(port, "/metrics", headers=KEY)[1]
    assert 'wxalarm_pushes_closed{case="gave_up",path="/"} 1.0' in text
    assert "wxalarm_pushes_close_ratio" in text
    page = get(port, "/", headers=KEY, lang="en")[1]
    assert "statuses 200: 2, 499: 1; 499 after 5 s 1, at once 0" in page
