"""The access log as it grows: what is new since the last look, and what the last minutes' pushes were like.

A log may be rotated (renamed, copied and truncated, twice between two looks), and lines come when nginx writes its
buffer. What was open is read to its end before the new file is begun; files that came and went in between are found
beside it, unless they are compressed by then.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from wxalarm.logs.access import number, split_499
from wxalarm.logs.formats import LineFormat, Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.parsers import detect
from wxalarm.logs.records import fits
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

PIECE = 4 << 20
"""Bytes of one look at most; more waits for the next."""
LONGEST = 1 << 16
"""Bytes of a line without an end that are kept."""
SAMPLE = 50
"""Lines by which the format is found."""
MINUTES = 5
MOST = 200_000
"""Pushes that are kept."""


class Follower:
    """One growing file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rotated = self.truncated = 0
        self._file: BinaryIO | None = None
        self._seen: set[tuple[int, int]] = set()
        """Device and inode of every file that was read to its end, or passed over at the start."""
        self._rest = b""

    def begin(self) -> None:
        """Go to the end: what is there already is the past. Raises OSError."""
        self._file = open(self.path, "rb")  # noqa: SIM115  # kept open from one look to the next
        self._file.seek(0, os.SEEK_END)
        for beside in self._beside():
            with contextlib.suppress(OSError):
                self._seen.add(_identity(os.stat(beside)))

    def close(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()

    def lines(self) -> list[bytes]:
        """Whole lines that are new. Raises OSError when nothing can be read."""
        if self._file is None:
            self.begin()
        assert self._file is not None
        found = self._read(self._file)
        try:
            there = os.stat(self.path)
        except FileNotFoundError:  # between two names
            return found
        mine = os.fstat(self._file.fileno())
        if _identity(there) == _identity(mine):
            if there.st_size < self._file.tell():
                self.truncated += 1
                self._file.seek(0)
                self._rest = b""
                found += self._read(self._file)
            return found
        self.rotated += 1
        self._seen.add(_identity(mine))
        self._file.close()
        self._rest = b""
        for beside in sorted(self._beside(), key=_age):
            with contextlib.suppress(OSError), open(beside, "rb") as between:
                identity = _identity(os.fstat(between.fileno()))
                if identity not in self._seen and identity != _identity(there) and beside.suffix != ".gz":
                    self._seen.add(identity)
                    found += self._read(between)
                    self._rest = b""
        self._file = open(self.path, "rb")  # noqa: SIM115  # as above
        return found + self._read(self._file)

    def _read(self, file: BinaryIO) -> list[bytes]:
        data = self._rest + file.read(PIECE)
        *lines, self._rest = data.split(b"\n")
        if len(self._rest) > LONGEST:
            self._rest = b""
        return lines

    def _beside(self) -> Iterator[Path]:
        return self.path.parent.glob(f"{self.path.name}?*")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


@dataclass(frozen=True, slots=True)
class Minutes:
    """Pushes of the last MINUTES, by the times of their lines."""

    per_second: float
    p50: float | None
    p95: float | None
    most: float | None
    close: float | None
    """The share between WeChat's 3 and 5 s."""
    statuses: dict[str, int]
    closed: dict[str, int]
    """499 by `split_499`: "gave_up" at WeChat's limit, "closed" at once."""


@dataclass(slots=True)
class Pushes:
    """What the log's lines say. path: of the callback."""

    path: str
    format: LineFormat | None = None
    unread: int = 0
    """Lines of no known form."""
    total: Counter[str] = field(default_factory=Counter)
    """Pushes so far by status."""
    _recent: deque[tuple[float, float | None, str]] = field(default_factory=lambda: deque(maxlen=MOST))
    _parser: LineParser | None = None

    def add(self, lines: list[bytes]) -> None:
        """More lines, late ones too: each counts for its own time."""
        wanted = Wanted(self.path)
        if self._parser is None and lines:
            self._parser = detect(lines[:SAMPLE], [self.format] if self.format else [], wanted)
        for line in lines:
            record = self._parser.record(line) if self._parser else None
            if record is None or self._parser is None:
                self.unread += bool(line.strip())
                continue
            if not fits(record, wanted):
                continue
            stamp = record.get("time_local") or record.get("msec") or record.get("time_iso8601") or ""
            time = self._parser.seconds(stamp.encode())
            status = record.get("status", "")
            self.total[status] += 1
            if time is not None:
                self._recent.append((time, number(record.get("request_time", "").encode()), status))

    def minutes(self, now: float) -> Minutes:
        """The last MINUTES."""
        recent = [one for one in self._recent if 0 <= now - one[0] < 60 * MINUTES]
        times = sorted(took for _, took, _ in recent if took is not None)
        close = sum(SLOW_AFTER < took <= WAIT for took in times)
        return Minutes(
            len(recent) / (60 * MINUTES),
            times[len(times) // 2] if times else None,
            times[min(len(times) - 1, int(len(times) * 0.95))] if times else None,
            times[-1] if times else None,
            close / len(times) if times else None,
            dict(Counter(status for _, _, status in recent)),
            dict(Counter(split_499(took) for _, took, status in recent if status == "499")),
        )
