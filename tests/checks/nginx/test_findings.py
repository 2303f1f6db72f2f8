"""Faults with the real nginx: the code names what nginx does, the edit applies with patch, nginx loads the result."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import http.server
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.nginx.cases import BROKEN, CASES, PASS, SLOWLY, TO_APP, Case, text_of
from tests.nginx.server import TEMPS, USER, ask, needs_nginx, nginx, running
from tests.ports import free_ports
from tests.support import context_of
from wxalarm.checks.nginx import nginx_config
from wxalarm.lab.scenarios.server import GUIDE_SAMPLE
from wxalarm.model import Finding, Severity
from wxalarm.probes import nginx_files
from wxalarm.verdict.ties import DEFAULT_SERVER

pytestmark = [pytest.mark.nginx, needs_nginx]

PUSH = b"<xml><ToUserName><![CDATA[gh_000000000001]]></ToUserName></xml>".ljust(2048)
needs_patch = pytest.mark.skipif(shutil.which("patch") is None, reason="no patch here")


class _App(http.server.BaseHTTPRequestHandler):
    """Answers success, after the server's `delay`."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(getattr(self.server, "delay", 0.0))
        with contextlib.suppress(OSError):  # nginx may have given up
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"success")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def application(delay: float = 0.0) -> Iterator[int]:
    """An application behind nginx; gives its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _App) as server:
        server.daemon_threads = True
        server.delay = delay  # type: ignore[attr-defined]  # read by _App
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture(scope="module")
def apps() -> Iterator[dict[str, str]]:
    with application() as app, application(2.0) as slow:
        yield {"APP": str(app), "SLOW": str(slow), "DEAD": str(free_ports(1)[0])}


def fill(text: str, folder: Path, port: int, apps: dict[str, str]) -> str:
    for name, value in {**apps, "PORT": str(port), "DIR": str(folder), "TEMPS": TEMPS}.items():
        text = re.sub(rf"\b{name}\b", value, text)
    return text


def findings(conf: Path, port: int, **alarm: Any) -> list[Finding]:
    """What the check says of a configuration for a push from 127.0.0.1 to wx.example.com."""
    ctx = context_of(
        {
            "alarm": {"kind": "invalid-response", "sample": {"outer_ip": "127.0.0.1"}, **alarm},
            "settings": {"host": {"nginx_conf": str(conf)}},
            "target": {
                "url": f"http://wx.example.com:{port}/callback",
                "host": "wx.example.com",
                "port": port,
                "path": "/callback",
                "alarm_ip": "127.0.0.1",
                "named_by_user": True,
            },
        }
    )

    async def run() -> list[Finding]:
        return list(nginx_config.CHECK.evaluate(await nginx_config.CHECK.probe(ctx), ctx))

    return asyncio.run(run())


def push(port: int) -> int:
    return ask(port, "/callback?signature=0&timestamp=1&nonce=2", f"wx.example.com:{port}", method="POST", body=PUSH)[0]


def prepare(folder: Path, text: str) -> Path:
    (folder / "www").mkdir()
    (folder / "logs").mkdir()
    (folder / "www" / "sorry.html").write_text("<h1>sorry</h1>")
    (folder / "users").write_text("me:{PLAIN}secret\n")
    conf = folder / "nginx.conf"
    conf.write_text(USER + text, "utf-8")
    return conf


def patched(conf: Path, finding: Finding) -> None:
    """Applies the finding's edit as a user would."""
    diff = finding.evidence["diff"]
    done = subprocess.run(["patch", "-d", "/", "-p1"], input=diff.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + diff.encode()


@needs_patch
@pytest.mark.parametrize("name", CASES)
def test_code_is_what_nginx_does(name: str, tmp_path: Path, apps: dict[str, str]) -> None:
    case: Case = CASES[name]
    [port] = free_ports(1)
    conf = prepare(tmp_path, fill(text_of(case), tmp_path, port, apps))
    with running(tmp_path, conf, [port]):
        assert push(port) == case.gets
        found = findings(conf, port)
    serious = [finding for finding in found if finding.code.id in (case.code,) or finding.code.severity > Severity.NOTE]
    assert {finding.code.id for finding in serious} == ({case.code} if case.code else set())
    if case.heals is None or not case.code:
        assert not any(finding.evidence.get("diff") for finding in serious), "an edit that does not help"
        return
    patched(conf, serious[0])
    tested = nginx(tmp_path, conf, "-t")
    assert tested.returncode == 0, tested.stderr
    with running(tmp_path, conf, [port]):
        assert push(port) == case.heals
        assert case.code not in {finding.code.id for finding in findings(conf, port)}
        if name == "slash-fastcgi":
            assert conf.read_text().count("fastcgi_param") == 2, "the new location has all of the old one"
        if name == "https":
            assert ask(port, "/elsewhere", f"wx.example.com:{port}")[0] == 301, "the edit spares only the callback"


DEFAULTS = {
    "files": ("location / { root DIR/www; }", "weixin.example.com", 404, {"nginx-server-name", "nginx-static"}),
    "nothing": ("return 444;", "http://wx.example.com/callback", 0, {"nginx-name-path", "nginx-denied"}),
    "redirect": ("return 302 /x;", "www.wx.example.com", 302, {"nginx-server-name", "nginx-redirect"}),
    "application": ("location /callback { TO_APP }", "weixin.example.com", 200, set()),
}
"""The default server, the name of the one that has the callback, what a push gets, and what is told."""


@needs_patch
@pytest.mark.parametrize("name", DEFAULTS)
def test_the_default_server_answers_for_want_of_a_name(name: str, tmp_path: Path, apps: dict[str, str]) -> None:
    default, names, gets, codes = DEFAULTS[name]
    first = f"server {{ listen 127.0.0.1:PORT; server_name localhost; {default.replace('TO_APP', TO_APP)} }}"
    [port] = free_ports(1)
    conf = prepare(tmp_path, fill(text_of(Case("", PASS, gets, names=names, http=first)), tmp_path, port, apps))
    with running(tmp_path, conf, [port]):
        assert push(port) == gets
        found = [one for one in findings(conf, port) if one.code.severity is not Severity.NOTE]
    assert {one.code.id for one in found} == codes
    if codes:
        name_of, answer = sorted(found, key=lambda one: one.code.id not in ("nginx-server-name", "nginx-name-path"))
        assert DEFAULT_SERVER.holds(answer, name_of)
        patched(conf, name_of)
        with running(tmp_path, conf, [port]):
            assert push(port) == 200


@needs_patch
@pytest.mark.parametrize("name", BROKEN)
def test_what_nginx_does_not_load(
    name: str, tmp_path: Path, apps: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = BROKEN[name]
    [port] = free_ports(1)
    conf = prepare(tmp_path, fill(text, tmp_path, port, apps))
    tested = nginx(tmp_path, conf, "-t")
    assert tested.returncode != 0
    of_another = [finding.evidence["told_by"] for finding in findings(conf, port) if finding.code.id == "nginx-invalid"]
    assert set(of_another) <= {"wxalarm"}, "a file that is not this machine's own is given to nobody"

    async def built(*_: object) -> dict[str, str]:
        return {"conf-path": str(conf), "prefix": str(tmp_path)}

    monkeypatch.setattr(nginx_files, "_built", built)
    found = [finding for finding in findings(conf, port) if finding.code.severity is Severity.ERROR]
    assert [finding.code.id for finding in found] == [code]
    if code == "nginx-invalid":
        assert found[0].evidence["told_by"] == "nginx -t"
        assert found[0].evidence["message"] in tested.stderr.decode()
    else:
        patched(conf, found[0])
        assert nginx(tmp_path, conf, "-t").returncode == 0


@needs_patch
def test_the_guides_own_sample(tmp_path: Path) -> None:
    [port] = free_ports(1)
    conf = prepare(tmp_path, GUIDE_SAMPLE.replace("PORT", f"127.0.0.1:{port}"))
    assert nginx(tmp_path, conf, "-t").returncode != 0
    [found] = [finding for finding in findings(conf, port) if finding.code.severity is Severity.ERROR]
    assert found.code.id == "nginx-slash-comment"
    assert found.evidence["count"] == GUIDE_SAMPLE.count("//") - GUIDE_SAMPLE.count("://")
    patched(conf, found)
    tested = nginx(tmp_path, conf, "-t")
    assert tested.returncode == 0, tested.stderr
    assert conf.read_text("utf-8").removeprefix(USER) == re.sub(r"(?<!:)//", "#", GUIDE_SAMPLE).replace(
        "PORT", f"127.0.0.1:{port}"
    )


def many(port: int, number: int) -> list[int]:
    """Statuses of pushes at once, each on a connection of its own."""
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: push(port), range(number)))


LOADED = {
    "rate": (
        Case(
            "nginx-rate-limit",
            f"limit_req zone=z;\n        {PASS}",
            200,
            http="limit_req_zone $binary_remote_addr zone=z:1m rate=1r/s;",
        ),
        "limiting requests, excess",
    ),
    "connections-per-address": (
        Case(
            "nginx-rate-limit",
            f"limit_conn c 2;\n        {SLOWLY}",
            200,
            http="limit_conn_zone $binary_remote_addr zone=c:1m;",
        ),
        "limiting connections by zone",
    ),
    "worker-connections": (
        Case(
            "nginx-connections-low",
            SLOWLY,
            200,
            # A connection that has asked nothing yet is closed for a new one, and only a warning says so.
            main="worker_processes 1;\nerror_log logs/error.log warn;",
            events="worker_connections 16;",
        ),
        "worker_connections are not enough",
    ),
    "open-files": (
        Case("nginx-nofile-low", SLOWLY, 200, main="worker_processes 1;\nworker_rlimit_nofile 24;"),
        "Too many open files",
    ),
}


@needs_patch
@pytest.mark.slow
@pytest.mark.parametrize("name", LOADED)
def test_what_shows_only_under_load(name: str, tmp_path: Path, apps: dict[str, str]) -> None:
    case, message = LOADED[name]
    [port] = free_ports(1)
    conf = prepare(tmp_path, fill(text_of(case), tmp_path, port, apps))
    alarm = {"kind": "request-timeout", "window_minutes": 5, "count": 3000}
    with running(tmp_path, conf, [port]):
        statuses = many(port, 20)
        found = [one for one in findings(conf, port, **alarm) if one.code.severity is Severity.ERROR]
    assert set(statuses) != {200}
    assert message in (tmp_path / "logs" / "error.log").read_text("utf-8", "replace")
    assert [one.code.id for one in found if one.code.id == case.code] == [case.code], found
    patched(conf, next(one for one in found if one.code.id == case.code))
    assert nginx(tmp_path, conf, "-t").returncode == 0
    with running(tmp_path, conf, [port]):
        assert set(many(port, 20)) == {200}
        assert case.code not in {
            one.code.id for one in findings(conf, port, **alarm) if one.code.severity is Severity.ERROR
        }


SPARED = """geo $others { default 1; 127.0.0.0/8 0; } map $others $key { 0 ""; 1 $binary_remote_addr; }
limit_req_zone $key zone=z:1m rate=1r/m; limit_conn_zone $key zone=c:1m; limit_req zone=z; limit_conn c 1;"""
DRY = """limit_req_zone $binary_remote_addr zone=z:1m rate=1r/m; limit_conn_zone $binary_remote_addr zone=c:1m;
limit_req zone=z; limit_conn c 1; limit_req_dry_run on; limit_conn_dry_run on;"""


@pytest.mark.parametrize("http", ["", SPARED, DRY], ids=["plain", "spared", "dry-run"])
def test_a_healthy_nginx_under_the_same_load_gives_nothing(http: str, tmp_path: Path, apps: dict[str, str]) -> None:
    main = "worker_processes 2;\nworker_rlimit_nofile 20000;"
    case = Case("", PASS, 200, http=http, main=main, events="worker_connections 8192;")
    [port] = free_ports(1)
    conf = prepare(tmp_path, fill(text_of(case), tmp_path, port, apps))
    with running(tmp_path, conf, [port]):
        assert set(many(port, 20)) == {200}
        found = findings(conf, port, kind="request-timeout", window_minutes=5, count=3000)
    assert [one for one in found if one.code.severity is not Severity.NOTE] == []
