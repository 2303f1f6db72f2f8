"""Finds and opens log files: plain, rotated, compressed. What cannot be opened is named in the result, not raised.

Read in blocks at offsets, never mapped: a log that is cut while it is read would kill the process.
"""

from __future__ import annotations

import bz2
import contextlib
import glob
import lzma
import os
import stat
import zlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from wxalarm.logs.place import Place
from wxalarm.probes import command, local, pipes

CHUNK = 128 * 1024
"""Bytes looked at in one go: a C call on more would hold up the probes that run beside it."""
SAMPLE = 64 * 1024
PACKED = 16 * 1024
"""Bytes of a compressed log that are unpacked in one go: of a usual log they make about CHUNK."""
MAX_FILES = 1000
"""Files that are opened."""
COUNTED = 16 * 1024 * 1024
"""A line's number is counted only when it stands within the first so many bytes."""
READ_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
"""What damaged data or a disk can raise."""
SUFFIXES = (".gz", ".zst", ".bz2", ".xz")
"""How the names of compressed logs end."""
_GZIP = b"\x1f\x8b"
_MAGIC = ((_GZIP, "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))


class LogFile(Struct, frozen=True):
    """One log file and how far it could be read."""

    path: str
    size: int = 0
    """Bytes on disk."""
    compressed: str | None = None
    """gzip, zstd, bzip2, xz."""
    format: str | None = None
    first: float | None = None
    """Unix seconds of the first line."""
    last: float | None = None
    """Unix seconds of the last line; of a compressed file, of the last one that was read."""
    problem: str | None = None
    """missing, unreadable, empty, binary, format, irregular, no-zstd, broken, late (the time for reading ended), moved
    (another file had its name when it was to be read), many (more than MAX_FILES), tail (only its end was read)."""
    detail: str = ""
    whole: bool = True
    """Nothing in it that may belong to the window was left unread."""
    reached: int | None = None
    """Bytes on disk as far as it was read, when the time ended before."""
    begin: int | None = None
    """Bytes before the window."""
    read: int = 0
    """Bytes of lines looked at."""
    dropped: int = 0
    """Lines over 64 KiB that were skipped."""
    backwards: float = 0.0
    """Seconds by which its time was seen to fall."""

    @property
    def usable(self) -> bool:
        """Whether it was read, if not to its end."""
        return self.problem in (None, "late", "tail") or self.read > 0


class Source(Struct):
    """An opened log. Close it, or use it in a with statement."""

    path: str
    file: BinaryIO
    size: int
    written: float
    """Unix seconds of the last write."""
    identity: tuple[int, int]
    """Device and inode: the same file under any name."""
    compressed: str | None = None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()

    def read(self, offset: int, size: int) -> bytes:
        """Bytes at an offset; fewer at the end. A log that was cut meanwhile just ends earlier."""
        self.file.seek(offset)
        parts = []
        while size > 0 and (data := self.file.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def expect(self, advice: str, offset: int = 0, size: int = 0) -> None:
        """Tell the system how the file will be read (RANDOM, NORMAL, WILLNEED), where it listens: Linux and others."""
        with contextlib.suppress(AttributeError, OSError):
            os.posix_fadvise(self.file.fileno(), offset, size, getattr(os, f"POSIX_FADV_{advice}"))

    def blocks(self) -> Generator[bytes]:
        """The decompressed bytes from the beginning. Raises OSError, EOFError, ValueError on damaged data."""
        self.file.seek(0)
        if self.compressed == "zstd":
            yield from command.stream(command.ZSTD, self.file, CHUNK)
            return
        if self.compressed == "gzip":
            yield from _gunzip(self.file)
            return
        opened: Any
        if self.compressed == "bzip2":
            opened = bz2.BZ2File(self.file)
        elif self.compressed == "xz":
            opened = lzma.LZMAFile(self.file)  # noqa: SIM115  # closed below
        else:
            opened = contextlib.nullcontext(self.file)
        with opened as stream:
            while block := stream.read(CHUNK):
                yield block

    def sample(self) -> list[bytes]:
        """Some whole lines from the beginning, the middle and the end."""
        if self.compressed:
            data = b""
            with contextlib.closing(self.blocks()) as blocks:
                try:
                    while len(data) < SAMPLE and (block := next(blocks, None)) is not None:
                        data += block
                except READ_ERRORS:
                    if not data:
                        raise
            return _whole(data[:SAMPLE], True, len(data) < SAMPLE)
        lines = _whole(self.read(0, SAMPLE), True, self.size <= SAMPLE)
        if self.size > SAMPLE:
            lines += _whole(self.read(self.size // 2, SAMPLE), False, False)
            lines += _whole(self.read(max(0, self.size - SAMPLE), SAMPLE), False, False)
        return lines

    def place(self, offset: int) -> Place:
        """Where the line at an offset (in the decompressed bytes) stands."""
        if offset > COUNTED:
            return Place(f"{self.path}@{offset}", self.compressed)
        number, left = 1, offset
        for block in self.blocks():
            number += block.count(b"\n", 0, left)
            left -= len(block)
            if left <= 0:
                break
        return Place(f"{self.path}:{number}", self.compressed)


def _gunzip(file: BinaryIO) -> Generator[bytes]:
    """What a gzip file holds, of however many members. Raises EOFError when it was cut, zlib.error when it is damaged.

    By zlib alone: GzipFile looks at every block twice more, in Python.
    """
    member = _member()
    began = False
    while packed := file.read(PACKED):
        while packed:
            if not began:
                packed = packed.lstrip(b"\0")  # a tape's padding
                if packed and not _GZIP.startswith(packed[:2]):
                    return  # what gzip itself ignores with a warning
            began = began or bool(packed)
            if block := member.decompress(packed, CHUNK):
                yield block
            packed = member.unconsumed_tail
            if member.eof:
                packed, member, began = member.unused_data, _member(), False
    while block := member.decompress(b"", CHUNK):
        yield block
    if began and not member.eof:
        raise EOFError


def _member() -> Any:
    """What unpacks one gzip member and checks its sum. zlib's class has no public name."""
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _whole(data: bytes, begins: bool, ends: bool) -> list[bytes]:
    """Up to 60 lines of a block without the cut ones at its ends."""
    lines = data.split(b"\n")
    lines = lines[0 if begins else 1 :]
    if len(lines) > 1 or not ends:
        lines = lines[:-1]  # empty after a last line break, else cut or half-written
    return lines[:60]


def expand(patterns: Sequence[str]) -> list[str]:
    """The files that patterns name, with the rotated ones beside each (access.log.1, .2.gz, -20260101.zst)."""
    found: dict[str, None] = {}
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        for name in names or [pattern]:
            found.setdefault(name)
            if not glob.has_magic(name):
                found.update(dict.fromkeys(_rotated(name)))
    return list(found)


def _rotated(name: str) -> list[str]:
    stem, suffix = os.path.splitext(glob.escape(name))
    suffixes = ("[.-][0-9]*", "[.-][0-9]*[0-9]")
    patterns = [f"{glob.escape(name)}{ending}" for ending in suffixes]
    patterns += [f"{stem}{ending}{suffix}*" for ending in suffixes] if suffix == ".log" else []
    return sorted({path for pattern in patterns for path in glob.glob(pattern)})


def opened(path: str) -> Source | LogFile:
    """An opened log, or what is wrong with it."""
    spool = None
    try:
        if pipes.is_pipe(path):
            spool = pipes.spooled(path)
            if not spool.whole:
                return LogFile(path, os.stat(spool.path).st_size, problem="late", whole=False, reached=0)
        name = Path(spool.path if spool else path)
        if not stat.S_ISREG(name.stat().st_mode):
            return LogFile(path, problem="irregular")
        file = name.open("rb", buffering=0)  # the Source closes it
    except FileNotFoundError:
        return LogFile(path, problem="missing")
    except (OSError, ValueError) as error:
        local.asked(error)
        detail = getattr(error, "strerror", None) or str(error)
        return LogFile(path, problem="unreadable", detail=detail, whole=False)
    try:
        status = os.fstat(file.fileno())
        # When a pipe's copy was written says nothing of its lines.
        written = 0.0 if spool else status.st_mtime
        source = Source(path, file, status.st_size, written, (status.st_dev, status.st_ino))
        head = source.read(0, 8)
    except OSError as error:
        file.close()
        return LogFile(path, problem="unreadable", detail=error.strerror or str(error), whole=False)
    source.compressed = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    return source
