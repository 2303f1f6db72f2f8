"""A log that grows, and what is done to it: rotated, truncated, rotated twice between two looks, written late."""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wxalarm.watch.follow import Follower, Pushes

NOW = 1_800_000_000.0


def line(
    name: str, took: float = 0.02, status: int = 200, age: float = 10.0, path: str = "/cb", method: str = "POST"
) -> str:
    at = datetime.fromtimestamp(NOW - age, UTC)
    request = f"{method} {path}?signature=x&openid={name} HTTP/1.1"
    return (
        f'203.0.113.250 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "{request}" {status} 7'
        f' "-" "Mozilla/4.0" "-" rt={took:.3f} uct="0.000" uht="{took:.3f}" urt="{took:.3f}"\n'
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(line("before"))
    return path


@pytest.fixture
def follower(log: Path) -> Iterator[Follower]:
    with contextlib.closing(Follower(log)) as made:
        made.begin()
        yield made


def append(path: Path, text: str) -> None:
    with open(path, "a") as file:
        file.write(text)


def names(lines: list[bytes]) -> list[str]:
    return [one.decode().partition("openid=")[2].partition(" ")[0] for one in lines if one]


def test_only_what_is_new_is_read_and_only_whole_lines(log: Path, follower: Follower) -> None:
    append(log, line("a") + line("b")[:40])
    assert names(follower.lines()) == ["a"]
    append(log, line("b")[40:])
    assert names(follower.lines()) == ["b"]
    assert follower.lines() == []


def test_a_rotated_log_is_read_to_its_end_and_the_new_one_from_its_beginning(log: Path, follower: Follower) -> None:
    append(log, line("a"))
    os.rename(log, f"{log}.1")
    append(Path(f"{log}.1"), line("b"))
    log.write_text(line("c"))
    assert names(follower.lines()) == ["a", "b", "c"]
    assert follower.rotated == 1


def test_a_log_rotated_twice_between_two_looks_loses_nothing(log: Path, follower: Follower) -> None:
    append(log, line("a"))
    os.rename(log, f"{log}.1")
    log.write_text(line("b"))
    os.rename(f"{log}.1", f"{log}.2")
    os.rename(log, f"{log}.1")
    log.write_text(line("c"))
    assert names(follower.lines()) == ["a", "b", "c"]
    append(log, line("d"))
    assert names(follower.lines()) == ["d"]


def test_old_logs_beside_it_are_the_past(log: Path) -> None:
    Path(f"{log}.1").write_text(line("old"))
    with gzip.open(f"{log}.2.gz", "wt") as file:
        file.write(line("older"))
    with contextlib.closing(Follower(log)) as follower:
        follower.begin()
        os.rename(f"{log}.1", f"{log}.3")
        os.rename(log, f"{log}.1")
        log.write_text(line("new"))
        assert names(follower.lines()) == ["new"]


def test_a_truncated_log_is_begun_again(log: Path, follower: Follower) -> None:
    append(log, line("a"))
    follower.lines()
    log.write_text(line("b")[:10])
    append(log, line("b")[10:])
    assert names(follower.lines()) == ["b"]
    assert follower.truncated == 1


def test_a_log_that_is_gone_for_a_moment_is_waited_for(log: Path, follower: Follower) -> None:
    append(log, line("a"))
    os.rename(log, f"{log}.1")
    assert names(follower.lines()) == ["a"]
    log.write_text(line("b"))
    assert names(follower.lines()) == ["b"]


def test_pushes_are_counted_by_their_own_times() -> None:
    pushes = Pushes("/cb")
    lines = [line(str(n), took=n / 10) for n in range(1, 50)]
    lines += [line("late", age=200.0), line("too old", age=4000.0, status=500), line("get", method="GET")]
    lines += [line("gave up", took=5.0, status=499), line("closed", took=0.01, status=499), line("else", path="/other")]
    pushes.add([one.rstrip("\n").encode() for one in lines] + [b"no line of a log"])
    found = pushes.minutes(NOW)
    assert found.per_second == pytest.approx(52 / 300)
    assert found.statuses == {"200": 50, "499": 2}
    assert found.closed == {"gave_up": 1, "closed": 1}
    assert found.most == 5.0
    assert found.p50 == pytest.approx(2.4, abs=0.2)
    assert found.close == pytest.approx(20 / 52, abs=0.01)
    assert pushes.total == {"200": 50, "500": 1, "499": 2}
    assert pushes.unread == 1
