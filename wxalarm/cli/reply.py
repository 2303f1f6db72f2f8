"""`wxalarm reply`: judge one reply body, or the response that `curl -i` printed."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from wxalarm.cli import flags
from wxalarm.cli.common import apart, fail, nearest, outputs_of, read_bytes, settings_files, words_of
from wxalarm.cli.judged import FORMATS, write_judged
from wxalarm.cli.settings import settings_of
from wxalarm.config import MODES, Account, ConfigError, Settings
from wxalarm.model import Basis
from wxalarm.render.reply import Judged, record, render
from wxalarm.render.text import visible
from wxalarm.wechat import catalogue
from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import Pushed, dump, judge, mended
from wxalarm.wechat.reply.logged import logged

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

File = Annotated[str, typer.Argument(metavar="[FILE|-]", show_default=False)]
Event = Annotated[str | None, typer.Option("--event", metavar="NAME")]
Msg = Annotated[str | None, typer.Option("--msg", metavar="NAME")]
Ticket = Annotated[bool, typer.Option("--ticket")]
Pay = Annotated[bool, typer.Option("--pay")]
Work = Annotated[bool, typer.Option("--work")]
AsJson = Annotated[bool, typer.Option("--json")]
Mode = Annotated[str | None, typer.Option("--mode", metavar="MODE")]


def reply(
    file: File = "-",
    event: Event = None,
    msg: Msg = None,
    ticket: Ticket = False,
    pay: Pay = False,
    work: Work = False,
    as_json: AsJson = False,
    mode: Mode = None,
    account: flags.AccountName = None,
    config: flags.Config = None,
    formats: flags.Format = None,
    lang: flags.Lang = None,
) -> None:
    """Judge one reply as WeChat does: accepted (exit 0) or rejected (1), why, where, and what to answer instead."""
    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    outputs = outputs_of(formats or (), FORMATS, "text", words)
    apart((output.path for output in outputs), lambda: [file, *settings_files(settings)], words)
    pushed = replace(_pushed(event, msg, ticket, pay, words), work=work, json=as_json)
    owner = _account(settings, account, words)
    mode = _mode("secure" if work else mode, owner, words)
    judged = _judged(_unlogged(_read(file, words), mode, words), pushed, mode, _keys(owner, words))

    refused = write_judged(
        outputs,
        words,
        lambda: record(judged, words),
        lambda width, color: render(judged, words, width=width, color=color),
    )
    raise typer.Exit(int(not judged.judgement.accepted) or refused)


def _read(path: str, words: Catalogue) -> bytes:
    """The input. Nothing at all is a reply too, unless a terminal just gave nothing."""
    terminal = path == "-" and sys.stdin.isatty()
    data = read_bytes(path, "reply", words, hint="reply_paste_hint")
    if terminal and not data:
        fail(words.ui("reply_no_input"))
    return data


def _pushed(event: str | None, msg: str | None, ticket: bool, pay: bool, words: Catalogue) -> Pushed:

    given = [name for name, on in (("--event", event), ("--msg", msg), ("--ticket", ticket), ("--pay", pay)) if on]
    if len(given) > 1:
        fail(words.ui("one_of_them", given=given))
    if ticket:
        return Pushed(Form.NOTICE, "component_verify_ticket")
    if pay:
        return Pushed(Form.PAY)
    if event is not None:
        return _named("--event", event, Form.EVENT, words)
    if msg is not None:
        return _named("--msg", msg, Form.MESSAGE, words)
    return Pushed()


def _named(flag: str, name: str, form: str, words: Catalogue) -> Pushed:
    """The push of that name, in the XML or in alarms. WeChat adds events without notice, so an unknown one is kept as
    it is; an unknown message ends the command. Either says which names are near."""
    event = flag == "--event"
    entry = catalogue.by_label(event=name) if event else catalogue.by_label(msg=name)
    if entry is None or not entry.known or (entry.form == Form.MESSAGE) is event:
        known = [entry.name for entry in catalogue.ENTRIES if entry.form == form]
        near = nearest(name, known, words, 3, alike=0.6)  # tomorrow's events are like none
        other = catalogue.by_label(msg=name)
        if event and not (other and other.known):
            typer.echo(visible(words.ui("reply_new_event", name=name) + near), err=True)
            return Pushed(Form.EVENT, name)
        fail(words.ui("reply_unknown_push", flag=flag, name=name) + near)
    return Pushed(entry.form, entry.name)


def _account(settings: Settings, name: str | None, words: Catalogue) -> Account | None:

    if name is None:
        return None
    try:
        return settings.account_for(None, None, name)
    except ConfigError as error:
        fail(words.reason(error.reason))


def _mode(mode: str | None, account: Account | None, words: Catalogue) -> str:

    chosen = mode or (account.mode if account else "compatible")
    if chosen not in MODES:
        fail(words.ui("bad_mode", mode=chosen, known=MODES))
    return chosen


def _keys(account: Account | None, words: Catalogue) -> Keys | None:

    if account is None:
        return None
    try:
        return Keys(account.secret("token") or "", account.appid or "", account.aes_keys)
    except ConfigError as error:
        fail(words.reason(error.reason))


def _unlogged(data: bytes, mode: str, words: Catalogue) -> bytes:
    """The input; of an application's log the reply that stands in it, which is said."""
    found = logged(data)
    if found is None:
        return data
    typer.echo(words.ui("reply_logged", line=found.line), err=True)
    if found.unsealed and mode == "compatible":
        typer.echo(words.ui("reply_logged_encrypted"), err=True)
    return found.reply


def _judged(data: bytes, pushed: Pushed, mode: str, keys: Keys | None) -> Judged:

    if (seen := dump.verbose(data)) is not None and seen.response:
        data = seen.response
    elif (exchange := dump.exchange(plain := dump.unmetered(data))) is not None:
        data = exchange[1]
    elif dump.is_dump(plain) or dump.asked(data) is not None:
        data = plain
    if dump.is_dump(data):
        response = dump.response_of(data)
        judgement = judge(
            response.body, status=response.status, headers=response.headers, push=pushed, mode=mode, keys=keys
        )
        data, status = response.body, response.status
    else:
        judgement, status = judge(data, push=pushed, mode=mode, keys=keys), 200
    corrected = None if judgement.accepted else mended(data, push=pushed, mode=mode, keys=keys)
    judgement = judgement.based(Basis.REPRODUCED)
    return Judged(judgement, data, status, pushed, mode, corrected)
