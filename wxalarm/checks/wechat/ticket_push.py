"""Asks whether the push of component_verify_ticket runs, by api_start_push_ticket. It also starts it: only with --push.

Why: without tickets a third-party platform can renew no token, and so serve no account. Needs the platform's appid and
app_secret. Documents: 启动票据推送服务; 验证票据排查 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from wxalarm.checks.check import Check, Context, Skip, by_account
from wxalarm.checks.wechat import api_errors
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes.api import Answer, Api

TICKET_STOPPED = Code("ticket-stopped", Severity.ERROR, Basis.REPRODUCED)


class TicketPush(Struct, frozen=True):
    """How the call ended."""

    host: str
    answer: Answer

    @property
    def was_stopped(self) -> bool:
        """The call says a bare ok when it has started a stopped push; of a running one it says more."""
        return self.answer.worked and self.answer.errmsg.strip().lower() == "ok"


async def probe(ctx: Context) -> TicketPush:
    """One call: it starts the push if it is stopped."""
    account = ctx.account
    if not ctx.settings.push:
        raise Skip("no-push-ticket")
    if account is None:
        raise Skip("no-account")
    if not account.platform:
        raise Skip("no-platform", account=account.name)
    if not account.appid or not account.secret("app_secret"):
        raise Skip("no-api-secret", account=account.name)
    api = Api(account, ctx.settings, ctx.limit)
    return TicketPush(api.host, await api.start_push_ticket())


def evaluate(observation: TicketPush, ctx: Context) -> Iterator[Finding]:
    """Stopped, or why it cannot be told."""
    account = ctx.account.name if ctx.account else "?"
    yield from api_errors.findings((observation.answer,), observation.host, account, ctx.settings.api.base_url)
    if observation.was_stopped:
        yield TICKET_STOPPED(account=account)


CHECK = Check(
    id="ticket-push",
    codes=(*api_errors.CODES[:-1], TICKET_STOPPED),
    observation=TicketPush,
    probe=probe,
    evaluate=evaluate,
    key=by_account,
    wants=("account",),
)
