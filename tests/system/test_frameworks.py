"""`wxalarm verify` and `reply` against real servers: of each framework one right handler and three that people wrote.

The servers stand in tests/fixtures/servers. What is not installed is skipped, and says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.nginx.server import NGINX, TEMPS, USER, answers, in_foreground
from tests.paths import FIXTURES
from tests.ports import free_ports
from wxalarm.cli import app
from wxalarm.wechat import push
from wxalarm.wechat.catalogue import Form, by_name
from wxalarm.wechat.crypto import Keys

SERVERS = FIXTURES / "servers"
TOKEN = "wxalarmtoken"
STARTING = 90.0
"""Seconds that a server may take to listen: a JVM on a busy machine."""
NODE_PATH = "/usr/share/nodejs"
"""Where Debian's packages for Node.js are."""

EXPECTED: dict[str, dict[str, tuple[str, str]]] = {
    "flask": {
        "/right": ("", ""),
        "/json": ("verify-echo-wrong/quotes", "reply-quoted"),
        "/get-only": ("verify-echo-wrong/html", "http-status"),
        "/raises": ("http-status/500,reply-html/werkzeug", "http-status"),
    },
    "fastapi": {
        "/right": ("", ""),
        "/string": ("verify-echo-wrong/quotes", "reply-quoted"),
        "/number": ("verify-echo-wrong/number", "http-status"),
        "/object": ("verify-echo-wrong/json", "reply-json"),
    },
    "django": {
        "/right": ("", ""),
        "/not-exempt": ("", "http-status"),
        "/template": ("verify-echo-wrong/html", "reply-html"),
        "/slash": ("http-redirect/slash", "http-redirect"),
    },
    "express": {
        "/right": ("", ""),
        "/json": ("verify-echo-wrong/quotes", "reply-quoted"),
        "/number": ("verify-echo-wrong/number", "reply-echo"),
        "/post-only": ("http-status/404,reply-html/express", "reply-json"),
    },
    "java": {
        "/right": ("", ""),
        "/println": ("verify-echo-wrong/whitespace", "reply-whitespace"),
        "/bom": ("verify-echo-wrong/bom", "reply-bom"),
        "/created": ("http-status/201", "http-status"),
    },
    "php": {
        "/right": ("", ""),
        "/warning": ("verify-echo-wrong/warning,reply-html/php", "reply-html"),
        "/blank-lines": ("verify-echo-wrong/whitespace", "reply-whitespace"),
        "/page": ("http-status/404", "http-status"),
    },
    "nginx": {
        "/right": ("", ""),
        "/quotes": ("verify-echo-wrong/quotes", "reply-quoted"),
        "/moved": ("http-redirect/https", "http-redirect"),
        "/front-end": ("verify-echo-wrong/page,reply-html/spa", "http-status"),
    },
}
"""Framework → path → (what verify finds, with its case; the first code of reply)."""


def command(framework: str, port: int, folder: Path) -> list[str] | None:
    """How a server is started; None when it is not installed."""
    programs = {"express": "node", "java": "java", "php": "php"}
    if framework in programs and shutil.which(programs[framework]) is None:
        return None
    match framework:
        case "express":
            return ["node", str(SERVERS / "express_app.js"), str(port)] if _has_express() else None
        case "java":
            return ["java", str(SERVERS / "Callback.java"), str(port)] if shutil.which("javac") else None
        case "php":
            return ["php", "-S", f"127.0.0.1:{port}", str(SERVERS / "callback.php")]
        case "nginx" if NGINX is None:
            return None
        case "nginx":
            text = (SERVERS / "nginx.conf").read_text("utf-8")
            for name, value in {"PORT": str(port), "FOLDER": str(folder), "TEMPS": TEMPS}.items():
                text = text.replace(name, value)
            (folder / "index.html").write_text("<!DOCTYPE html><html><body><div id=app></div></body></html>")
            (folder / "nginx.conf").write_text(USER + text)
            return in_foreground(folder, folder / "nginx.conf")
        case _:
            return [sys.executable, str(SERVERS / f"{framework}_app.py"), str(port)]


def _has_express() -> bool:
    env = {**os.environ, "NODE_PATH": NODE_PATH}
    done = subprocess.run(["node", "-e", "require('express')"], env=env, capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(scope="module", params=EXPECTED)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(framework, the URL of its server)."""
    framework, folder, [port] = request.param, tmp_path_factory.mktemp("server"), free_ports(1)
    started = command(framework, port, folder)
    if started is None:
        pytest.skip(f"no {framework} here")
    env = {**os.environ, "NODE_PATH": NODE_PATH}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(started, env=env, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            until = time.monotonic() + STARTING
            while not answers(port):
                assert process.poll() is None, (folder / "output").read_text("utf-8", "replace")
                assert time.monotonic() < until, f"{framework} does not listen"
                time.sleep(0.05)
            yield framework, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, Any]:
    env = {"WX_TOKEN": TOKEN, "LC_ALL": "C.UTF-8"}
    result = CliRunner().invoke(app, [*arguments, "-f", "json"], input=stdin, env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def verified(url: str) -> str:
    code, found = run("verify", url, "--token-env", "WX_TOKEN")
    results = found["reports"][0]["results"]
    findings = next(result["findings"] for result in results if result["check"] == "url-verify")
    assert code == int(any(finding["severity"] == "error" for finding in findings))
    return ",".join(f"{one['code']}/{one['evidence'].get('case') or one['evidence'].get('page')}" for one in findings)


def replied(url: str) -> str:
    """The first error of the reply to a signed push, as curl saw it."""
    keys = Keys(TOKEN, "wx0000000000000001")
    made = push.push(url, by_name(Form.MESSAGE, "text"), keys, push.Moment(1700000000, "1"), account="gh_000000000001")
    headers = [part for name, value in made.headers for part in ("-H", f"{name}: {value}")]
    sent = ["curl", "-gsi", "--max-time", "30", *headers, "--data-binary", "@-", made.url]
    answer = subprocess.run(sent, input=made.body, capture_output=True, check=True).stdout
    code, found = run("reply", stdin=answer)
    errors = [finding["code"] for finding in found["findings"] if finding["severity"] == "error"]
    assert code == bool(errors)
    return errors[0] if errors else ""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_each_handler_is_judged_as_it_is(server: tuple[str, str]) -> None:
    framework, url = server
    found = {path: (verified(url + path), replied(url + path)) for path in EXPECTED[framework]}
    assert found == EXPECTED[framework]
