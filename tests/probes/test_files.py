"""Files are written whole or not at all, and nothing is left beside them."""

from __future__ import annotations

import ast
import os
import stat
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


def test_a_link_stays_unless_the_file_is_ours(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    files.replace(link, b"new")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"new")
    files.keep(link, b"ours")
    assert (link.is_symlink(), link.read_bytes(), target.read_bytes()) == (False, b"ours", b"new")


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
