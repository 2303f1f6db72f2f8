"""What only a terminal gets: links from codes to their explanation, and progress."""

from __future__ import annotations

from pathlib import Path

import pytest

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
