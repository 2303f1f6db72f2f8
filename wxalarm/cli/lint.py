"""`wxalarm lint`: walk the paths, read the fixtures, write the problems, the fixes or the diff."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wxalarm.bounds import ALARMS
from wxalarm.cli import flags
from wxalarm.cli.common import (
    UNTOLD,
    USAGE,
    Output,
    apart,
    fail,
    in_color,
    looked_over,
    nearest,
    outputs_of,
    read_bytes,
    source_name,
    without_secrets,
    words_of,
    write_outputs,
    write_stdout,
)
from wxalarm.cli.magic import picture
from wxalarm.lint import ALL, Linted, Linter, Source
from wxalarm.lint import fix as fixes
from wxalarm.model import Severity
from wxalarm.patch import unified
from wxalarm.probes.files import replace
from wxalarm.render import lint_machine, lint_text
from wxalarm.render.text import visible

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

FORMATS = ("text", "json", "sarif", "github", "junit")
Paths = Annotated[list[str] | None, typer.Argument(metavar="[PATH…|-]")]
Select = Annotated[list[str] | None, typer.Option("--select", metavar="CODE")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="CODE")]
Fix = Annotated[bool, typer.Option("--fix")]
Diff = Annotated[bool, typer.Option("--diff")]
Statistics = Annotated[bool, typer.Option("--statistics")]


def lint(
    paths: Paths = None,
    formats: flags.Format = None,
    fix: Fix = False,
    diff: Diff = False,
    select: Select = None,
    ignore: Ignore = None,
    statistics: Statistics = False,
    lang: flags.Lang = None,
) -> None:
    """Check alarm fixtures: text against the rules, and against the expected record in the .json beside it."""
    words = words_of(lang)
    outputs = outputs_of(formats or (), FORMATS, "text", words)
    if fix and diff:
        fail(words.ui("one_of_them", given="--fix, --diff"))
    apart((output.path for output in outputs), lambda: _read_by(paths or ("-",), words), words)
    linter = Linter(_selected(select, ignore, words))
    errors: list[str] = []
    files: list[Linted] = []
    changes: list[Source] = []
    for source in _sources(paths or ("-",), words, errors, fix=fix):
        file = linter.lint(source)
        if diff:
            write_stdout(_diff(source, file))
        elif fix:
            file = _fix(source, file, linter, changes, errors)
        files.append(file)
    if changes:
        _say(words.ui("lint_fixed", files=len(changes)))
    refused = write_outputs(
        [output for output in outputs if output.path or not (diff or (output.format == "text" and not files))],
        lambda output: looked_over(output, without_secrets(output, _text(output, files, words, statistics=statistics))),
        words,
    )
    for error in errors:
        _say(error)
    raise typer.Exit(USAGE if errors else _exit_code(files) or UNTOLD * refused)


def _exit_code(files: Sequence[Linted]) -> int:
    """1 when there is an error, else 0: the same in every format."""
    return int(any(problem.finding.code.severity is Severity.ERROR for file in files for problem in file.problems))


def _say(message: str) -> None:

    typer.echo(visible(message), err=True)


def _selected(select: Sequence[str] | None, ignore: Sequence[str] | None, words: Catalogue) -> frozenset[str]:
    """The ids of the codes to report. An unknown code or prefix ends the command with the nearest."""
    ids = [code.id for code in ALL]
    chosen = _matching(select, ids, words) if select else frozenset(ids)
    if select and not chosen:
        fail(words.ui("lint_no_code"))
    return chosen - _matching(ignore, ids, words)


def _matching(values: Sequence[str] | None, ids: Sequence[str], words: Catalogue) -> frozenset[str]:

    found: set[str] = set()
    for name in (name.strip() for value in values or () for name in value.split(",") if name.strip()):
        matching = {code for code in ids if code.startswith(name)}
        if not matching:
            fail(words.ui("lint_selected", name=name) + nearest(name, ids, words))
        found |= {name} if name in matching else matching
    return frozenset(found)


# --- reading ---------------------------------------------------------------------------------------------------------


def _sources(patterns: Sequence[str], words: Catalogue, errors: list[str], *, fix: bool) -> Iterator[Source]:
    """Every fixture that the arguments name, each once. What cannot be read goes to `errors`; the rest is linted."""
    seen: set[str] = set()
    for path in _files(patterns, words):
        if path == "-":
            if fix:
                fail(words.ui("lint_stdin"))
            data = read_bytes(path, "lint", words)
            if not data.strip():
                fail(words.ui("empty_input", source=source_name(path)))
            if kind := picture(data[:12]):
                fail(words.ui("picture", source=source_name(path), kind=kind))
            yield Source(source_name(path), data)
            continue
        key = _key(path)
        if key in seen:
            continue
        seen.add(key)
        expected = os.path.splitext(path)[0] + ".json"
        try:
            source = Source(path, _read(path), expected, _read(expected) if os.path.lexists(expected) else None)
        except OSError as error:
            name = error.filename if isinstance(error.filename, str) else path
            errors.append(words.ui("unreadable", source=name, error=error.strerror or error))
            continue
        if len(source.data) > ALARMS or len(source.expectation or b"") > ALARMS:
            errors.append(words.ui("too_large", source=path, limit=ALARMS // 2**20))
            continue
        if kind := picture(source.data[:12]):
            errors.append(words.ui("picture", source=path, kind=kind))
            continue
        yield source


def _read_by(patterns: Sequence[str], words: Catalogue) -> Iterator[str]:
    """Every file that is going to be read."""
    for path in _files(patterns, words):
        yield from (path, os.path.splitext(path)[0] + ".json")


def _key(path: str) -> str:
    """One name for a file, however it is named."""
    try:
        return os.path.abspath(path)
    except OSError:  # the current folder is gone
        return path


def _read(path: str) -> bytes:
    """The bytes of a file, one more than the limit at most."""
    with open(path, "rb") as file:
        return file.read(ALARMS + 1)


def _files(patterns: Sequence[str], words: Catalogue) -> Iterator[str]:
    """Files as they are named, the *.txt of folders, the matches of globs. Nothing found ends the command: a lint of
    no files must not pass."""
    for pattern in patterns:
        if pattern == "-":
            yield pattern
            continue
        magic = glob.has_magic(pattern) and not os.path.lexists(pattern)
        found = sorted(glob.glob(pattern, recursive=True)) if magic else [pattern]
        files = [file for name in found for file in _expand(name)]
        if not files:
            fail(words.ui("no_match" if magic else "lint_nothing", pattern=pattern))
        yield from files


def _expand(name: str) -> list[str]:
    """The *.txt below a folder, hidden ones and links to folders left out; a record stands for the text beside it."""
    if not os.path.isdir(name):
        text = os.path.splitext(name)[0] + ".txt"
        return [text if name.endswith(".json") and os.path.lexists(text) else name]
    found = []
    for folder, folders, files in os.walk(name):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        found += [
            path
            for each in sorted(files)
            if each.endswith(".txt")
            and not each.startswith(".")
            and not _is_special(path := os.path.normpath(os.path.join(folder, each)))
        ]
    return found


def _is_special(path: str) -> bool:
    """Whether reading would wait for somebody: a pipe or a socket in a folder is no fixture."""
    return os.path.exists(path) and not os.path.isfile(path)


# --- writing ---------------------------------------------------------------------------------------------------------


def _text(output: Output, files: Sequence[Linted], words: Catalogue, *, statistics: bool) -> str:

    match output.format:
        case "json":
            return lint_machine.json(files, words)
        case "sarif":
            return lint_machine.sarif(files, words)
        case "github":
            return lint_machine.github(files, words)
        case "junit":
            return lint_machine.junit(files, words)
    return lint_text.render(files, words, color=in_color(output.path), statistics=statistics)


def _fix(source: Source, file: Linted, linter: Linter, changes: list[Source], errors: list[str]) -> Linted:
    """Write the fixes and lint again. A file that cannot be written stays as it was, with its problems."""
    mended = fixes.fix(source, [problem.finding for problem in file.problems])
    if mended == source:
        return file
    try:
        _write(source, mended)
    except OSError as error:
        errors.append(f"{source.path}: {error.strerror or error}")
        return file
    changes.append(mended)
    return linter.lint(mended)


def _write(old: Source, new: Source) -> None:
    """The changed files of a fixture, beside and renamed; a link keeps pointing where it did."""
    if new.data != old.data:
        path = os.path.realpath(old.path)
        replace(Path(path), new.data, os.stat(path).st_mode & 0o777)
    if new.expectation is not None and new.expectation != old.expectation and new.expectation_path is not None:
        replace(Path(os.path.realpath(new.expectation_path)), new.expectation)


def _diff(old: Source, file: Linted) -> str:
    """The unified diff of the fixes of one fixture, as patch reads it."""
    new = fixes.fix(old, [problem.finding for problem in file.problems])
    text = _changes(old.path, old.data, new.data)
    if new.expectation is not None and new.expectation_path is not None:
        text += _changes(new.expectation_path, old.expectation, new.expectation)
    return text


def _changes(path: str, old: bytes | None, new: bytes) -> str:

    if old == new:
        return ""
    before, after = ((data or b"").decode("utf-8", "surrogateescape") for data in (old, new))
    name = visible(path).lstrip("/")
    return unified(before, after, "/dev/null" if old is None else f"a/{name}", f"b/{name}")
