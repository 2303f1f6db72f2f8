"""What the database has not taken, and what is on its way, is there again for the next start."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from wxalarm.watch.journal import SIZE, Journal
from wxalarm.watch.states import Change, Level, State
from wxalarm.watch.store import Message, Row, packed

MESSAGE = Message("key-1-worse", "robot", 1_800_000_000.0, "worse", {"id": "key-1-worse", "title": "店铺 is down"})
ROW = Row(
    target="key",
    time=1_800_000_000.5,
    steady=17.25,
    level=Level.DOWN,
    code="tcp-refused",
    certainty="certain",
    total=0.5,
    phases=[{"ip": "192.0.2.1", "tcp": 0.01}],
    state=State(Level.DOWN, 3.0, (Level.UP, Level.DOWN), None, 1, (2.0,), False, 4.0, 1),
    late=2,
    change=Change(1, Level.UP, Level.DOWN, 17.25, 3.0),
    saved=packed("the case"),
    messages=(MESSAGE,),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watch.journal"


def again(path: Path, use: Callable[[Journal], object] = lambda _: None) -> tuple[list[Row], dict[str, str]]:
    """Its rows and marks after it was opened, used, and opened anew without being closed."""
    use(Journal(path))
    found = Journal(path)
    rows, marks = found.rows, {one["id"]: one["state"] for one in found.marks}
    found.close()
    return rows, marks


def test_a_row_is_the_same_again_and_gone_when_the_database_has_it(path: Path) -> None:
    assert again(path) == ([], {})
    assert again(path, lambda journal: journal.keep([ROW, replace(ROW, steady=77.0, change=None, saved=None)])) == (
        [ROW, replace(ROW, steady=77.0, change=None, saved=None)],
        {},
    )
    assert again(path, lambda journal: journal.keep([ROW]))[0][0] == ROW, "it is kept once"
    assert [row.steady for row in again(path, lambda journal: journal.settle([ROW]))[0]] == [77.0]


def test_of_a_message_the_last_that_was_noted_counts(path: Path) -> None:
    assert again(path, lambda journal: journal.mark(MESSAGE, "sending"))[1] == {"key-1-worse": "sending"}
    assert again(path, lambda journal: journal.mark(MESSAGE, "sent"))[1] == {"key-1-worse": "sent"}
    assert again(path, lambda journal: journal.settle((), [MESSAGE]))[1] == {}


def test_its_size_is_the_same_from_the_beginning_to_the_end(path: Path) -> None:
    journal = Journal(path)
    random = Random(5)

    def blocks() -> int:
        return path.stat().st_blocks * 512

    assert path.stat().st_size == SIZE
    assert blocks() >= SIZE, "no hole: the room is taken"
    assert path.stat().st_mode & 0o777 == 0o600
    taken = blocks()
    for number in range(300):
        row = replace(ROW, steady=float(number), saved=random.randbytes(20_000))
        assert journal.keep([row])
        journal.mark(replace(MESSAGE, id=str(number)), "sending")
        journal.settle([row], [replace(MESSAGE, id=str(number - 3))])
    assert (path.stat().st_size, blocks()) == (SIZE, taken)
    assert [one["id"] for one in journal.marks] == ["297", "298", "299"]
    journal.close()


def test_what_finds_no_room_is_said_and_what_was_there_stays(path: Path) -> None:
    journal = Journal(path, 1 << 16)
    big = Random(5).randbytes(4000)
    kept = [journal.keep([replace(ROW, steady=float(number), saved=big)]) for number in range(10)]
    count = kept.index(False)
    assert kept == [True] * count + [False] * (10 - count)
    found = Journal(path, 1 << 16).rows
    assert [row.steady for row in found] == list(map(float, range(count)))
    journal.settle(found[:1])
    assert len(Journal(path, 1 << 16).rows) == count, "what waited has room now"


def test_what_is_torn_is_not_read_and_what_stands_before_it_is(path: Path) -> None:
    """As kill -9, a power cut or a bad disk leaves it: cut and flipped at every place of the last record."""
    journal = Journal(path)
    journal.keep([ROW])
    before = os.pread(journal._file, SIZE, 0)
    journal.keep([replace(ROW, steady=99.0)])
    after = os.pread(journal._file, SIZE, 0)
    journal.close()
    changed = [place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    for place in range(changed[0], changed[-1] + 1, 7):
        for torn in (after[:place] + before[place:], after[:place] + bytes([after[place] ^ 0xFF]) + after[place + 1 :]):
            path.write_bytes(torn)
            found = [row.steady for row in again(path)[0]]
            assert found in ([17.25], [17.25, 99.0]), place
            assert found == [17.25] or torn[: changed[-1] + 1] == after[: changed[-1] + 1]


def test_a_file_of_something_else_is_an_empty_one(path: Path) -> None:
    path.write_bytes(Random(3).randbytes(SIZE))
    assert again(path) == ([], {})
    assert again(path, lambda journal: journal.keep([ROW]))[0] == [ROW]


def test_after_the_end_nothing_is_written_into_another_file(path: Path, tmp_path: Path) -> None:
    journal = Journal(path)
    journal.close()
    other = tmp_path / "other"
    with open(other, "wb") as file:
        assert file.fileno() >= 0
        with pytest.raises(OSError, match="descriptor"):
            journal.mark(MESSAGE, "sent")
    assert other.read_bytes() == b""
