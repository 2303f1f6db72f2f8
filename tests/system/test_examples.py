"""The examples of packaging/ci work as they stand: their commands are run, their patterns met."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli_support import wxalarm
from tests.paths import FIXTURES, ROOT

EXAMPLES = ROOT / "packaging" / "ci"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with alarm fixtures, as the examples expect them."""
    shutil.copytree(FIXTURES / "alarms" / "mark-fail", tmp_path / "tests" / "alarms")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_workflow_checks_fixtures(repository: Path) -> None:
    steps = re.findall(r"- run: wxalarm (.*)", (EXAMPLES / "github-workflow.yml").read_text("utf-8"))
    assert steps
    for step in steps:
        assert wxalarm(*shlex.split(step)).returncode == 0
    assert json.loads((repository / "wxalarm.sarif").read_text("utf-8"))["version"] == "2.1.0"
    next((repository / "tests" / "alarms").glob("*.json")).write_text('{"kind": "dns-failure"}', "utf-8")
    assert wxalarm(*shlex.split(steps[0])).returncode == 1


def test_the_hook_runs_on_what_its_pattern_names(repository: Path) -> None:
    text = (EXAMPLES / "pre-commit-config.yaml").read_text("utf-8")
    (entry,) = re.findall(r"entry: wxalarm (.*)", text)
    (pattern,) = re.findall(r"files: (.*)", text)
    files = [str(path.relative_to(repository)) for path in repository.rglob("*") if path.is_file()]
    assert files
    assert all(re.search(pattern, name) for name in files)
    assert wxalarm(*shlex.split(entry), *files).returncode == 0
