"""What is read from outside is read within a bound, and never waited for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from wxalarm.bounds import DIGITS, read_file, whole


def test_whole_numbers_are_ascii_and_short() -> None:
    assert whole("0") == 0
    assert whole(b"007") == 7
    assert whole(str(2**64)) == 2**64
    for text in ("", "-1", "+1", " 1", "1_0", "1.0", "²", "٣", "9" * (DIGITS + 1), "9" * 4400):
        assert whole(text) is None, text[:9]
    assert whole("123", 2) is None


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(OSError) as error:
        read_file(path, 4)
    assert error.value.errno == errno.EFBIG


@pytest.mark.parametrize("path", ["fifo", "/dev/zero", "folder"])
def test_only_regular_files_are_read(path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")  # opened to read, it waits until somebody writes
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as error:
        read_file(tmp_path / path, 1 << 20)
    assert error.value.errno in (errno.EINVAL, errno.EISDIR)
