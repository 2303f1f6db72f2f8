"""Whose a file is: nobody but the user and root may have been able to write it, nor anything on the way down to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from wxalarm import trust
from wxalarm.model import Reason

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file two folders down that is the user's alone."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, mode=0o755)
    (folder.parent).chmod(0o755)
    path = folder / "wxalarm.toml"
    path.write_text("", "utf-8")
    path.chmod(0o644)
    assert trust.unsafe(path) is None
    return path


def said(path: Path, reason: str) -> str:
    """Which step of the way is to blame."""
    found = trust.unsafe(path)
    assert found is not None
    assert (found.id, found.values["place"]) == (reason, str(path))
    return str(found.values.get("path"))


@pytest.mark.parametrize("step", ["a", "a/b", "a/b/wxalarm.toml"])
def test_what_everybody_may_write(file: Path, tmp_path: Path, step: str) -> None:
    blamed = tmp_path / step
    blamed.chmod(blamed.stat().st_mode | stat.S_IWOTH)
    assert said(file, "trust-writable") == str(blamed)
    blamed.chmod(blamed.stat().st_mode & ~stat.S_IWOTH)
    assert trust.unsafe(file) is None


@ROOT_ONLY
@pytest.mark.parametrize("step", ["a", "a/b", "a/b/wxalarm.toml"])
def test_what_belongs_to_somebody_else(file: Path, tmp_path: Path, step: str) -> None:
    os.chown(tmp_path / step, 12345, -1)
    assert said(file, "trust-owner") == str(tmp_path / step)


@ROOT_ONLY
@pytest.mark.parametrize("step", ["a", "a/b", "a/b/wxalarm.toml"])
def test_what_a_group_of_others_may_write(file: Path, tmp_path: Path, step: str) -> None:
    blamed = tmp_path / step
    blamed.chmod(blamed.stat().st_mode | stat.S_IWGRP)
    assert trust.unsafe(file) is None, "root's own group holds nobody else"
    os.chown(blamed, -1, 12345)
    assert said(file, "trust-writable") == str(blamed), "nobody knows who is in a group without a name"


class Entry:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


@pytest.mark.parametrize(
    ("primary", "listed", "others", "alone"),
    [
        (500, [], [], True),
        (500, ["me"], [], True),
        (500, ["me", "other"], [], False),
        (500, ["gone"], [], False),
        (500, [], [("other", 77, 500)], False),
        (501, ["me"], [], False),
    ],
    ids=["empty", "listed", "another listed", "an unknown one listed", "another's own", "a project's"],
)
def test_a_group_of_one(
    primary: int, listed: list[str], others: list[tuple[str, int, int]], alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project's group may be entered by set-gid programs, or by others tomorrow: only the user's own counts."""
    people = [("me", 42, primary), ("other", 77, 77), *others]
    known = [Entry(pw_name=name, pw_uid=uid, pw_gid=gid) for name, uid, gid in people]

    def by(field: str) -> Callable[[object], Entry]:
        def find(wanted: object) -> Entry:
            found = [one for one in known if getattr(one, field) == wanted]
            if not found:
                raise KeyError(wanted)
            return found[0]

        return find

    monkeypatch.setattr(os, "geteuid", lambda: 42)
    monkeypatch.setattr("pwd.getpwnam", by("pw_name"))
    monkeypatch.setattr("pwd.getpwuid", by("pw_uid"))
    monkeypatch.setattr("pwd.getpwall", lambda: known)
    monkeypatch.setattr("grp.getgrgid", lambda gid: Entry(gr_mem=listed))
    assert trust._group_of_one(500) is alone


def test_a_list_of_who_may_write_is_no_group_of_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(0o664)
    monkeypatch.setattr(trust, "_group_of_one", lambda gid: True)
    assert trust.unsafe(file) is None
    monkeypatch.setattr(os, "listxattr", lambda path: ["system.posix_acl_access"])
    assert said(file, "trust-writable") == str(file)


def test_in_a_sticky_folder_the_user_s_own_folder_is_safe_and_a_file_is_not(file: Path, tmp_path: Path) -> None:
    """/tmp: others cannot touch what is mine there, but may link a file of mine to any name."""
    file.parent.parent.chmod(0o1777)
    assert trust.unsafe(file) is None
    file.parent.chmod(0o1777)
    assert said(file, "trust-shared") == str(file.parent)


def test_a_link_is_followed_step_by_step(file: Path, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    (open_to_all / "real.toml").write_text("", "utf-8")
    open_to_all.chmod(0o777)
    file.unlink()
    for target in (open_to_all / "real.toml", Path("../../open/real.toml")):
        file.symlink_to(target)
        assert said(file, "trust-writable") == str(open_to_all)
        file.unlink()
    (tmp_path / "closed").mkdir(mode=0o755)
    (tmp_path / "closed" / "real.toml").write_text("", "utf-8")
    (open_to_all / "way").symlink_to(tmp_path / "closed")
    file.symlink_to(open_to_all / "way" / "real.toml")
    assert said(file, "trust-writable") == str(open_to_all), "whoever writes there may turn the link"
    file.unlink()
    file.symlink_to(tmp_path / "closed" / "real.toml")
    assert trust.unsafe(file) is None


@ROOT_ONLY
def test_a_link_of_somebody_else_s(file: Path) -> None:
    real = file.rename(file.with_name("real.toml"))
    file.symlink_to(real)
    assert trust.unsafe(file) is None
    os.chown(file, 12345, -1, follow_symlinks=False)
    assert said(file, "trust-owner") == str(file)


def test_links_in_a_ring_and_what_is_not_there_are_said(file: Path) -> None:
    file.unlink()
    said(file, "trust-unreadable")
    file.symlink_to(file)
    said(file, "trust-unreadable")


def test_a_file_is_agreed_to_by_path_and_content(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    record = trust.agreement(file, b"this")
    assert record is not None
    assert not trust.agreed(file, b"this")
    record.parent.mkdir(parents=True)
    record.write_text("", "utf-8")
    assert trust.agreed(file, b"this")
    assert not trust.agreed(file, b"that")
    assert not trust.agreed(tmp_path / "other.toml", b"this")
    (tmp_path / "link").symlink_to(file)
    assert trust.agreed(tmp_path / "link", b"this"), "the same file by another name"
    record.parent.chmod(0o777)
    assert not trust.agreed(file, b"this"), "anybody may have agreed there"


def test_without_a_home_nothing_is_agreed_to(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert trust.agreement(file, b"") is None
    assert not trust.agreed(file, b"")


def test_the_repair_is_a_command_to_paste(tmp_path: Path) -> None:
    folder = tmp_path / "a b; touch x"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "wxalarm.toml").write_text("", "utf-8")
    reason = trust.unsafe(folder / "wxalarm.toml")
    assert isinstance(reason, Reason)
    assert reason.values["repair"] == f"chmod go-w '{folder}'"
