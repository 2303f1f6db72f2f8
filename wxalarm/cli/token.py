"""`wxalarm token`: keep access tokens fresh in a store, give one to a script, take one in, say how they are."""

from __future__ import annotations

import ipaddress
import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from wxalarm.bounds import whole
from wxalarm.cli import flags
from wxalarm.cli.common import (
    UNTOLD,
    Output,
    fail,
    nearest,
    outputs_of,
    words_of,
    write_outputs,
    write_stdout,
)
from wxalarm.cli.settings import settings_of
from wxalarm.config import FILE_NAME
from wxalarm.messages import ReasonError
from wxalarm.probes import local
from wxalarm.render.text import visible
from wxalarm.tokens import Tokens
from wxalarm.tokens.needs import needs_of
from wxalarm.tokens.reader import NoToken
from wxalarm.tokens.stores.base import StoreError

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue
    from wxalarm.tokens.keeper import Keeper
    from wxalarm.tokens.needs import Kept
    from wxalarm.tokens.outbox import Send
    from wxalarm.tokens.turn import Told

ACTIONS = ("keep", "get", "put", "status")
LARGEST = 64 << 10
"""Bytes that are read of what is handed in."""
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND")]
Authorizer = Annotated[str | None, typer.Option("--authorizer", metavar="APPID")]


def token(
    action: Annotated[str, typer.Argument(metavar="|".join(ACTIONS))],
    account: flags.AccountName = None,
    kind: Kind = None,
    authorizer: Authorizer = None,
    show: Annotated[bool, typer.Option("--show")] = False,
    classic: Annotated[bool, typer.Option("--classic")] = False,
    once: Annotated[bool, typer.Option("--once")] = False,
    listen: Annotated[str | None, typer.Option("--listen", metavar="ADDR:PORT")] = None,
    offline: flags.Offline = False,
    formats: flags.Format = None,
    config: flags.Config = None,
    lang: flags.Lang = None,
) -> None:
    """Keep access tokens fresh in a store, for all who need them; give one; say how they are."""
    if action not in ACTIONS:
        words = words_of(lang)
        fail(words.ui("bad_action", action=action, known=ACTIONS) + nearest(action, ACTIONS, words))
    outputs = outputs_of(formats or (), ("text", "json"), "text", lambda: words_of(lang))
    tokens = _tokens(config, lang)
    try:
        if action == "get":
            _get(tokens, account, kind, authorizer, lang, show=show)
        elif action == "put":
            _put(tokens, account, authorizer, lang)
        elif action == "keep":
            _keep(tokens, account, lang, classic=classic, once=once, listen=listen)
        else:
            raise typer.Exit(_status(tokens, account, lang, offline=offline, outputs=outputs))
    except StoreError as error:
        _end(words_of(lang, tokens.settings).ui("token_store_down", error=str(error)))
    except NoToken as error:
        _end(words_of(lang, tokens.settings).reason(error.reason))
    except local.CannotAskError:
        raise
    except ReasonError as error:
        fail(words_of(lang, tokens.settings).reason(error.reason))
    finally:
        tokens.store.close()


def _tokens(config: Path | None, lang: str | None) -> Tokens:
    settings = settings_of(config, lang)
    try:
        return Tokens(settings)
    except ReasonError as error:
        fail(words_of(lang, settings).reason(error.reason))


def _end(text: str) -> NoReturn:
    """There is no token, or the store is away: exit code 3."""
    typer.echo(visible(text), err=True)
    raise typer.Exit(UNTOLD)


def _only_account(tokens: Tokens, account: str | None, words: Callable[[], Catalogue]) -> str:
    """The account that is named, or the only one there is."""
    names = [one.name for one in tokens.settings.accounts]
    if account is None and len(names) != 1:
        fail(words().ui("token_which", known=names))
    return account or names[0]


def _get(
    tokens: Tokens, account: str | None, kind: str | None, authorizer: str | None, lang: str | None, *, show: bool
) -> None:
    """The token and nothing else: without --show not to a terminal, where it would stay in somebody's scrollback."""
    if sys.stdout.isatty() and not show:
        fail(words_of(lang, tokens.settings).ui("token_terminal"))
    name = _only_account(tokens, account, lambda: words_of(lang, tokens.settings))
    write_stdout(tokens.get(name, kind, authorizer) + "\n" * sys.stdout.isatty())


def _put(tokens: Tokens, account: str | None, authorizer: str | None, lang: str | None) -> None:
    """What WeChat pushed, out of stdin: an argument would stand in the list of processes."""
    words = words_of(lang, tokens.settings)
    if sys.stdin is None or sys.stdin.isatty():
        fail(words.ui("token_put_terminal"))
    value = sys.stdin.buffer.read(LARGEST).decode("utf-8", "replace")
    platforms = [one.name for one in tokens.settings.accounts if one.platform]
    if account is None and len(platforms) != 1:
        fail(words.ui("token_which", known=platforms))
    if authorizer is None:
        tokens.ticket_came(account or platforms[0], value)
    else:
        tokens.authorized(account or platforms[0], authorizer, value)


def _keep(
    tokens: Tokens, account: str | None, lang: str | None, *, classic: bool, once: bool, listen: str | None
) -> None:
    """Refresh until SIGTERM or Ctrl-C; a line on stderr for each thing that happens."""
    # Readers need nothing of both.
    from wxalarm.cli.token_ways import said
    from wxalarm.tokens.keeper import Keeper

    words = words_of(lang, tokens.settings)
    if classic:
        typer.echo(visible(words.ui("token_classic")), err=True)
    needs_of(tokens.settings, (), account, classic=classic)  # what is wrong is said before anything begins
    counted: Counter[tuple[str, str]] = Counter()

    def tell(told: Told) -> None:
        counted[told.need.name, told.event] += 1
        why = {} if told.failed is None else told.failed.facts()
        text = said(told.event, told.need.name, {**why, "failures": told.failures, "left": told.left}, words)
        typer.echo(visible(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S%z} {text}"), err=True)

    def refused(way: str, error: str) -> None:
        typer.echo(visible(words.ui("watch_way_failed", way=way, error=error)), err=True)

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def needs(names: Iterable[str]) -> tuple[Kept, ...]:
        return needs_of(tokens.settings, names, account, classic=classic)

    keeper = Keeper(tokens.store, tokens.settings, needs, tell, ways=_ways(tokens, words), refused=refused)
    with _door(tokens, keeper, needs, counted, listen, words) if listen else nullcontext():
        keeper.run(stop, once=once)
    failed = any(event == "failed" for _, event in counted)
    raise typer.Exit(1 if once and failed else 0)


def _ways(tokens: Tokens, words: Catalogue) -> dict[str, Send]:
    """The ways out of [watch], by their labels. Raises ConfigError."""
    # Where there are none nothing of it is wanted.
    from wxalarm.cli.token_ways import sender
    from wxalarm.watch.ways import ways_of

    source = tokens.settings.source
    ways = ways_of(tokens.settings.watch, (source and source.path) or FILE_NAME)
    return {way.label: sender(way, words) for way in ways}


@contextmanager
def _door(
    tokens: Tokens,
    keeper: Keeper,
    needs: Callable[[Iterable[str]], tuple[Kept, ...]],
    counted: Counter[tuple[str, str]],
    listen: str,
    words: Catalogue,
) -> Iterator[None]:
    """The HTTP door, open while entered; where it cannot be opened the command ends."""
    # For --listen only.
    from wxalarm.tokens import metrics, status
    from wxalarm.tokens.door import Door, open_door

    host, _, number = listen.rpartition(":")
    host, port = host.strip("[]"), whole(number)
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        port = None
    if port is None or port > 65535:
        fail(words.ui("token_bad_listen", listen=listen))
    secret = tokens.settings.store.secret("door_token")
    if not secret and not local:
        fail(words.ui("token_open_door", host=host))

    def shown() -> str:
        try:
            found = status.read(tokens.store, needs(tokens.store.names()), keeper.plan.pace)
        except StoreError as error:
            found = status.StoreStatus(str(error))
        return metrics.text(found, counted, tokens.reader.errors, (door.served, door.refused))

    door = Door(tokens, secret, shown, keeper.held)
    try:
        opened = open_door(door, host, port)
    except ModuleNotFoundError:
        fail(words.ui("token_no_server"))
    except OSError as error:
        fail(f"{listen}: {error.strerror or error}")
    typer.echo(words.ui("token_listening", url=f"http://{opened.place}/token/NAME"), err=True)
    try:
        yield
    finally:
        opened.close()


def _status(tokens: Tokens, account: str | None, lang: str | None, *, offline: bool, outputs: Sequence[Output]) -> int:
    """A paragraph for each token, then what is wrong; exit code 1 when one does not hold, 3 when the store is away."""
    # Checks are nothing for `get`.
    from wxalarm.checks.check import Context, Skip
    from wxalarm.checks.wechat import token_store
    from wxalarm.model import Alarm, AlarmKind, Target
    from wxalarm.render.tokens import record, table

    words = words_of(lang, tokens.settings)
    needs_of(tokens.settings, (), account, with_secret=False)
    ctx = Context(Alarm(AlarmKind.UNKNOWN), Target(), tokens.settings)
    try:
        found = local.run(lambda: token_store.observe(ctx, account, ask=not offline))
    except Skip as skip:
        _end(words.reason(skip.reason))
    findings = tuple(token_store.judge(found))

    def ready(output: Output) -> tuple[str, None]:
        if output.format == "json":
            return json.dumps(record(found, findings, words), ensure_ascii=False, indent=1) + "\n", None
        return table(found, findings, words), None

    write_outputs(outputs, ready, words)
    if not found.usable:
        return UNTOLD
    return int(any(finding.code.id == token_store.TOKEN_NOT_HELD.id for finding in findings))
