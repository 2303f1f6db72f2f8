"""`wxalarm verify`: the URL verification of the console, live or from what somebody saw of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from msgspec import structs

from wxalarm.bounds import whole
from wxalarm.cli import flags
from wxalarm.cli.common import UNTOLD, Output, apart, fail, outputs_of, read_bytes, settings_files, words_of
from wxalarm.cli.contexts import callback_url, chosen_of, contexts_of, overlay
from wxalarm.cli.judged import FORMATS, write_judged
from wxalarm.cli.report import FORMATS as REPORTS
from wxalarm.cli.report import deliver
from wxalarm.cli.settings import settings_of
from wxalarm.config import Account, ConfigError, Settings
from wxalarm.logs.access import number
from wxalarm.logs.parsers import detect
from wxalarm.logs.records import target_of
from wxalarm.messages import known
from wxalarm.model import Alarm
from wxalarm.render import verify as renderer
from wxalarm.render.text import visible
from wxalarm.wechat.crypto import Keys
from wxalarm.wechat.reply import dump
from wxalarm.wechat.reply.transport import fields
from wxalarm.wechat.verify import Attempt, judge, query_of

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue

LIVE = "url-verify"
_LIKE_A_URL = re.compile(r"(?:[\w-]{1,63}\.){1,10}[A-Za-z]{2,24}(?::\d{1,5})?/|(?:\d{1,3}\.){3}\d{1,3}(?:[:/]|\Z)")
MOST = 6
"""Attempts in a log that are told of."""
LINES = 200
"""Lines of a log in which the attempt is looked for, from the end."""
Source = Annotated[str, typer.Argument(metavar="URL|FILE|-", show_default=False)]
Echostr = Annotated[str | None, typer.Option("--echostr", metavar="S")]
TokenEnv = Annotated[str | None, typer.Option("--token-env", metavar="T")]
Work = Annotated[bool, typer.Option("--work")]


def verify(
    source: Source = "-",
    echostr: Echostr = None,
    token_env: TokenEnv = None,
    work: Work = False,
    account: flags.AccountName = None,
    config: flags.Config = None,
    timeout: flags.Timeout = None,
    resolve: flags.Resolve = None,
    formats: flags.Format = None,
    lang: flags.Lang = None,
    reveal: flags.Reveal = False,
) -> None:
    """Would the console take this URL? Sends the signed GET to a URL, or judges a dump of curl, a body, a log line."""
    settings = settings_of(config, lang)
    words = words_of(lang, settings)
    live = source.lower().startswith(("http://", "https://"))
    if not live and _LIKE_A_URL.match(source) and not Path(source).exists():
        fail(words.ui("bad_url", url=source))
    outputs = outputs_of(formats or (), REPORTS if live else FORMATS, "text", words)
    apart((output.path for output in outputs), lambda: [*([] if live else [source]), *settings_files(settings)], words)
    if live:
        url = callback_url(source, words)
        settings = _signing(settings, url, token_env, account, words)
        settings = overlay(settings, words, timeout=timeout, verify="work" if work else "account")
        contexts = contexts_of([Alarm()], settings, words, url, account or settings.accounts[0].name, resolve or ())
        only = chosen_of(contexts, [LIVE], words)
        code = deliver(contexts, (), words, outputs, only=only, reveal=reveal)
        typer.echo(words.ui(renderer.VERDICTS[{0: True, 1: False}.get(code)]), err=True)
        raise typer.Exit(code)
    raise typer.Exit(_offline(source, echostr, _keys(settings, token_env, account, words), work, outputs, words))


def _signing(settings: Settings, url: str, token_env: str | None, account: str | None, words: Catalogue) -> Settings:
    """The settings with the account whose token signs: the one of --account or of the URL; for --token-env, that one
    with this token, or one of its own."""
    try:
        owner = settings.account_for(None, url, account)
    except ConfigError as error:
        fail(words.reason(error.reason))
    if token_env is not None:
        kept = {key: value for key, value in (owner.secrets if owner else {}).items() if key != "token_file"}
        secrets = {**kept, "token_env": token_env}
        owner = replace(owner or Account("verify"), url=url, secrets=secrets)
    if owner is None or not _secret(owner, words):
        _no_token(token_env, words)
    return replace(settings, accounts=(owner, *(one for one in settings.accounts if one.name != owner.name)))


def _secret(owner: Account, words: Catalogue) -> str | None:
    try:
        return owner.secret("token")
    except ConfigError as error:
        fail(words.reason(error.reason))


def _no_token(token_env: str | None, words: Catalogue) -> NoReturn:
    fail(words.ui("verify_token_unset", token=token_env) if token_env else words.ui("verify_no_token"))


def _keys(settings: Settings, token_env: str | None, account: str | None, words: Catalogue) -> Keys | None:
    """The token and keys with which a request that somebody saw is checked; None when none is named."""
    if token_env is None and account is None:
        return None
    try:
        owner = settings.account_for(None, None, account) if account else Account("verify")
        if owner is not None and token_env is not None:
            owner = replace(owner, secrets={**owner.secrets, "token_env": token_env})
        assert owner is not None
        token = owner.secret("token")
        if not token:
            _no_token(token_env, words)
        return Keys(token, owner.appid or "", owner.aes_keys)
    except ConfigError as error:
        fail(words.reason(error.reason))


def _offline(
    source: str, echostr: str | None, keys: Keys | None, work: bool, outputs: list[Output], words: Catalogue
) -> int:
    """Judge what stands in a file or on stdin; the exit code."""
    data = read_bytes(source, "verify", words, hint="verify_paste_hint")
    attempt = attempt_of(data)
    if attempt == Attempt(body=data) and (said := _of_console(data)) is not None:
        text, hint = said.in_words(words.lang)
        fail(words.ui("verify_console", name=said.name, text=text, hint=hint))
    if attempt == Attempt(body=data) and _is_log(data):
        fail(visible(words.ui("verify_log", error=_last_error(data))))
    if echostr is not None:
        attempt = structs.replace(attempt, echostr=echostr)
    judgement = judge(attempt, keys, work=work)
    if attempt.body is None and attempt.curl is None:
        _say_others(data, words)

    refused = write_judged(
        outputs,
        words,
        lambda: renderer.record(attempt, judgement, words),
        lambda width, color: renderer.render(attempt, judgement, words, width=width, color=color),
    )
    return {True: 0, False: 1, None: UNTOLD}[judgement.accepted] or refused


def _of_console(data: bytes) -> known.Entry | None:
    """The console's own words on a failed verification; None for an answer of a server."""
    text = data[: 4 * known.NOTICE + 4].decode("utf-8", "replace")
    return known.of_console(text) if "<" not in text else None


def _is_log(data: bytes) -> bool:
    """Whether a text is an application's log: several lines begin with a time, and it is no page."""
    # Hardly ever wanted.
    from wxalarm.logs import app

    lines = data[:_BEGINNING].split(b"\n")[:_SAMPLE]
    shape = app.shape_of(lines) if data.lstrip()[:1] not in (b"<", b"{") else None
    return shape is not None and len(app.AppLines(shape, 0, 0).times(b"\n" + b"\n".join(lines))) > 1


def _last_error(data: bytes) -> str | None:
    """The last error in a log, as it would be shown; None for none."""
    # Hardly ever wanted.
    from wxalarm.logs import app

    lines = data.splitlines()[-LINES:]
    at = next((place for place in range(len(lines) - 1, -1, -1) if app.trouble(lines[place])), None)
    if at is None:
        return None
    begin = app.first_of(lines, at)
    return app.headline(lines[begin : app.entry(lines, begin)[1]]).decode("utf-8", "replace")[:_SHOWN]


_BEGINNING = 64 * 1024
_SAMPLE = 40
"""Lines by which a log is known."""
_SHOWN = 400
_CUT = (18, 28, 55, 56, 61, 92)
"""libcurl's numbers of an answer that broke off: what came of it is no answer (libcurl-errors(3))."""


def attempt_of(data: bytes) -> Attempt:
    """What a text shows of a verification: what curl printed, a line of an access log, or a body."""
    seen = dump.verbose(data)
    if seen is not None and (not seen.response or seen.curl in _CUT):
        return Attempt(target=seen.target, curl=seen.curl, said=seen.said)
    response = seen.response if seen is not None else dump.unmetered(data)
    target = seen.target if seen is not None else dump.asked(data)
    if seen is None and (exchange := dump.exchange(response)) is not None:
        target, response = exchange
    if dump.is_dump(response):
        answer = dump.response_of(response)
        if seen is not None and seen.unseen:
            length = fields(answer.headers).get("content-length", "")
            return Attempt(target=target, status=answer.status, length=whole(length), body=None)
        return Attempt(target=target, status=answer.status, headers=answer.headers, body=answer.body)
    if target is not None:  # curl without -i prints the body alone
        return Attempt(target=target, body=response)
    lines = _lines(data)
    return (_logged(lines[-1][1]) if lines else None) or Attempt(body=data)


_ASKED = re.compile(r"(/[^\s\"']{0,8192}echostr=[^\s\"']{0,1024})")
_STATUS = re.compile(r"(?<![\d.:/])([1-5]\d\d)(?![\d.:/])")


def _requested(line: str) -> Attempt | None:
    """A line with a request that no known format has (frameworks print their own): the target, and behind a method the
    first number after it, else before it, that can be a status. None for the request alone: that is an answer, too."""
    asked = _ASKED.search(line)
    if asked is None or not asked.start():
        return None
    if re.search(r"\b(?:GET|HEAD)\b", line[: asked.start()]) is None:
        return Attempt(target=asked[1], status=None)
    status = _STATUS.search(line, asked.end()) or _STATUS.search(line, 0, asked.start())
    return Attempt(target=asked[1], status=int(status[1]) if status else None)


def _lines(data: bytes) -> list[tuple[int, bytes]]:
    """(number, line) of all lines of a log that hold an attempt, as far as it is read."""
    lines = data.splitlines()
    begin = max(0, len(lines) - LINES)
    return [(at, line.strip()) for at, line in enumerate(lines[begin:], begin + 1) if b"echostr=" in line]


def _logged(line: bytes) -> Attempt | None:
    """The attempt in a line of an access log; None when there is none."""
    if (parser := detect([line])) is None or (record := parser.record(line)) is None:
        return _requested(line.decode("utf-8", "replace"))
    target = target_of(record)
    status = number(record.get("status", "").encode())
    if "echostr" not in query_of(target) or status is None:
        return None
    length = next((number(record[name].encode()) for name in ("body_bytes_sent", "bytes_sent") if name in record), None)
    seconds = number(record.get("request_time", "").encode())
    return Attempt(target=target, status=int(status), length=None if length is None else int(length), seconds=seconds)


def _say_others(data: bytes, words: Catalogue) -> None:
    """Where the attempt that is judged stands in a log that has several, and how those before it ended."""
    found = [(at, attempt) for at, line in _lines(data)[-MOST:] if (attempt := _logged(line)) is not None]
    if len(found) > 1 and all(attempt.status is not None for _, attempt in found):
        before = [
            words.ui("verify_earlier", line=at, status=attempt.status, length=attempt.length)
            for at, attempt in found[:-1]
        ]
        typer.echo(visible(words.ui("verify_last_of", line=found[-1][0], before=before)), err=True)
