"""What every command shares: inputs, encodings, the language, `-f FORMAT[=FILE]`, the exit codes of usage errors."""

from __future__ import annotations

import glob
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, TypeAlias

import typer

from wxalarm.bounds import ALARMS
from wxalarm.nearest import nearest as like

if TYPE_CHECKING:
    from wxalarm.config import Settings
    from wxalarm.messages import Catalogue
    from wxalarm.render.redact import Leak

USAGE = 2
"""Exit code: wrong usage, unreadable, empty or alarm-free input, a glob that matches nothing."""
INTERRUPTED = 130
UNTOLD = 3
"""Exit code: nothing failed, but something could not be told, or was not written since it looked like a secret; a fault
of this program itself, too."""
FOR_PEOPLE = ("text", "table", "csv")
"""Formats in the locale's encoding on stdout: read on a screen, or by the spreadsheet of this machine."""


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Say why on stderr and exit."""
    # A command that goes well shows nothing that has to be made visible, and nothing that quotes a password.
    from wxalarm.render.redact import Redactor
    from wxalarm.render.text import visible

    typer.echo(visible(Redactor(reveal=True).text(message), keep_newlines=True), err=True)
    raise typer.Exit(code)


def language_of(*wanted: str | None) -> str:
    """The first language that is wanted at all, else that of the locale: zh… gives Chinese, all else English."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return next((lang for lang in wanted if lang), "zh" if locale.lower().startswith("zh") else "en")


def words_of(lang: str | None, settings: Settings | None = None) -> Catalogue:
    """The catalogue of --lang, else of the configuration, else of the locale (zh… gives Chinese), else English."""
    # `parse` says nothing most of the time, and the catalogue takes longer to load than an alarm to parse.
    from wxalarm.messages import LANGUAGES, catalogue

    chosen = language_of(lang, os.environ.get("WXALARM_LANG"), settings.output.lang if settings else None)
    if chosen not in LANGUAGES:
        fail(catalogue("en").ui("bad_lang", lang=chosen, known=LANGUAGES))
    return catalogue(chosen)


Words: TypeAlias = "Catalogue | Callable[[], Catalogue]"
"""A catalogue, or a function that gives it: called only when there is something to say, for a quick start."""


def _said(words: Words) -> Catalogue:
    return words() if callable(words) else words


def paths_of(patterns: Sequence[str], words: Words) -> list[str]:
    """The files that arguments name: globs are expanded (for shells that do not), "-" is stdin. None given: ["-"]."""
    found: list[str] = []
    for pattern in patterns or ("-",):
        if pattern == "-" or not glob.has_magic(pattern) or os.path.exists(pattern):
            found.append(pattern)
        elif matches := sorted(glob.glob(pattern, recursive=True)):
            found += matches
        else:
            fail(_said(words).ui("no_match", pattern=pattern))
    return found


def read_bytes(
    path: str, command: str, words: Catalogue, limit: int | None = ALARMS, hint: str = "paste_hint"
) -> bytes:
    """The bytes of a file or of stdin ("-"). A terminal is told what to paste: the key `hint` of [ui]."""
    if path == "-" and sys.stdin.isatty():
        typer.echo(words.ui(hint, command=command), err=True)
    try:
        if path == "-":
            data = sys.stdin.buffer.read(-1 if limit is None else limit + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(-1 if limit is None else limit + 1)
    except OSError as error:
        fail(words.ui("unreadable", source=path, error=error.strerror or error))
    if limit is not None and len(data) > limit:
        fail(words.ui("too_large", source=source_name(path), limit=limit // 2**20))
    return data


def none_found(text: str, name: str, words: Catalogue, begin: bytes = b"") -> str:
    """That a source has no alarm, and what it is instead, by the beginning of its text, or of its bytes."""
    # For a text without an alarm alone.
    from wxalarm.cli.magic import picture
    from wxalarm.messages import known
    from wxalarm.parser.near import near
    from wxalarm.wechat.symptoms import is_notice

    if kind := picture(begin[:12]):
        return words.ui("picture", source=name, kind=kind)

    found = near(text)
    if found is None:
        said = known.of_console(text)
        if said is None:
            return words.ui("no_alarm", source=name)
        meant, hint = said.in_words(words.lang)
        key = "near_notice" if is_notice(text) else "near_said"
        return words.ui(key, source=name, name=said.name, text=meant, hint=hint)
    proved = [
        words.ui(key, number=number)
        for key, number in (("near_curl", found.curl_error), ("near_http", found.http_code))
        if number is not None
    ]
    proved += [
        words.ui("near_errcode", number=mention.name)
        for mention in known.mentions(text)
        if mention.name.lstrip("-").isdigit() and any(entry.family in known.ERRCODES for entry in mention.entries)
    ]
    about = words.kind(found.alarm.kind) if found.alarm is not None else ""
    return " ".join((words.ui(f"near_{found.kind}", source=name, alarm=about), *proved))


def source_name(path: str) -> str:
    """How an input is called in locations and messages."""
    return "<stdin>" if path == "-" else path


@dataclass(frozen=True, slots=True)
class Output:
    """One -f FORMAT[=FILE]: where a format goes; path None is stdout."""

    format: str
    path: Path | None


def outputs_of(
    values: Iterable[str], known: Sequence[str], default: str, words: Words, save: Path | None = None
) -> list[Output]:
    """The outputs that -f asks for; with no -f, the default format on stdout. What cannot be written, or would destroy
    something, ends the command before the run; --save too."""
    found = []
    for value in values or (default,):
        name, equals, path = value.partition("=")
        if name not in known:
            fail(_said(words).ui("bad_format", value=value, known=known) + nearest(name, known, _said(words)))
        if equals and not path:
            fail(_said(words).ui("format_no_file", value=value, name=name))
        found.append(Output(name, Path(path) if path and path != "-" else None))
    if sum(output.path is None for output in found) > 1:
        fail(_said(words).ui("format_stdout"))
    files = [output for output in (*found, Output("json", save)) if output.path is not None]
    paths = [_real(output.path) for output in files if output.path is not None]
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        fail(_said(words).ui("format_twice", path=twice))
    for output in files:
        _writable(output, words)
    return found


BEGINNINGS = {"json": b"{", "jsonl": b"{", "sarif": b"{", "html": b"<", "junit": b"<"}
"""What the formats that are not for people begin with: an earlier output is told by it."""


def _real(path: Path) -> str:
    """The file behind a name; the name itself where there is no folder that it could be in."""
    try:
        return os.path.realpath(path)
    except OSError:
        return str(path)


def _writable(output: Output, words: Words) -> None:
    """Ends the command when a file cannot be made where it is wanted, or would replace one of another kind."""
    # For a file only: the package of probes loads ssl.
    from wxalarm.probes.files import needs_folder, replaced

    path = output.path
    assert path is not None
    try:
        if needs_folder(path) and not os.access(path.parent, os.W_OK):
            fail(_said(words).ui("no_folder", path=path))
        there = replaced(path)
    except (OSError, ValueError) as error:  # also a name too long, or that no file can have
        fail(f"{path}: {getattr(error, 'strerror', None) or error}")
    # An earlier output is replaced, as everybody does it; a typing error must not cost a file of another kind.
    begins = BEGINNINGS.get(output.format)
    if there and (b"\0" in there if begins is None else not there.lstrip().startswith(begins)):
        fail(_said(words).ui("other_kind", path=path, format=output.format))


def apart(written: Iterable[Path | None], inputs: Callable[[], Iterable[str]], words: Words) -> None:
    """Ends the command when a file to be written is one that is read: the same file by any name, stdin ("-") too."""
    ends = [(path, _regular(path)) for path in written if path is not None]
    if not any(status for _, status in ends):
        return
    for source in inputs():
        status = _regular(sys.stdin.fileno() if source == "-" else source)
        for path, end in ends:
            if status and end and os.path.samestat(status, end):
                fail(_said(words).ui("output_is_input", path=path, source=source_name(source)))


def _regular(path: str | Path | int) -> os.stat_result | None:
    """The status of a regular file; None for all else: who reads and writes a terminal loses nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def settings_files(settings: Settings) -> Iterator[str]:
    """Every file that the settings name, and the one they came from; names with * and ? as what they stand for."""
    # Only when something is written to a file.
    from wxalarm.config import paths_in

    if settings.source is not None and settings.source.path is not None:
        yield settings.source.path
    for name in paths_in(settings):
        yield from (glob.glob(name) if glob.has_magic(name) else [name])


def nearest(name: str, known: Sequence[str], words: Catalogue, count: int = 1, alike: float = 0.4) -> str:
    """ " (did you mean …?)": names that hold the wrong one, else those that are like it (0 to 1); "" when there are
    none."""
    near = [one for one in known if name and name.lower() in one.lower()]
    near = near or like(name, known, count, alike)
    return words.ui("nearest", names=near[: max(count, 3)]) if near else ""


def on_screen(path: Path | None) -> bool:
    """Whether an output (None: stdout) goes to a terminal."""
    return path is None and sys.stdout.isatty()


def in_color(path: Path | None) -> bool:
    """Whether an output (None: stdout) is in colour."""
    return path is None and colored(sys.stdout)


def colored(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that can show colour, and NO_COLOR is not set (https://no-color.org)."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


NO_LINKS = ("linux", "eterm")
"""How TERM begins for terminals that print a hyperlink's sequence (OSC 8) as dirt; all others show or skip it."""


def has_links(path: Path | None) -> bool:
    """Whether codes in an output (None: stdout) lead to their explanation: as for colour, where the terminal can."""
    return in_color(path) and not os.environ.get("TERM", "").startswith(NO_LINKS)


Checked: TypeAlias = "tuple[str, Leak | None]"
"""A finished output, and the first place in it that still looks like a secret."""


def write_outputs(
    outputs: Iterable[Output], ready: Callable[[Output], Checked], words: Words, mode: int | None = None
) -> bool:
    """Write every output, whatever becomes of the others: stdout first, then the files, beside and renamed, so that
    none is ever half written. ready: `looked_over` with the text of an output. What still looks like a secret is not
    written; stderr says where, and the answer is whether that happened."""
    refused = False

    def write(output: Output) -> None:
        nonlocal refused
        text, found = ready(output)
        if found is not None:
            refused = True
            _say_refused(output, found, words)
        elif output.path is None:
            # What a program reads is UTF-8 wherever it runs: JSON says so, and HTML names it in its head.
            write_stdout(text, None if output.format in FOR_PEOPLE else "utf-8")
        else:
            write_file(output.path, text, mode)

    all_of(*(partial(write, output) for output in sorted(outputs, key=lambda output: output.path is not None)))
    return refused


def without_secrets(output: Output, text: str) -> str:
    """A finished text or JSON with secrets masked, unless it is a text on one's own screen. Other formats are left to
    the last pass: a mask could break their marks."""
    if output.format not in ("text", "json", "sarif") or (output.path is None and output.format == "text"):
        return text
    # For what is passed on: it takes time to load.
    from wxalarm.render.redact import Redactor

    redactor = Redactor(reveal=True)
    if output.format == "text":
        return redactor.text(text)
    data = json.loads(text)
    masked = redactor.plain(data)
    return text if masked == data else json.dumps(masked, ensure_ascii=False, indent=1) + "\n"


def looked_over(output: Output, text: str, *, personal: bool = False) -> Checked:
    """A finished output with a last look for secrets and, where `personal` data is hidden, for such. A text on
    one's own screen is one's own."""
    if output.path is None and output.format == "text":
        return text, None
    # For what is passed on: it takes time to load.
    from wxalarm.render.redact import leak

    return text, leak(text, personal=personal)


def _say_refused(output: Output, found: Leak, words: Words) -> None:
    # Hardly ever said.
    from wxalarm.render.text import visible

    place = output.path or f"stdout ({output.format})"
    said = _said(words).ui("output_refused", path=place, line=found.line, column=found.column, kind=found.kind)
    typer.echo(visible(said), err=True)


def all_of(*steps: Callable[[], object]) -> None:
    """Every step, whatever becomes of those before it; then the end that the first of them to fail asked for."""
    ends: list[typer.Exit] = []
    for step in steps:
        try:
            step()
        except typer.Exit as end:
            ends.append(end)
    if ends:
        raise ends[0]


def write_file(path: Path, text: str, mode: int | None = None) -> None:
    """Write beside and rename; on an error nothing is changed and the command ends."""
    # For a file only: the package of probes loads ssl.
    from wxalarm.probes.files import replace

    try:
        replace(path, text.encode("utf-8", "surrogateescape"), mode)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        fail(f"{path}: {getattr(error, 'strerror', None) or error}")


def write_stdout(text: str, encoding: str | None = None) -> None:
    """Text to stdout in `encoding`, else in what the locale's encoding can hold; a closed pipe (| head) is no error,
    a full disk is."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(encoding or sys.stdout.encoding or "utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except OSError as error:
        stdout_lost(error)


def stdout_lost(error: OSError) -> None:
    """What follows when stdout took no more: nothing for a closed pipe, the end of the command for all else."""
    # Python would complain once more when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        fail(f"stdout: {error.strerror or error}")


def terminal_width(most: int = 120) -> int:
    """Columns of the terminal, at most 120: longer lines are hard to read."""
    return min(shutil.get_terminal_size().columns, most)
