"""The window of a rotated log: which parts are read, how far, and what is not taken for read."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.checks.logs.support import OPENID, START, joined, line
from wxalarm.logs.formats import Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.parsers import detect
from wxalarm.logs.place import Log
from wxalarm.probes.logfiles import LogFile, Reading

HOUR = 3600


def choose(_: str, lines: Sequence[bytes]) -> LineParser | None:
    return detect(lines, wanted=Wanted("/callback"))


def ignore(parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
    """A sink for which only what becomes of the files counts."""


def into(chunks: list[bytes]) -> Callable[[LineParser, Log, int, bytes], None]:
    """A sink that keeps the chunks."""
    return lambda parser, log, offset, chunk: chunks.append(chunk)


def part(first: int, hours: float = 1, every: int = 20) -> list[bytes]:
    """The lines of one part of a log."""
    return [line(at) for at in range(first, first + int(hours * HOUR), every)]


def rotated(folder: Path, parts: int, written: Callable[[int], float] = lambda _: time.time()) -> list[str]:
    """access.log.1.gz to .N.gz, an hour each, the newest ends an hour after START; with these times of writing."""
    paths = []
    for number in range(1, parts + 1):
        path = folder / f"access.log.{number}.gz"
        first = START + HOUR - number * HOUR
        path.write_bytes(gzip.compress(joined(part(first)), 1))
        os.utime(path, (written(first), written(first)))
        paths.append(str(path))
    return paths


def window_of(at: int, wider: float = 0.0) -> Reading:
    return Reading(at - 60, at + 360, time.monotonic() + 60, wider=wider)


def read_parts(files: Sequence[LogFile]) -> list[int]:
    """The numbers of the parts that gave lines, the newest first."""
    return [number for number, file in enumerate(files, 1) if file.read]


@pytest.mark.parametrize(
    "written", [lambda _: time.time(), lambda first: first + HOUR, lambda _: 0.0], ids=["copied", "kept", "long ago"]
)
def test_only_the_parts_that_hold_the_window_are_read_whenever_they_were_written(
    tmp_path: Path, written: Callable[[int], float]
) -> None:
    paths = rotated(tmp_path, 12, written)
    for number in range(1, 13):
        middle = START + HOUR - number * HOUR + HOUR // 2
        seen: list[bytes] = []
        reading = window_of(middle)
        files = reading.read(paths, choose, into(seen))
        assert read_parts(files) == [number]
        assert all(file.whole for file in files)
        times = [at for chunk in seen for at in map(PARSER.seconds, PARSER.times(chunk)) if at is not None]
        wanted = {
            at for at in map(float, range(START - 12 * HOUR, START + HOUR, 20)) if reading.low <= at <= reading.high
        }
        assert wanted <= set(times)


PARSER = detect(part(START)) or pytest.fail("the guide's format")


def test_a_window_across_two_parts_is_read_from_both(tmp_path: Path) -> None:
    paths = rotated(tmp_path, 5)
    assert read_parts(window_of(START).read(paths, choose, ignore)) == [1, 2]
    assert read_parts(window_of(START + 200).read(paths, choose, ignore)) == [1]
    around: list[bytes] = []
    files = window_of(START + 200, wider=900).read(paths, choose, ignore, into(around))
    assert read_parts(files) == [1]
    assert around, "what is around the window came from the part before"


def test_parts_that_contradict_their_numbers_are_all_read(tmp_path: Path) -> None:
    """Two servers' logs of one day, in files whose names look like one log's."""
    paths = rotated(tmp_path, 3)
    for number, first in ((1, START - 3 * HOUR), (2, START - 2 * HOUR), (3, START - HOUR)):
        Path(paths[number - 1]).write_bytes(gzip.compress(joined(part(first, hours=6))))
    assert read_parts(window_of(START + HOUR // 2).read(paths, choose, ignore)) == [1, 2, 3]


def test_servers_that_are_numbered_are_no_parts(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"web-{number}.gz") for number in (1, 2, 3)]
    for number, path in enumerate(paths):
        Path(path).write_bytes(gzip.compress(joined(part(START - 2 * HOUR - number, hours=4))))
    assert read_parts(window_of(START).read(paths, choose, ignore)) == [1, 2, 3]


def test_what_the_time_did_not_suffice_for_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = tmp_path / "plain" / "access.log"
    plain.write_bytes(joined(part(START - HOUR, 2)))
    paths = [*rotated(tmp_path, 3), str(plain)]
    late = Reading(START - 60, START + 360, time.monotonic() - 1).read(paths, choose, ignore)
    assert [(file.problem, file.whole, file.reached) for file in late] == [("late", False, 0)] * 4


def test_how_far_it_was_read_when_the_time_ended(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(joined(part(START - HOUR, 48, every=1)), 1))
    reading = window_of(START + 20 * HOUR)
    reading.wider = 22 * HOUR

    def end(parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        reading.until = 0.0

    (file,) = reading.read([str(path)], choose, ignore, end)
    assert (file.problem, file.whole, file.read) == ("late", False, 0)
    assert file.reached is not None
    assert 0 < file.reached < file.size
    assert file.last is not None
    assert START - HOUR < file.last < START + 20 * HOUR


def test_the_window_was_read_when_the_time_ended_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(joined(part(START - HOUR, 48, every=1)), 1))
    reading = window_of(START)

    class Ends:
        """Its time is up when the first line behind the window is looked at."""

        name = PARSER.name

        def times(self, chunk: bytes) -> Sequence[bytes]:
            return PARSER.times(chunk)

        def seconds(self, at: bytes) -> float | None:
            found = PARSER.seconds(at)
            if found is not None and found > reading.high + reading.slack:
                reading.until = 0.0
            return found

    (file,) = reading.read([str(path)], lambda path, lines: Ends(), lambda *_: None)
    assert (file.problem, file.whole) == (None, True)
    assert file.read > 0
    reading = window_of(START)
    (file,) = reading.read([str(path)], choose, ignore)
    assert file.last is not None
    assert file.last < START + 24 * HOUR, "it is not read on for long"


@pytest.mark.parametrize(("cut", "whole"), [(0.2, False), (0.9, True)])
def test_a_file_that_breaks_off_was_read_as_far_as_it_goes(tmp_path: Path, cut: float, whole: bool) -> None:
    path = tmp_path / "access.log.gz"
    data = gzip.compress(joined(part(START - HOUR, 2, every=1)))
    path.write_bytes(data[: int(len(data) * cut)])
    (file,) = window_of(START).read([str(path)], choose, ignore)
    assert (file.problem, file.whole) == ("broken", whole)


def test_a_part_that_cannot_be_read_matters_only_where_the_window_may_be_in_it(tmp_path: Path) -> None:
    paths = rotated(tmp_path, 4)
    for number in (1, 4):
        Path(paths[number - 1]).unlink()
        Path(paths[number - 1]).mkdir()  # irregular: never a gap; unreadable cannot be made as root
    files = window_of(START - HOUR // 2).read(paths, choose, ignore)
    assert [file.problem for file in files] == ["irregular", None, None, "irregular"]
    for number in (1, 4):
        Path(paths[number - 1]).rmdir()
        Path(paths[number - 1]).write_bytes(b"\x1f\x8b\x08\0broken gzip" * 9)
    within = {at: window_of(START - at).read(paths, choose, ignore) for at in (HOUR // 2, -HOUR // 2, 5 * HOUR // 2)}
    assert [file.whole for file in within[HOUR // 2]] == [True] * 4, "it ends before 1 begins, and begins behind 4"
    assert [file.whole for file in within[-HOUR // 2]] == [False, True, True, True]
    assert [file.whole for file in within[5 * HOUR // 2]] == [True, True, True, False]


def test_the_line_of_a_packed_file_is_numbered_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    lines = [*part(START - 30 * HOUR, 30, every=5), b"y" * 200_000, line(START + 5, OPENID), line(START + 6)]
    path.write_bytes(gzip.compress(joined(lines)))
    found: list[str] = []

    def where(parser: LineParser, log: Log, offset: int, chunk: bytes) -> None:
        at = chunk.find(OPENID.encode())
        if at >= 0:
            found.append(log.place(offset + chunk.rfind(b"\n", 0, at)).text)

    (file,) = window_of(START).read([str(path)], choose, where)
    assert found == [f"{path}:{len(lines) - 1}"]
    assert file.dropped == 1


def test_more_files_than_are_opened_are_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = rotated(tmp_path, 4)
    monkeypatch.setattr("wxalarm.probes.logfiles.MAX_FILES", 2)
    files = window_of(START - 2 * HOUR).read(paths, choose, ignore)
    assert [(file.problem, file.whole) for file in files] == [(None, True)] * 2 + [("many", False)] * 2


def test_a_file_that_was_renamed_meanwhile_is_not_taken_for_the_other(tmp_path: Path) -> None:
    paths = rotated(tmp_path, 2)

    def rotate(path: str, lines: Sequence[bytes]) -> LineParser | None:
        if path == paths[1]:
            os.replace(paths[0], f"{paths[0]}.old")
            Path(paths[0]).write_bytes(gzip.compress(joined(part(START + HOUR))))
        return choose(path, lines)

    files = window_of(START + HOUR // 2).read(paths, rotate, ignore)
    assert [(file.problem, file.whole) for file in files] == [("moved", False), (None, True)]
