"""What bash, zsh and fish offer: names that only this program knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = {
    ("explain", "tcp-ref"): "tcp-refused",
    ("diagnose", "--only", "sample,tls-h"): "sample,tls-handshake",
    ("demo", "port-c"): "port-closed",
    ("diagnose", "-f", "hand"): "handoff",
    ("parse", "-f", "js"): "jsonl",
    ("lint", "--format", "sa"): "sarif",
    ("diagnose", "--lang", "z"): "zh",
    ("schema", "re"): "report",
    ("diagnose", "--account", "sh"): "shop",
}


def offered(shell: str, words: tuple[str, ...], config: Path) -> list[str]:
    line = " ".join(("wxalarm", *words))
    env = {
        "_WXALARM_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "XDG_CONFIG_HOME": str(config),
    }
    program = "import sys; sys.argv = ['wxalarm']; from wxalarm.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env={**os.environ, **env}, cwd=config)
    return done.stdout.decode().replace('"', " ").replace(":", " ").split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_a_name_is_completed(words: tuple[str, ...], shell: str, tmp_path: Path) -> None:
    (tmp_path / "wxalarm").mkdir()
    (tmp_path / "wxalarm" / "wxalarm.toml").write_text('[accounts.shop]\nappid = "wx0000000000000001"\n', "utf-8")
    assert CASES[words] in offered(shell, words, tmp_path)


def test_a_broken_configuration_offers_nothing_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "wxalarm").mkdir()
    (tmp_path / "wxalarm" / "wxalarm.toml").write_text("broken", "utf-8")
    assert offered("bash", ("diagnose", "--account", "s"), tmp_path) == []
