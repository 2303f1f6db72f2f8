"""What the database has not taken yet, and which messages are on their way: a file beside it whose size never changes.

A change is kept before it is told. Where the disk is full, or somebody holds the database, or it is damaged, this file
keeps it: its room was taken when it was made. It also says of each message whether it is being sent, so that the next
start after a kill knows which ones went out, and which perhaps did.

Two halves: what holds is in one of them, a rewriting goes into the other, and eight bytes at the beginning say which.
Records have a length and a checksum; what kill -9 left half written is not read.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wxalarm.watch.store import Message, Row, row_of, row_record

SIZE = 4 << 20
"""Bytes of the file: some hundred changes with their reports."""
_HEAD, _RECORD = struct.Struct("<II"), struct.Struct("<III")
_FIRST = 4096
"""Where the first half begins."""


class Journal:
    """The file. Safe for threads. Raises OSError where it cannot be made."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._half = (size - _FIRST) // 2
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._fill(size)
            self._number = self._read_head()
            records = list(self._read())
        except BaseException:
            os.close(self._file)
            raise
        self._rows: dict[tuple[str, float], dict[str, Any]] = {}
        self._marks: dict[tuple[str, str], dict[str, Any]] = {}
        for record in records:
            self._known(record)

    def _fill(self, size: int) -> None:
        """Take the room now: zeros are written, for what is only reserved may need a block more later."""
        stands = os.fstat(self._file).st_size
        while stands < size:
            stands += os.pwrite(self._file, bytes(min(1 << 16, size - stands)), stands)

    # --- what the next start is told ---

    @property
    def rows(self) -> list[Row]:
        """Rows that the database may not have, the oldest first."""
        with self._lock:
            return [row_of(record["row"]) for record in self._rows.values()]

    @property
    def marks(self) -> list[dict[str, Any]]:
        """Messages that were on their way: id, way, title, and state: sending, sent or refused."""
        with self._lock:
            return [dict(record) for record in self._marks.values()]

    @property
    def empty(self) -> bool:
        """Whether nothing is kept."""
        return not self._rows and not self._marks

    # --- what is kept ---

    def keep(self, rows: Iterable[Row]) -> bool:
        """Keep these until they are settled: rounds as long as there is much room, changes and messages always.
        Whether there was room for all changes and messages."""
        with self._lock:
            new = [row for row in rows if (row.target, row.steady) not in self._rows]
            kept = [self._add({"row": row_record(row)}) for row in new if row.change or row.messages or self._spare()]
            return all(kept)

    def _spare(self) -> bool:
        return self._end < self._half // 2

    def mark(self, message: Message, state: str) -> None:
        """A message is about to be sent (sending), was taken (sent) or was not (refused)."""
        with self._lock:
            self._add({"id": message.id, "way": message.way, "state": state, "title": message.body.get("title")})

    def settle(self, rows: Iterable[Row], marks: Iterable[Message] = ()) -> None:
        """The database has these."""
        with self._lock:
            gone = [self._rows.pop((row.target, row.steady), None) for row in rows]
            gone += [self._marks.pop((message.id, message.way), None) for message in marks]
            if any(gone):
                self._rewrite()

    def close(self) -> None:
        """Let go of the file; what is noted afterwards is an OSError, and not in whatever gets the number next."""
        with self._lock:
            os.close(self._file)
            self._file = -1

    def _known(self, record: dict[str, Any]) -> None:
        if (row := record.get("row")) is not None:
            self._rows[row["target"], row["steady"]] = record
        else:
            self._marks[record["id"], record["way"]] = record

    def _add(self, record: dict[str, Any]) -> bool:
        self._known(record)
        written = self._packed(record, self._number)
        if self._end + len(written) > self._half:
            return self._rewrite()
        os.pwrite(self._file, written, self._start + self._end)
        self._end += len(written)
        return True

    # --- bytes ---

    @property
    def _start(self) -> int:
        return _FIRST + self._number % 2 * self._half

    def _packed(self, record: Mapping[str, Any], number: int) -> bytes:
        data = zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 1)
        return _RECORD.pack(number, len(data), zlib.crc32(data)) + data

    def _read_head(self) -> int:
        number, check = _HEAD.unpack(os.pread(self._file, _HEAD.size, 0))
        return int(number) if check == zlib.crc32(number.to_bytes(4, "little")) else 0

    def _read(self) -> Iterator[dict[str, Any]]:
        half = os.pread(self._file, self._half, self._start)
        self._end = 0
        while self._end + _RECORD.size <= len(half):
            number, length, check = _RECORD.unpack_from(half, self._end)
            data = half[self._end + _RECORD.size : self._end + _RECORD.size + length]
            if number != self._number or not length or len(data) < length or zlib.crc32(data) != check:
                return
            yield json.loads(zlib.decompress(data))
            self._end += _RECORD.size + length

    def _rewrite(self) -> bool:
        """All that holds into the other half; whether there was room for all."""
        number = (self._number + 1) & 0xFFFFFFFF
        parts = [self._packed(record, number) for record in (*self._rows.values(), *self._marks.values())]
        kept, wanted = b"".join(parts), len(parts)
        while len(kept) > self._half:
            kept = kept[: -len(parts.pop())]
        os.pwrite(self._file, kept, _FIRST + number % 2 * self._half)
        os.pwrite(self._file, _HEAD.pack(number, zlib.crc32(number.to_bytes(4, "little"))), 0)
        self._number, self._end = number, len(kept)
        return len(parts) == wanted
