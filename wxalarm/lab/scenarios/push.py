"""Scenarios of the push: the handler is reached, and what it says is wrong. The account's keys are made up."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from wxalarm.config import Account, Mode, Settings
from wxalarm.lab.callback import Callback
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import HOST, INVALID_RESPONSE, TICKET_INVALID, staged
from wxalarm.lab.web import serve
from wxalarm.wechat.crypto import Keys

APPID = "wx0000000000000001"
PATH = "/callback"
SECRETS = {
    "token": "labtoken",
    "encoding_aes_key": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0",
    "app_secret": "lab-app-secret",
    "access_token": "lab-access-token",
}
KEYS = Keys(SECRETS["token"], APPID, (SECRETS["encoding_aes_key"],))


@contextmanager
def secret_files(*names: str) -> Iterator[dict[str, str]]:
    """The named secrets as files with mode 600, as Account.secrets wants them; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="wxalarm-lab-") as folder:
        found = {}
        for name in names:
            path = Path(folder, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(SECRETS[name])
            found[f"{name}_file"] = str(path)
        yield found


@asynccontextmanager
async def _stage(
    wrong: str | None = None,
    *,
    wrong_get: bool = False,
    mode: Mode = "plain",
    callback: Callback | None = None,
    ticket: bool = False,
) -> AsyncIterator[Staged]:
    """A callback with a fault, and an alarm about it; the push is sent unless the GET shows the fault."""
    application = callback or Callback(KEYS, path=PATH, wrong=wrong, wrong_get=wrong_get)
    with secret_files("token", "encoding_aes_key") as secrets:
        async with serve(application) as site:
            url = site.url(PATH, HOST)
            account = (
                Account("lab", APPID, authorization_url=url, platform=True, secrets=secrets)
                if ticket
                else Account("lab", APPID, url=url, mode=mode, secrets=secrets)
            )
            settings = Settings(accounts=(account,), push=not wrong_get)
            description, what = (TICKET_INVALID, "[MsgType=20100][Event=Component Ticket]") if ticket else (None, None)
            yield staged(
                description or INVALID_RESPONSE,
                site.port,
                path=PATH,
                settings=settings,
                what=what or "[MsgType=1][Msg=Text]",
            )


SCENARIOS = (
    Scenario("echo-in-quotes", "verify-echo-wrong", partial(_stage, "quoted", wrong_get=True)),
    Scenario(
        "token-differs",
        "http-status",
        partial(_stage, wrong_get=True, callback=Callback(Keys("another", APPID), path=PATH)),
    ),
    Scenario("success-in-quotes", "reply-quoted", partial(_stage, "quoted")),
    Scenario("created-201", "http-status", partial(_stage, "201")),
    Scenario("push-redirected", "http-redirect", partial(_stage, "redirect")),
    Scenario("push-echoed", "reply-echo", partial(_stage, "echo")),
    Scenario(
        "reply-unencrypted",
        "reply-not-encrypted",
        partial(_stage, mode="secure", callback=Callback(KEYS, path=PATH, talkative=True, encrypts=False)),
    ),
    Scenario("ticket-page", "reply-html", partial(_stage, "error-page", ticket=True)),
)
