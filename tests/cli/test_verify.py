"""`wxalarm verify`: live against a server, offline from what people paste; exit codes, formats, what it refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.cells import cell_len

from tests.cli_support import wxalarm
from tests.paths import FIXTURES
from wxalarm.messages import LANGUAGES
from wxalarm.wechat import crypto
from wxalarm.wechat.verify import query_of

FOLDER = FIXTURES / "verifications"
SCHEMA = json.loads(resources.files("wxalarm").joinpath("schemas/verify-1.json").read_text("utf-8"))
TOKEN, KEY, CORP = "wxalarmtoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww0000000000000001"
ENV = {"WX_TOKEN": TOKEN, "WX_KEY": KEY}
Answer = Callable[[dict[str, str]], tuple[int, bytes]]


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """The URL of a server that answers a GET by its query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(query_of(self.path))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/wx"
        finally:
            server.shutdown()
            thread.join()


def right(query: dict[str, str]) -> tuple[int, bytes]:
    if not query or query["signature"] != crypto.signature(TOKEN, query["timestamp"], query["nonce"]):
        return 403, b""
    return 200, query["echostr"].encode()


def live(answer: Answer, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """(exit code, findings of url-verify by code) of a run against a server."""
    with served(answer) as url:
        done = wxalarm("verify", url, *arguments, "-f", "json", env={**ENV, **(env or {})})
    results = json.loads(done.stdout)["reports"][0]["results"]
    findings = next(result["findings"] for result in results if result["check"] == "url-verify")
    return done.returncode, {finding["code"]: finding["evidence"].get("case") for finding in findings}


def test_live_right_is_0() -> None:
    assert live(right, "--token-env", "WX_TOKEN") == (0, {})


@pytest.mark.parametrize(("answer", "said"), [(right, b"ACCEPTED"), (lambda query: (500, b""), b"REJECTED")])
def test_the_verdict_stands_on_stderr_in_a_word(answer: Answer, said: bytes) -> None:
    with served(answer) as url:
        done = wxalarm("verify", url, "--token-env", "WX_TOKEN", "--lang", "en", env=ENV)
    assert done.stderr.startswith(said)
    assert b"explains this alarm" not in done.stdout


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (lambda query: (200, b""), {"verify-echo-wrong": "empty-asked"}),
        (lambda query: (200, b"success"), {"verify-echo-wrong": "success-asked"}),
        (lambda query: (200, b'"%s"' % query.get("echostr", "").encode()), {"verify-echo-wrong": "quotes"}),
        (lambda query: (404, b""), {"http-status": "404"}),
        (lambda query: (405, b""), {"http-status": "405"}),
        (lambda query: (403, b""), {"http-status": "signed"}),
    ],
    ids=["empty", "success", "quotes", "404", "405", "403"],
)
def test_live_wrong_is_1_also_where_pushes_would_not_mind(answer: Answer, found: dict[str, str]) -> None:
    assert live(answer, "--token-env", "WX_TOKEN") == (1, found)


def test_live_with_a_token_that_the_handler_refuses() -> None:
    assert live(right, "--token-env", "OTHER", env={"OTHER": "notthetoken"}) == (1, {"http-status": "signed"})


def wecom(query: dict[str, str]) -> tuple[int, bytes]:
    if "msg_signature" not in query:
        return 403, b""
    sealed = query["echostr"]
    if query["msg_signature"] != crypto.signature(TOKEN, query["timestamp"], query["nonce"], sealed):
        return 403, b""
    return 200, crypto.decrypt(sealed, (KEY,), CORP)


def test_live_wecom_is_encrypted(tmp_path: Path) -> None:
    config = tmp_path / "wxalarm.toml"
    table = f'[accounts.work]\nappid = "{CORP}"\ntoken_env = "WX_TOKEN"\nencoding_aes_key_env = "WX_KEY"\n'
    config.write_text(table, "utf-8")
    known = ("--config", str(config), "--account", "work", "--token-env", "WX_TOKEN", "--work")
    assert live(wecom, *known) == (0, {})
    assert live(lambda query: (200, query.get("echostr", "").encode()), *known) == (1, {"verify-echo-wrong": "sealed"})


def test_without_a_token_nothing_is_sent() -> None:
    asked: list[dict[str, str]] = []

    def heard(query: dict[str, str]) -> tuple[int, bytes]:
        asked.append(query)
        return 200, b""

    with served(heard) as url:
        done = wxalarm("verify", url, "--lang", "en", env={})
        unset = wxalarm("verify", url, "--token-env", "NOT_SET", "--lang", "en", env={})
    assert (done.returncode, unset.returncode, asked) == (2, 2, [])
    assert b"--token-env T" in done.stderr
    assert unset.stderr == b"--token-env NOT_SET: this variable is not set\n"


@pytest.mark.parametrize(
    ("case", "code"), [("right-body", 3), ("verbose-right", 0), ("quotes", 1), ("log-right-size", 3), ("timed-out", 1)]
)
def test_offline_exit_codes(case: str, code: int) -> None:
    path = FOLDER / f"{case}.txt"
    for done in (wxalarm("verify", str(path)), wxalarm("verify", stdin=path.read_bytes())):
        assert done.returncode == code


@pytest.mark.parametrize("said", ["请求URL超时", "提示：Token验证失败", "系统发生错误，请稍后重试"])
def test_what_the_console_said_is_no_answer(said: str) -> None:
    done = wxalarm("verify", "--lang", "en", stdin=said.encode())
    assert done.returncode == 2
    assert b"This is what the console said" in done.stderr


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_every_fixture_gives_valid_json_and_text_of_80_columns(path: Path) -> None:
    from typer.testing import CliRunner

    from wxalarm.cli import app

    def run(*arguments: str) -> tuple[int, str]:
        env = {"LC_ALL": "C.UTF-8", "COLUMNS": "80"}
        result = CliRunner().invoke(app, ["verify", str(path), "--echostr", "8641591277801631551", *arguments], env=env)
        return result.exit_code, result.stdout

    code, out = run("-f", "json")
    found = json.loads(out)
    jsonschema.validate(found, SCHEMA)
    assert code == {True: 0, False: 1, None: 3}[found["accepted"]]
    for lang in LANGUAGES:
        again, text = run("--lang", lang)
        assert again == code
        assert all(cell_len(line) <= 80 for line in text.splitlines()), text
        assert text.replace("\n", "").isprintable()


def test_the_token_tells_that_the_consoles_is_another() -> None:
    path = str(FOLDER / "verbose-wrong-token.txt")
    done = wxalarm("verify", path, "--token-env", "OTHER", "--lang", "en", env={"OTHER": "x"})
    assert b"error[verify-token]" in done.stdout
    assert b"verify-token" not in wxalarm("verify", path, "--token-env", "WX_TOKEN", "--lang", "en", env=ENV).stdout


@pytest.mark.parametrize("source", ["wx.example.com/callback", "wx.example.com:8080/", "203.0.113.19/WX/"])
def test_a_url_without_its_scheme_is_no_file(source: str) -> None:
    done = wxalarm("verify", source, "--lang", "en")
    assert done.returncode == 2
    assert b"http" in done.stderr
    assert b"cannot be read" not in done.stderr


LOGGED = (
    '203.0.113.10 - - [15/Nov/2023:06:13:20 +0800] "GET /wx?signature=3f1d&timestamp=1700000000&nonce=1'
    '&echostr=8641591277801631551 HTTP/1.1" %s "-" "Mozilla/4.0"'
)


@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        (
            ("500 6603", "200 0", "200 19"),
            3,
            b"in line 3. Before it: line 1 (HTTP 500, 6603 bytes), line 2 (HTTP 200, ",
        ),
        (("200 19", "301 162"), 1, b"in line 2. Before it: line 1 (HTTP 200, 19 bytes)"),
        (("301 162",), 1, b""),
    ],
)
def test_of_several_attempts_in_a_log_the_last_one_counts_and_the_others_are_told(
    answers: tuple[str, ...], code: int, said: bytes
) -> None:
    done = wxalarm("verify", "--lang", "en", stdin="\n".join(LOGGED % one for one in answers).encode())
    assert done.returncode == code
    assert said in done.stderr
    assert bool(said) is bool(done.stderr)


LOG = b"""$ docker logs wx
2024-12-25 10:04:56.118  INFO 1 --- [main] c.e.Wx : started
2024-12-25 10:04:57.512 ERROR 1 --- [exec-3] c.e.Wx : failed

java.lang.IllegalArgumentException: no account wx0000000000000001
\tat com.example.Wx.get(Wx.java:41)
"""


@pytest.mark.parametrize(("lang", "said"), [("en", "log of an application"), ("zh", "业务日志")])
def test_an_applications_log_is_no_answer_and_its_last_error_is_said(lang: str, said: str) -> None:
    done = wxalarm("verify", "-", "--lang", lang, stdin=LOG)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
    assert "IllegalArgumentException: no account wx0000000000000001" in done.stderr.decode()


@pytest.mark.parametrize(
    "body",
    [
        b"<!-- 2024-12-25 10:04:56 -->\n2024-12-25 10:04:57\n<html></html>",
        b"2024-12-25 10:04:57 8641591277801631551",
        b"8641591277801631551\n",
    ],
)
def test_a_time_or_two_make_no_log(body: bytes) -> None:
    assert wxalarm("verify", "-", stdin=body).returncode != 2
