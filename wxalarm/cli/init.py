"""`wxalarm init`: a commented wxalarm.toml to fill in."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wxalarm import shell
from wxalarm.cli import flags
from wxalarm.cli.common import fail, none_found, read_bytes, source_name, words_of, write_file, write_stdout
from wxalarm.kinds import PLATFORM
from wxalarm.parser import parse
from wxalarm.parser.encoding import decode
from wxalarm.render.config import template
from wxalarm.render.text import visible
from wxalarm.trust import home

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue
    from wxalarm.model import Alarm

PIPE = 0.5
"""Seconds in which a pipe has to give something to count as an input."""
ACCOUNTS = 20
"""Accounts that are filled in."""


def init(
    path: Annotated[Path, typer.Argument(metavar="[PATH]")] = Path("wxalarm.toml"),
    force: Annotated[bool, typer.Option("--force")] = False,
    lang: flags.Lang = None,
) -> None:
    """Write a commented wxalarm.toml."""
    words = words_of(lang)
    if os.path.lexists(path) and not force:
        fail(words.ui("exists", path=path))
    alarms = _given(words)
    write_file(path, template(words, filled=accounts_of(alarms)))
    write_stdout(f"{path}\n")
    if alarms:
        names = [account["appid"] for account in accounts_of(alarms)]
        typer.echo(visible(words.ui("init_filled", names=names)), err=True)
    if not _is_own(path):
        command = shell.pipeline([["wxalarm", "config", "trust", str(path)]])
        typer.echo(words.ui("init_next", command=command), err=True)


def _given(words: Catalogue) -> list[Alarm]:
    """The alarms on stdin, when there is something on it: a file, or a pipe that gives something at once."""
    if sys.stdin is None or sys.stdin.isatty():
        return []
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not stat.S_ISREG(mode) and not (stat.S_ISFIFO(mode) and select.select([sys.stdin], [], [], PIPE)[0]):
        return []
    data = read_bytes("-", "init", words)
    text = decode(data)
    alarms = list(parse(text, source_name("-")).alarms)
    if text.strip() and not alarms:
        fail(none_found(text, source_name("-"), words, data))
    return alarms


def accounts_of(alarms: Sequence[Alarm]) -> list[dict[str, str]]:
    """What the alarms tell of each account, by the keys of its table. A URL that a third-party platform receives is not
    the account's own."""
    found: dict[str, dict[str, str]] = {}
    for alarm in alarms:
        if not alarm.appid:
            continue
        known = found.setdefault(alarm.appid, {"appid": alarm.appid})
        own = alarm.sample.url if alarm.sample.platform is None and alarm.kind not in PLATFORM else None
        for key, value in (("nickname", alarm.nickname), ("url", own)):
            if value and (key != "url" or "://" in value):
                known.setdefault(key, value)
    return list(found.values())[:ACCOUNTS]


def _is_own(path: Path) -> bool:
    """Whether a file lies in the user's own configuration folder, where it counts as it stands."""
    try:
        return path.absolute().parent == home()
    except OSError:  # the current folder is gone
        return False
