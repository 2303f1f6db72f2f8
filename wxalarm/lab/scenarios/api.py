"""Scenarios of WeChat's own view: its server API, stood in for on loopback, says what only WeChat can see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from wxalarm.config import Account, Dns, Settings
from wxalarm.config import Api as ApiSettings
from wxalarm.lab import dns
from wxalarm.lab.api import Api, api
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import CONNECT_TIMEOUT, HOST, TICKET_INVALID, staged
from wxalarm.lab.scenarios.push import APPID, secret_files

HERE, OLD = "203.0.113.10", "203.0.113.9"
ZONE = f"{HOST}. 300 IN A {HERE}\n"
ONLY = ("sample", "dns-system", "callback-ips", "wechat-view", "moved-address")
"""The names lead to documentation addresses: nothing connects to them."""


@asynccontextmanager
async def _stage(
    *,
    description: str = CONNECT_TIMEOUT,
    callback_ips: tuple[str, ...] = (),
    platform: bool = False,
    secret: str = "access_token",
    **faults: object,
) -> AsyncIterator[Staged]:
    """A stand-in with some faults (fields of lab.api.Api), a resolver that knows HOST, an account with a secret."""
    stand_in = Api(**{"dns": ((HERE, "CHINANET"),), **faults})  # type: ignore[arg-type]  # fields by name
    with secret_files(secret) as secrets:
        async with api(stand_in) as site, dns.serve(ZONE) as resolver:
            account = Account(
                "lab",
                APPID,
                platform=platform,
                callback_ips=callback_ips,
                url=f"http://{HOST}/callback",
                secrets=secrets,
            )
            settings = Settings(
                accounts=(account,),
                dns=Dns((), (resolver.label,)),
                api=ApiSettings(site.url("")),
                push=platform,
            )
            yield Staged(staged(description, 80).text, settings)


SCENARIOS = (
    Scenario(
        "ip-white-list",
        "ip-not-whitelisted",
        partial(_stage, secret="app_secret", errors={"/cgi-bin/stable_token": 40164}),
        ONLY,
    ),
    Scenario("token-expired", "token-invalid", partial(_stage, token="a-newer-token"), ONLY),
    Scenario("callback-unset", "api-callback-unset", partial(_stage, errors={"/cgi-bin/callback/check": 40201}), ONLY),
    Scenario("wechat-dns-differs", "api-dns-differs", partial(_stage, dns=((OLD, "CHINANET"),)), ONLY),
    Scenario("carrier-cut-off", "api-ping-lost", partial(_stage, lost=("UNICOM",)), ONLY),
    Scenario("allow-list-old", "allow-list-drift", partial(_stage, callback_ips=("198.51.100.0/24",)), ONLY),
    Scenario("token-storm", "token-refresh-storm", partial(_stage, quota=(2000, 1900)), ONLY),
    Scenario(
        "ticket-stopped",
        "ticket-stopped",
        partial(_stage, description=TICKET_INVALID, platform=True, secret="app_secret", stopped=True),
        ("sample", "ticket-push", "ticket-age"),
    ),
)
