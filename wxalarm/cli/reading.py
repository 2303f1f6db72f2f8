"""Alarms out of whatever was given, one by one: stdin, files, folders, .gz, .zip, and what `parse` wrote."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import msgspec
import typer
from msgspec import Struct, field

from wxalarm import bounds
from wxalarm.cli.common import fail, none_found, paths_of, source_name
from wxalarm.cli.magic import picture
from wxalarm.cli.pasting import pasting
from wxalarm.cli.pictures import read as read_picture
from wxalarm.incidents import Fold
from wxalarm.parser.encoding import Decoder
from wxalarm.parser.stream import stream
from wxalarm.render.text import visible

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue
    from wxalarm.model import Alarm, Finding

CHUNK = 1 << 20
"""Bytes read at once."""
PICTURE = 64 << 20
"""Bytes of a picture."""
LINE = 1 << 22
"""Characters of one line of JSON."""
DOCUMENT = 1 << 28
"""Characters of a document of JSON."""
FEW = 100
"""Alarms that are diagnosed each; of more, one for each group that shows the same."""
MOST = 100
"""Groups that are diagnosed, those with the most failures; the others are only counted."""
PROBLEMS = 10_000
HEAD = 4096
"""Characters."""
CLIPBOARD = "--clipboard"
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


class Gathered(Struct):
    """What was read."""

    alarms: list[Alarm] = field(default_factory=list)
    """Those to be diagnosed."""
    groups: list[int] = field(default_factory=list)
    """The number of the group of each."""
    fold: Fold = field(default_factory=Fold)
    problems: list[Finding] = field(default_factory=list)


def gather(
    files: Sequence[str],
    command: str,
    words: Catalogue,
    instead: Callable[[str], Alarm | None] = lambda text: None,
    *,
    clip: bool = False,
    ocr: bool = False,
) -> Gathered:
    """All alarms of the inputs, folded. An input without an alarm is said; the command ends when none has any.

    instead: the alarm for which a text without one, by its beginning, may stand. clip: the clipboard's text in place of
    files. ocr: pictures are read.
    """
    found, empty = Gathered(), []
    for path in [CLIPBOARD] if clip else sources(files, words):
        before, blank, head = found.fold.alarms + found.fold.duplicates, True, ""
        try:
            for name, parts in texts(path, command, words, ocr=ocr):
                known = found.fold.alarms + found.fold.duplicates
                for alarm, problems in alarms_of(name, parts):
                    _take(found, alarm, problems)
                if found.fold.alarms + found.fold.duplicates == known and (stand_in := instead(parts.head)):
                    _take(found, stand_in, ())
                blank, head = blank and not parts.seen, head or parts.head
        except (OSError, EOFError, ValueError) as error:
            fail(words.ui("unreadable", source=source_name(path), error=getattr(error, "strerror", None) or error))
        if found.fold.alarms + found.fold.duplicates == before:
            name = source_name(path)
            empty.append(words.ui("empty_input", source=name) if blank else none_found(head, name, words))
    if not found.fold.alarms:
        fail("\n".join(empty[:20]))
    for said in empty[:20]:
        typer.echo(visible(said), err=True)
    if found.fold.alarms > FEW:
        chosen = sorted(found.fold.groups, key=lambda group: (-group.failures, -len(group.accounts)))[:MOST]
        found.alarms = [group.example for group in chosen]
        found.groups = [group.number for group in chosen]
    return found


def _take(found: Gathered, alarm: Alarm, problems: Sequence[Finding]) -> None:
    group = found.fold.add(alarm)
    if group is not None and found.fold.alarms <= FEW:
        found.alarms.append(alarm)
        found.groups.append(group.number)
    elif found.alarms and found.fold.alarms > FEW:
        found.alarms.clear()  # and the texts they came from
        found.groups.clear()
    if problems and len(found.problems) < PROBLEMS:
        found.problems += problems


def sources(files: Sequence[str], words: Catalogue) -> Iterator[str]:
    """Every file that is named, or lies in a folder that is; "-" is stdin. Hidden ones in folders are left out."""
    for path in paths_of(files, words):
        if path == "-" or not os.path.isdir(path):
            yield path
            continue
        inside = sorted(
            str(one)
            for one in Path(path).rglob("*")
            if one.is_file() and not any(part.startswith(".") for part in one.relative_to(path).parts)
        )
        if not inside:
            fail(words.ui("no_match", pattern=path))
        yield from inside


class Parts:
    """A text part by part; how it begins, and whether anything but blanks was in it."""

    def __init__(self, file: IO[bytes], limit: int | None = None) -> None:
        self._file, self._limit = file, limit
        self.seen, self.head = False, ""

    def __iter__(self) -> Iterator[str]:
        decoder = Decoder()
        read = 0
        while data := _read(self._file):
            read += len(data)
            if self._limit is not None and read > self._limit:
                raise ValueError(f"> {self._limit >> 30} GiB")
            yield self._noted(decoder.decode(data))
        yield self._noted(decoder.decode(b"", final=True))

    def _noted(self, text: str) -> str:
        self.head = self.head or text[:HEAD]
        self.seen = self.seen or bool(text.strip(" \t\r\n\0\ufeff"))
        return text


def _read(file: IO[bytes]) -> bytes:
    read1 = getattr(file, "read1", None)
    return bytes(read1(CHUNK) if read1 else file.read(CHUNK))


def texts(path: str, command: str, words: Catalogue, *, ocr: bool = False) -> Iterator[tuple[str, Parts]]:
    """(name, parts) of each text in a file: one, or those of an archive. Raises OSError, EOFError, ValueError."""
    if path == CLIPBOARD:
        # Hardly ever wanted.
        from wxalarm.cli.clipboard import clipboard

        yield CLIPBOARD, Parts(io.BytesIO(clipboard(words)))
        return
    if path == "-":
        with pasting(command, words) as file:
            yield source_name(path), _read_picture(file, source_name(path), words, ocr=ocr)
        return
    with open(path, "rb") as file:
        head = file.peek(4)[:4]
        if head == ZIP:
            yield from _zipped(path, file)
        elif head[:2] == GZIP:
            # Hardly ever wanted.
            import gzip

            with gzip.open(file) as plain:
                yield path, Parts(plain, bounds.EXPANDED)  # type: ignore[arg-type]  # GzipFile is an IO[bytes] in all but name
        else:
            yield path, _read_picture(file, path, words, ocr=ocr)


def _read_picture(file: BinaryIO, source: str, words: Catalogue, *, ocr: bool) -> Parts:
    """The parts of a text; of a picture what can be read on it."""
    head = file.peek(12)[:12] if isinstance(file, io.BufferedReader) else b""
    kind = picture(head)
    if kind is None:
        return Parts(file)
    return Parts(io.BytesIO(read_picture(file.read(PICTURE), kind, source, words, ocr=ocr)))


def _zipped(path: str, file: IO[bytes]) -> Iterator[tuple[str, Parts]]:
    # Hardly ever wanted.
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(file) as archive:
            for entry in sorted(archive.infolist(), key=lambda one: one.filename):
                if not entry.is_dir():
                    with archive.open(entry) as plain:
                        yield f"{path}/{entry.filename}", Parts(plain, bounds.EXPANDED)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from None


def alarms_of(name: str, parts: Parts) -> Iterator[tuple[Alarm, Sequence[Finding]]]:
    """The alarms of a text: as they are posted, or as `parse -f jsonl` and `-f json` write them."""
    texts = iter(parts)
    first = ""
    for part in texts:
        first += part
        if first.strip():
            break
    if first.lstrip(" \t\r\n\ufeff")[:1] == "{" and is_record(first):
        yield from _records(name, first, texts)
    else:
        yield from stream(chain([first], texts), name)


def is_record(head: str) -> bool:
    """Whether a text that begins so is what `parse` wrote, which always has these keys. JSON of others may hold the
    text of an alarm."""
    head = head[:HEAD]
    return '"wxalarm.alarms' in head or all(f'"{key}"' in head for key in ("kind", "description", "sample"))


def _records(name: str, first: str, rest: Iterator[str]) -> Iterator[tuple[Alarm, Sequence[Finding]]]:
    """Raises ValueError for what is no record of an alarm."""
    # Only for what parse wrote.
    from wxalarm.cases import alarm_of
    from wxalarm.model import Sample

    def made(record: dict[str, Any]) -> tuple[Alarm, Sequence[Finding]]:
        return alarm_of({**record, "sample": record["sample"] or Sample()}), ()

    def read(text: str) -> dict[str, Any]:
        return msgspec.json.decode(text.encode("utf-8", "surrogateescape"), type=dict[str, Any])

    number = 0
    text = first.lstrip("\ufeff")
    try:
        if text.split("\n", 1)[0].strip() == "{":  # a document of many lines
            for part in rest:
                text += part
                if len(text) > DOCUMENT:
                    raise ValueError(f"> {DOCUMENT >> 20} MiB")
            for record in read(text)["alarms"]:
                yield made(record)
            return
        for part in chain([""], rest, ["\n"]):
            text += part
            *lines, text = text.split("\n")
            if len(text) > LINE:
                raise ValueError(f"> {LINE >> 20} MiB")
            for line in lines:
                number += 1
                if line.strip():
                    yield made(read(line))
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"JSON, line {number}: {type(error).__name__}: {error}") from None
