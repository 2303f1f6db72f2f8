"""Every schema of the package is printed by its name, and is one."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.cli_support import wxalarm
from wxalarm.render.schema import schemas


@pytest.mark.parametrize("name", schemas("en"))
def test_it_is_one(name: str) -> None:
    document = json.loads(wxalarm("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(document)


def test_all_are_listed_and_an_unknown_one_is_said() -> None:
    assert wxalarm("schema").stdout.decode().split() == list(schemas("en"))
    assert {"alarms", "report", "lint", "reply", "config", "watch-alarm"} <= set(schemas("en"))
    done = wxalarm("schema", "reprot")
    assert done.returncode == 2
    assert b"report" in done.stderr
