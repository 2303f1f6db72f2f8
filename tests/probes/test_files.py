"""Files are written whole or not at all, and nothing is left beside them."""

from __future__ import annotations

import ast
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.probes import files, token_cache


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    draft = files.Draft(path)
    draft.write(b"ne")
    assert path.read_bytes() == b"old", "until it is finished"
    draft.write(b"w")
    draft.finish()
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_a_dropped_draft_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    draft = files.Draft(path)
    draft.write(b"x")
    draft.drop()
    draft.drop()
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_written_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    for path, error in (
        (tmp_path / "folder", IsADirectoryError),
        (tmp_path / "file" / "below", NotADirectoryError),
        (tmp_path / "none" / "below", FileNotFoundError),
    ):
        with pytest.raises(error):
            files.replace(path, b"new")
        files.keep(path, b"new") if path.parent == tmp_path / "file" else None
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize("write", [files.replace, files.keep])
def test_a_link_is_replaced_and_not_followed(write: Callable[[Path, bytes], None], tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write(link, b"new")
    assert (link.is_symlink(), link.read_bytes(), target.read_bytes()) == (False, b"new", b"old")


def test_what_a_killed_run_left_blocks_no_later_one(tmp_path: Path) -> None:
    """In a container every run has the same process id."""
    drafts = [files.Draft(tmp_path / "a") for _ in range(3)]
    assert len(os.listdir(tmp_path)) == 3
    for number, draft in enumerate(drafts):
        draft.write(b"%d" % number)
        draft.finish()
    assert [(tmp_path / name).read_bytes() for name in os.listdir(tmp_path)] == [b"2"]


def test_a_name_may_be_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    files.replace(tmp_path / ("x" * 255), b"whole")
    assert os.listdir(tmp_path) == ["x" * 255]


def test_an_open_file_of_ours_is_written_as_it_is(tmp_path: Path) -> None:
    with open(tmp_path / "a", "wb") as file:
        for name in ("/dev/fd/{}", "/proc/self/fd/{}"):
            files.replace(Path(name.format(file.fileno())), b"part")
    assert (tmp_path / "a").read_bytes() == b"partpart"
    assert os.listdir(tmp_path) == ["a"]


def test_a_pipe_that_somebody_put_into_a_folder_of_all_is_not_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.replace(pipe, b"mine")
        assert os.read(reader, 9) == b"mine"
        if os.geteuid() == 0:
            os.chown(pipe, 12345, 12345)
            tmp_path.chmod(0o1777)
            with pytest.raises(PermissionError):
                files.replace(pipe, b"mine")
    finally:
        os.close(reader)


ENDED = """
import os, sys, threading, time
from pathlib import Path
from wxalarm.probes import files
folder, number = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
while True:
    drafts = [files.Draft(folder / f"{index}") for index in range(3)]
    for draft in drafts:
        draft.write(b"x" * 100_000)
    for draft in drafts[:2]:
        draft.finish()
    drafts[2].drop()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_whichever_signal_ends_it_nothing_is_left_beside(number: signal.Signals, tmp_path: Path) -> None:
    chance = random.Random(number)  # no secret: when a signal comes
    for turn in range(15):
        folder = tmp_path / str(turn)
        folder.mkdir()
        with subprocess.Popen(
            [sys.executable, "-c", ENDED, str(folder), str(int(number))],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() / 50)
            process.send_signal(number)
            assert process.wait(30) == -number, "the exit code tells the signal"
        assert set(os.listdir(folder)) <= {"0", "1"}
        assert all(path.stat().st_size == 100_000 for path in folder.iterdir())


def test_signals_are_left_alone_when_nothing_is_unfinished(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in files.ENDINGS]
    draft = files.Draft(tmp_path / "a")
    assert [signal.getsignal(number) for number in files.ENDINGS] != before
    draft.finish()
    assert [signal.getsignal(number) for number in files.ENDINGS] == before


def test_a_signal_that_is_switched_off_stays_so(tmp_path: Path) -> None:
    """nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        draft = files.Draft(tmp_path / "a")
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        draft.finish()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_modes(tmp_path: Path) -> None:
    files.replace(tmp_path / "a", b"", 0o640)
    files.keep(tmp_path / "cache" / "b", b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "cache", "cache/b")]
    assert modes == [0o640, 0o700, 0o600]


def test_a_device_is_written_as_it_is() -> None:
    files.replace(Path("/dev/null"), b"gone")
    assert not Path("/dev/null").is_file()


def test_no_other_module_renames_files() -> None:
    """`path.replace(other)` and os.replace: text's replace takes two arguments."""
    home = ROOT / "wxalarm" / "probes" / "files.py"
    found: list[str] = []
    for path in sorted((ROOT / "wxalarm").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                renames = node.func.attr in {"rename", "renames"} or (
                    node.func.attr == "replace" and len(node.args) == 1 and not node.keywords
                )
                system = isinstance(node.func.value, ast.Name) and node.func.value.id == "os"
                if renames or (system and node.func.attr in {"replace", "link", "symlink"}):
                    found.append(str(path.relative_to(ROOT)))
    assert found == [str(home.relative_to(ROOT))]


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert files.cache_folder() is None
    token_cache.store("https://api.weixin.qq.com", "wx1", "TOKEN", 7200.0)
    assert token_cache.load("https://api.weixin.qq.com", "wx1") is None
    token_cache.drop("https://api.weixin.qq.com", "wx1")


def test_both_caches_are_in_the_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    token_cache.store("https://api.weixin.qq.com", "wx1", "TOKEN", 7200.0)
    assert [path.parent for path in tmp_path.rglob("token-*")] == [files.cache_folder()]
    assert token_cache.load("https://api.weixin.qq.com", "wx1") == "TOKEN"
