"""`wxalarm watch`: the heartbeat of callbacks."""

from __future__ import annotations

import asyncio
import glob
import signal
import sqlite3
import sys
import time
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import INTERRUPTED, UNTOLD, USAGE, fail, words_of, write_stdout
from wxalarm.cli.contexts import callback_url
from wxalarm.cli.report import exit_code
from wxalarm.cli.settings import settings_of
from wxalarm.config import ConfigError, load
from wxalarm.probes import local
from wxalarm.render.redact import Redactor
from wxalarm.render.text import visible
from wxalarm.watch.rounds import level_of
from wxalarm.watch.service import Service, listening, room
from wxalarm.watch.store import IN_MEMORY, Store, folder_of
from wxalarm.watch.targets import ROUND, plan_of
from wxalarm.watch.ways import WayError, known, report_states, send
from wxalarm.watch.words import ALARM_SCHEMA, brief

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wxalarm.config import Settings
    from wxalarm.messages import Catalogue
    from wxalarm.model import Report
    from wxalarm.watch.service import Socket
    from wxalarm.watch.targets import Plan, Watched
    from wxalarm.watch.ways import Way

T = TypeVar("T")
SWITCH = 0.0005
"""Seconds that a thread may go on while another waits: Python's own 5 ms, at each call, are a loop's standstill."""


def watch(
    urls: Annotated[list[str] | None, typer.Argument(metavar="[URL]...")] = None,
    account: flags.AccountName = None,
    config: flags.Config = None,
    every: Annotated[float | None, typer.Option("--every", metavar="S")] = None,
    once: Annotated[bool, typer.Option("--once")] = False,
    check: Annotated[bool, typer.Option("--check")] = False,
    listen: Annotated[str | None, typer.Option("--listen", metavar="ADDR:PORT")] = None,
    shard: Annotated[str, typer.Option("--shard", metavar="K/N")] = "1/1",
    lang: flags.Lang = None,
) -> None:
    """Watch callbacks: rounds of the network checks, history, alarms, metrics, a page."""
    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    for url in urls or ():
        callback_url(url, words)
    share = _share(shard, words)

    def planned(settings: Settings) -> Plan:
        return plan_of(settings, urls or (), account=account, every=every, listen=listen, shard=share)

    plan = _or_fail(lambda: planned(settings), words)
    name = "watch.db" if share == (1, 1) else f"watch-{share[0]}-of-{share[1]}.db"
    path = _or_fail(lambda: folder_of(settings.watch.folder), words) / name
    if check:
        raise typer.Exit(_checked(plan, path, words))
    _or_fail(lambda: refuse_unknown(plan), words)
    sock = None if once else _or_fail(lambda: _page(plan), words)
    store = _history(path, words, spare=once)
    say = partial(_say, words)
    try:
        if once:
            code = _once(plan, store, words, say)
            raise typer.Exit(code if store.path == path else USAGE)
        _for_good(plan, store, words, say, lambda: planned(load(config)), sock)
    finally:
        store.close()


def _history(path: Path, words: Catalogue, *, spare: bool) -> Store:
    """The history; where it cannot be kept, and one in memory will do, that one."""
    try:
        return Store(path)
    except ConfigError as error:
        if not spare or error.reason.id != "watch-folder":
            fail(words.reason(error.reason))
        typer.echo(visible(words.reason(error.reason)), err=True)
        return Store(IN_MEMORY)


def _share(text: str, words: Catalogue) -> tuple[int, int]:
    """--shard K/N."""
    first, _, last = text.partition("/")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit() and 0 < int(first) <= int(last)):
        fail(words.ui("bad_shard", value=text))
    return int(first), int(last)


def _or_fail(call: Callable[[], T], words: Catalogue) -> T:
    """What a call gives; a mistake of the user's ends the command, with its place."""
    try:
        return call()
    except ConfigError as error:
        fail(words.reason(error.reason))


def _say(words: Catalogue, key: str, **values: Any) -> None:
    """A line of the log, on stderr."""
    text = Redactor(reveal=True).text(words.ui(key, **values))
    typer.echo(visible(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {text}"), err=True)


def _once(plan: Plan, store: Store, words: Catalogue, say: Callable[..., None]) -> int:
    """One round of all: a line a target, and the verdict of each that is not well."""

    async def main() -> list[tuple[Watched, Report]]:
        service = Service(plan, store, words, say)
        await service.begin()
        return await service.once()

    made = local.run(main)
    blind = False
    for target, report in made:
        level = level_of(report)
        blind |= level is None
        word = words.word("level", level.word if level is not None else "blind")
        said = brief(report, words) if level is None or level else []
        text = "\n".join((f"{word}  {target.name}  {target.url}", *(f"    {line}" for line in said)))
        write_stdout(visible(Redactor(reveal=True).text(text), keep_newlines=True) + "\n")
    return exit_code([report for _, report in made]) or UNTOLD * blind


def _for_good(
    plan: Plan,
    store: Store,
    words: Catalogue,
    say: Callable[..., None],
    again: Callable[[], Plan],
    sock: Socket | None,
) -> None:
    """Until SIGTERM or Ctrl-C; SIGHUP reads the configuration again."""
    ended: list[int] = []

    async def main() -> None:
        service = Service(plan, store, words, say)
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        async def reload() -> None:
            try:
                made = again()
                refuse_unknown(made)
            except ConfigError as error:
                service.counts.refused += 1
                say("watch_refused", reason=words.reason(error.reason))
                return
            await service.reload(made)
            say("watch_reloaded", count=len(made.targets))

        def stop(number: int) -> None:
            ended.append(number)
            service.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number)
        loop.add_signal_handler(signal.SIGHUP, lambda: tasks.add(asyncio.create_task(reload())))
        await service.begin()
        say("watch_begins", count=len(plan.targets), every=plan.every, path=store.path)
        if sock is not None:
            # Of the extra, and for those only who want a page.
            from wxalarm.watch.web.app import application, serve

            host, port = sock.getsockname()[:2]
            say("watch_page", url=f"http://{f'[{host}]' if ':' in host else host}:{port}/")
            tasks.add(asyncio.create_task(serve(application(service), sock)))
        try:
            await service.run()
        finally:
            for task in tasks:
                task.cancel()

    # Threads judge and write beside the loop, which has to get its turn back within less than a packet's way.
    sys.setswitchinterval(SWITCH)
    local.run(main)
    say("watch_ends")
    if ended and ended[-1] == signal.SIGINT:
        raise typer.Exit(INTERRUPTED)


def _page(plan: Plan) -> Socket | None:
    """The socket of the page, if there is one. Raises ConfigError: what it needs is missing, or the port is taken."""
    if plan.listen is None:
        return None
    for name in ("starlette", "uvicorn", "prometheus_client"):
        if find_spec(name) is None:
            raise ConfigError("watch-extra", name=name)
    return listening(*plan.listen)


def refuse_unknown(plan: Plan) -> None:
    """Raises ConfigError for a way that cannot be used."""
    for way in plan.ways:
        if not known(way):
            raise ConfigError("watch-way-unknown", way=way.label)


def _checked(plan: Plan, path: Path, words: Catalogue) -> int:
    """--check: a line for everything that has to work. Sends a test by every way out."""
    bad = 0

    def tell(key: str, call: Callable[[], object], **values: Any) -> None:
        nonlocal bad
        said = words.ui(key, **values)
        try:
            call()
            line = f"{words.ui('ok'):4} {said}"
        except (ConfigError, WayError, OSError, sqlite3.Error) as error:
            bad += 1
            reason = words.reason(error.reason) if isinstance(error, ConfigError) else str(error)
            line = f"{words.ui('fail'):4} {said}: {reason}"
        write_stdout(visible(Redactor(reveal=True).text(line)) + "\n")

    tell("watch_check_targets", lambda: None, count=len(plan.targets), every=plan.every)
    tell("watch_check_folder", lambda: Store(path).close(), path=path.parent)
    for name in (*plan.settings.host.access_log, *plan.settings.watch.allow_lists):
        for file in glob.glob(name) or [name]:
            tell("watch_check_file", partial(_readable, file), path=file)
    if (listen := plan.listen) is not None:
        tell("watch_check_listen", lambda: listening(*listen).close(), address=f"{listen[0]}:{listen[1]}")
    tell("watch_check_room", lambda: enough(len(plan.targets), plan.every), room=room())
    for way in plan.ways:
        tell("watch_check_way", partial(tried, way, words), way=way.label)
    if not plan.ways:
        typer.echo(words.ui("watch_no_way"), err=True)
    return 1 if bad else 0


def _readable(name: str) -> None:
    with open(name, "rb") as file:
        file.read(1)


def enough(targets: int, every: float) -> None:
    """Raises ConfigError when this process may open too few files, should all servers fall silent."""
    wanted = min(targets, round(targets * ROUND / every))
    if wanted > room():
        raise ConfigError("watch-files", count=wanted, room=room())


def tried(way: Way, words: Catalogue) -> None:
    """A test by one way. Raises WayError, ConfigError."""
    if not known(way):
        raise ConfigError("watch-way-unknown", way=way.label)
    if way.kind == "alertmanager":
        report_states(way, [])
        return
    text = words.ui("watch_test")
    send(way, {"schema": ALARM_SCHEMA, "id": f"test-{time.time_ns()}", "kind": "test", "title": text, "text": text})
