"""What of a log line may be shown."""

from __future__ import annotations

from wxalarm.logs.mask import MAX_SHOWN, shown


def test_signatures_are_never_shown_and_lines_are_cut() -> None:
    line = b"POST /c?signature=5ec7e7&msg_signature=7e77&timestamp=1 access_token=5ec7e7 " + b"x" * 5000
    text = shown(line)
    assert "5ec7e7" not in text
    assert "7e77" not in text
    assert "timestamp=1" in text
    assert len(text) == MAX_SHOWN
    assert "5ec7e7" not in shown(b'{"access_token": "5ec7e7", "b": 1}')
