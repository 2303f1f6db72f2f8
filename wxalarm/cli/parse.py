"""`wxalarm parse`: files, globs or stdin of any size → alarms as table, json, jsonl or csv."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import (
    FOR_PEOPLE,
    INTERRUPTED,
    USAGE,
    Output,
    apart,
    fail,
    none_found,
    on_screen,
    outputs_of,
    paths_of,
    source_name,
    stdout_lost,
    terminal_width,
    words_of,
)
from wxalarm.model import Alarm, Finding, Severity
from wxalarm.parser.encoding import Decoder
from wxalarm.parser.stream import stream
from wxalarm.render.alarms import FORMATS, Format, format_of, problem_line, shown

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue
    from wxalarm.probes.files import Draft
    from wxalarm.render.redact import Redactor

CHUNK = 1 << 20
"""Bytes read at once."""
SILENCE = 1.0
"""Seconds without a byte on stdin after which what has come is given out."""
HEAD = 4096
"""Characters that tell what a text without an alarm is."""
SHOWN_PROBLEMS = 20
"""Problem lines on stderr; the others are counted. `-f json` has them all."""
Redact = Annotated[bool, typer.Option("--redact")]


def parse(
    files: flags.Files = None, formats: flags.Format = None, redact: Redact = False, lang: flags.Lang = None
) -> None:
    """Turn pasted alarm texts into records: a table, json, jsonl or csv."""

    # The catalogue is read only when something has to be said in words.
    def words() -> Catalogue:
        return words_of(lang)

    if lang is not None:
        words()
    outputs = outputs_of(formats or (), FORMATS, "table", words)
    paths = paths_of(files or (), words)
    apart((output.path for output in outputs), lambda: paths, words)
    run = _Run(words, _sinks(outputs, words, words() if lang is not None else None), redact=redact)
    try:
        run.files(paths)
        raise typer.Exit(run.finish())
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    finally:
        run.drop()


class _Run:
    """Reads the inputs one after another, writes every alarm at once, keeps count of what went wrong."""

    def __init__(self, words: Callable[[], Catalogue], sinks: Sequence[_Sink], *, redact: bool) -> None:
        self.words = words
        self.sinks = sinks
        self.redactor = _redactor() if redact else None
        self.unusable = self.errors = False
        self.problems: list[Finding] = []
        self.unshown = 0
        # A document lists all problems; the other formats leave them to stderr, and only so many are kept.
        self.keep_all = any(sink.output.format == "json" for sink in sinks)

    def files(self, paths: Sequence[str]) -> None:
        for sink in self.sinks:
            sink.write(sink.format.head())
        for path in paths:
            if self.closed:
                return
            self.file(path)

    def file(self, path: str) -> None:
        """One input. What cannot be read, is empty or has no alarm is said, and the others are still parsed."""
        name = source_name(path)
        reader = _Reader(path, self.words)
        found = False
        try:
            shown_name = self.redactor.text(name) if self.redactor else name
            for alarm, problems in stream(reader.texts(), shown_name):
                found = True
                self.alarm(alarm)
                for problem in problems:
                    self.problem(problem)
                if self.closed:
                    return
        except OSError as error:
            self.say(self.words().ui("unreadable", source=name, error=error.strerror or error))
            return
        if not found:
            words = self.words()
            self.say(
                words.ui("empty_input", source=name)
                if reader.blank
                else none_found(reader.head, name, words, reader.begin)
            )

    @property
    def closed(self) -> bool:
        """Whether nobody reads any of the outputs any more."""
        return self.sinks[0].closed and all(sink.closed for sink in self.sinks)

    def alarm(self, alarm: Alarm) -> None:
        if self.redactor is not None:
            alarm = self.redactor.alarm(alarm)
        for sink in self.sinks:
            text = sink.format.alarm(alarm)
            if self.redactor is not None:
                self.safe(sink, text if isinstance(text, str) else text.decode("utf-8", "replace"))
            sink.write(text)

    def safe(self, sink: _Sink, text: str) -> None:
        """Ends the command, and leaves no file, when a redacted record still looks like a secret: no record of the
        alarm is written."""
        # For --redact alone.
        from wxalarm.render.redact import leak

        if found := leak(text):
            self.drop()
            path = sink.output.path or "stdout"
            said = {"path": path, "line": found.line, "column": found.column, "kind": found.kind}
            fail(self.words().ui("output_refused", **said), 3)

    def problem(self, problem: Finding) -> None:
        self.errors = self.errors or problem.code.severity is Severity.ERROR
        if self.redactor is not None:
            problem = self.redactor.finding(problem)
        if self.keep_all or len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)
        else:
            self.unshown += 1

    def say(self, message: str) -> None:
        """Why an input was of no use; the exit code will be 2."""
        # Most inputs are of use, and this loads rich.
        from wxalarm.render.text import visible

        self.unusable = True
        typer.echo(visible(message), err=True)

    def finish(self) -> int:
        """Complete the outputs, say the problems, and give the exit code."""
        for sink in self.sinks:
            sink.write(sink.format.tail(self.problems))
            sink.finish()
        if not any(sink.output.format == "json" for sink in self.sinks):
            self.say_problems()
        return USAGE if self.unusable or any(sink.failed for sink in self.sinks) else int(self.errors)

    def say_problems(self) -> None:
        # A note (a body that WeChat cut) is no news to somebody who reads the records.
        for problem in self.problems:
            if problem.code.severity is not Severity.NOTE:
                typer.echo(problem_line(problem, self.words()), err=True)
        if self.unshown:
            typer.echo(self.words().ui("parse_more", count=self.unshown), err=True)

    def drop(self) -> None:
        for sink in self.sinks:
            sink.drop()


def _redactor() -> Redactor:
    # For --redact alone.
    from wxalarm.cli.state import redaction_key
    from wxalarm.render.redact import Redactor

    return Redactor(redaction_key())


class _Reader:
    """The text of one input, part by part."""

    def __init__(self, path: str, words: Callable[[], Catalogue]) -> None:
        self.path, self.words = path, words
        self.blank = True
        """Nothing but blanks has been read so far."""
        self.head, self.begin = "", b""
        """The beginning of the text, and of its bytes."""

    def texts(self) -> Iterator[str | None]:
        """The parts in order; None for a silence. Raises OSError."""
        decoder = Decoder()
        for data in self.chunks():
            if data is None:
                yield decoder.decode(b"", final=True)  # which keeps the first bytes until it is sure of their encoding
                yield None
                decoder = Decoder()
                continue
            self.begin = self.begin or data[:HEAD]
            text = decoder.decode(data)
            self.blank = self.blank and not text.strip(" \t\r\n\0\ufeff")
            self.head = self.head or text[:HEAD]
            yield text
        text = decoder.decode(b"", final=True)
        self.blank = self.blank and not text.strip(" \t\r\n\0\ufeff")
        self.head = self.head or text[:HEAD]
        yield text

    def chunks(self) -> Iterator[bytes | None]:
        """The bytes. A pipe gives what is there: its alarms are not held back until a mebibyte has come, nor, behind
        `tail -F`, until the next one comes: None stands for a second of silence."""
        stdin = self.path == "-"
        if stdin and sys.stdin.isatty():
            typer.echo(self.words().ui("paste_hint", command="parse"), err=True)
        with open(sys.stdin.fileno() if stdin else self.path, "rb", buffering=0, closefd=not stdin) as file:
            quiet = self.path == "-" and os.name == "posix"
            fresh = False
            while True:
                if quiet and not select.select([file], [], [], SILENCE if fresh else None)[0]:
                    fresh = False
                    yield None
                    sys.stdout.buffer.flush()
                    continue
                if not (data := file.read(CHUNK)):
                    return
                fresh = True
                yield data


def _sinks(outputs: Sequence[Output], words: Callable[[], Catalogue], kinds: Catalogue | None) -> list[_Sink]:
    """The open outputs. One that cannot be opened ends the command, and the others leave nothing behind. kinds: the
    language that was asked for."""
    sinks: list[_Sink] = []
    try:
        for output in outputs:
            width = _width() if output.path is None else 80
            sinks.append(
                _Sink(output, format_of(output.format, words, width, file=output.path is not None, kinds=kinds))
            )
    except OSError as error:
        for sink in sinks:
            sink.drop()
        fail(f"{output.path}: {error.strerror or error}")
    return sinks


def _width() -> int:
    """Columns of a table: the terminal's, else 80."""
    return terminal_width(1000) if sys.stdout.isatty() or "COLUMNS" in os.environ else 80


class _Sink:
    """Where one format goes. A file is written beside and renamed at the end, so that it is never half written."""

    def __init__(self, output: Output, form: Format) -> None:
        self.output, self.format = output, form
        self.closed = self.failed = False
        self._to_terminal = on_screen(output.path)
        self._draft: Draft | None = None
        self._encoding = "utf-8"
        if output.path is not None:
            # For a file only: the package of probes loads ssl.
            from wxalarm.probes.files import Draft

            self._draft = Draft(output.path)
        elif output.format in FOR_PEOPLE:
            self._encoding = sys.stdout.encoding or "utf-8"

    def write(self, text: str | bytes) -> None:
        """Write a part; a closed pipe (| head) is no error and closes the sink."""
        if self.closed or not text:
            return
        if isinstance(text, bytes) and (self._to_terminal or self._encoding != "utf-8"):
            text = text.decode()
        if isinstance(text, str) and self._to_terminal and not text.isprintable():
            text = shown(text)
        try:
            if isinstance(text, str):
                data = text.encode(self._encoding, "surrogateescape" if self._draft else "backslashreplace")
            else:
                data = text
            (self._draft or sys.stdout.buffer).write(data)
        except OSError as error:
            self._lost(error)

    def finish(self) -> None:
        """Make the output whole."""
        try:
            if self._draft is None:
                sys.stdout.buffer.flush()
            else:
                self._draft.finish()
        except OSError as error:
            self._lost(error)

    def drop(self) -> None:
        """Leave no half-written file."""
        if self._draft is not None:
            self._draft.drop()

    def _lost(self, error: OSError) -> None:
        """A closed pipe is no error; a full disk is said, leaves no half-written file, and costs no other output."""
        self.closed = True
        self.drop()
        try:
            if self._draft is None:
                stdout_lost(error)
            else:
                fail(f"{self.output.path}: {error.strerror or error}")
        except typer.Exit:
            self.failed = True
