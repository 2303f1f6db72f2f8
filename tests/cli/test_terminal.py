"""What only a terminal gets: links from codes to their explanation, and progress."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.test_reading import ALARM, QUICK
from tests.cli_support import on_terminal, wxalarm

pytest.importorskip("pty")
LINK = "\x1b]8;;http"
SHOWS = (
    ALARM.format(n=1)
    .replace("推送消息或事件后，开发者5秒内没有返回", "推送消息或事件后，得到的回应不合法")
    .replace("[Event=Subscribe]", "[http_code=502][Event=Subscribe]")
    .encode()
)


def test_a_code_leads_to_its_explanation_where_the_terminal_can() -> None:
    shown = on_terminal("diagnose", *QUICK, stdin=SHOWS)
    assert LINK in shown
    assert "http-status\x1b]8;;\x1b\\)" in shown


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "linux"}])
def test_no_other_terminal_gets_any(env: dict[str, str]) -> None:
    shown = on_terminal("diagnose", *QUICK, stdin=SHOWS, env=env)
    assert "(http-status)" in shown
    assert "\x1b]" not in shown


def test_neither_a_pipe_nor_a_file_gets_any(tmp_path: Path) -> None:
    assert b"\x1b" not in wxalarm("diagnose", *QUICK, stdin=SHOWS).stdout
    on_terminal("diagnose", *QUICK, "-f", f"text={tmp_path / 'report'}", stdin=SHOWS)
    assert "\x1b" not in (tmp_path / "report").read_text("utf-8")


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("lang", "of"), [("en", "s of 1"), ("zh", "秒（上限 1")])
def test_progress_says_what_is_waited_for_against_its_limit(lang: str, of: str) -> None:
    with silent() as port:
        asked = ("--only", "http-request", "--timeout", "2", "--lang", lang)
        shown = on_terminal("probe", f"http://127.0.0.1:{port}/wx", *asked, errors=True)
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))
    waiting = [line for line in lines if f"HTTP 127.0.0.1:{port} · 1." in line]
    assert waiting, shown
    assert all(of in line for line in waiting)
    assert all(cell_len(line) <= 80 for line in lines)


def test_without_a_terminal_there_is_no_progress() -> None:
    with silent() as port:
        done = wxalarm("probe", f"http://127.0.0.1:{port}/wx", "--only", "http-request", "--timeout", "1")
    assert done.stderr == b""
