"""`wxalarm init`: writes the file to fill in, in the reader's language, and never over another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli_support import wxalarm
from wxalarm.config import Source, load
from wxalarm.messages import LANGUAGES, Lang, catalogue
from wxalarm.render import config


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_writes_a_file_that_loads(lang: Lang, tmp_path: Path) -> None:
    path = tmp_path / "wxalarm.toml"
    done = wxalarm("init", path, "--lang", lang)
    assert (done.returncode, done.stdout.decode().strip()) == (0, str(path))
    assert f"wxalarm config trust {path}" in done.stderr.decode()
    assert path.read_text("utf-8") == config.template(catalogue(lang))
    assert load(path).source == Source(str(path), "named")


def test_it_leaves_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "wxalarm.toml"
    path.write_text("mine", "utf-8")
    done = wxalarm("init", path)
    assert (done.returncode, path.read_text("utf-8")) == (2, "mine")
    assert b"--force" in done.stderr
    assert wxalarm("init", path, "--force").returncode == 0
    assert "[accounts.main]" in path.read_text("utf-8")
