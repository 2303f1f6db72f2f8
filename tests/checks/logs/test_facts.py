"""What a log that was not read to its end still tells: an error found in it, and never that nothing is there."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.checks.logs.support import OPENID, START, alarm
from wxalarm.checks.check import Skip, Untold
from wxalarm.checks.logs import access_rules
from wxalarm.checks.logs.facts import LOG_PARTLY_READ, push, readable, told
from wxalarm.config import Settings
from wxalarm.diagnosis import contexts

ERROR, WARNING, NOTE = access_rules.LOG_CLIENT_GAVE_UP, access_rules.LOG_CLIENT_CLOSED, LOG_PARTLY_READ


def seen(*, whole: bool) -> Any:
    file = SimpleNamespace(path="/var/log/nginx/access.log.1", whole=whole, problem="broken", detail="crc")
    return cast("Any", SimpleNamespace(files=[file], limit=8.0))


def test_an_error_that_was_found_stands_whatever_was_not_read() -> None:
    found = [NOTE(files=None, dropped=1), ERROR(count=1)]
    assert told(seen(whole=False), found) == found


@pytest.mark.parametrize("found", [[], [NOTE(files=None, dropped=1)], [WARNING(count=1)]])
def test_without_an_error_what_was_not_read_cannot_be_told(found: list[Any]) -> None:
    with pytest.raises(Untold):
        told(seen(whole=False), found)
    assert told(seen(whole=True), found) == found


@pytest.mark.parametrize(("msg_type", "named"), [(20100, False), (20101, False), (20000, True), (None, True)])
def test_what_goes_to_a_platform_itself_names_no_user(msg_type: int | None, named: bool) -> None:
    told_of = alarm()
    (ctx,) = contexts([replace(told_of, sample=replace(told_of.sample, msg_type=msg_type))], Settings())
    found = push(ctx)
    assert (found.user == OPENID) is named
    assert any(b"timestamp=" in needle for needle in found.needles) is not named
    line = {"request": f"POST /callback?signature=a&timestamp={START}&nonce=1 HTTP/1.1"}
    assert found.match(line) == "timestamp"


PROBLEMS = (
    "unreadable",
    "no-zstd",
    "many",
    "moved",
    "binary",
    "format",
    "broken",
    "irregular",
    "empty",
    "twice",
    "any",
)
"""Why a log could not be read, the most telling first."""


@pytest.mark.parametrize(("first", "then"), list(pairwise(PROBLEMS)))
def test_of_several_logs_that_could_not_be_read_the_most_telling_is_named(first: str, then: str) -> None:
    files: Any = [
        SimpleNamespace(path=f"/var/log/{problem}.log", problem=problem, detail="", usable=False)
        for problem in (then, first)
    ]
    with pytest.raises(Skip) as skipped:
        readable(files)
    reason = skipped.value.reason
    assert (reason.id, reason.values["path"]) == (
        "log-unknown" if first == "format" else f"log-{first}",
        f"/var/log/{first}.log",
    )
    readable([*files, cast("Any", SimpleNamespace(usable=True))])
