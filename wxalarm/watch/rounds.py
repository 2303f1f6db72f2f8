"""One round of one target: the network checks of `probe`, as the runner runs them, and what is kept of them in numbers.

Every round looks at every address. What strangers would be bothered with, or what hardly changes, is asked less often
(SELDOM), and what it showed last is judged again with each round; a bad round asks again what it may have missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from wxalarm.checks.check import Context
from wxalarm.checks.dns import dns_delegation, dns_resolve, dns_system, domain_registration
from wxalarm.checks.network import http_request, ping, push, self_check, tcp_connect, tls_handshake, url_verify
from wxalarm.checks.scope import scope_of
from wxalarm.checks.wechat import callback_check, callback_ips, token_store, wechat_view
from wxalarm.config import Settings
from wxalarm.diagnosis import contexts
from wxalarm.model import Alarm, CheckResult, Finding, Report, Severity, Status
from wxalarm.playbooks import NETWORK
from wxalarm.probes import dns, resolvers
from wxalarm.runner import Ended, Run
from wxalarm.watch.states import Level
from wxalarm.watch.targets import Watched

SELDOM: Mapping[str, float] = {
    dns_delegation.CHECK.id: 600.0,
    domain_registration.CHECK.id: 3600.0,
    ping.CHECK.id: 3600.0,
    callback_check.CHECK.id: 3600.0,
    wechat_view.CHECK.id: 3600.0,
    callback_ips.CHECK.id: 86_400.0,
    token_store.CHECK.id: 600.0,
}
"""Seconds between two looks of these checks."""
AT_ONCE = frozenset({dns_delegation.CHECK.id, domain_registration.CHECK.id})
"""Those of them that a bad round does not wait for."""
WITNESS = 2.0
"""Seconds that a resolver has to say anything at all."""
CORE = frozenset(check.id for check in (tcp_connect.CHECK, tls_handshake.CHECK, http_request.CHECK, url_verify.CHECK))
"""Checks without whose word nothing is known of a target."""


@dataclass(slots=True)
class Memory:
    """What earlier rounds of a target observed and what still holds, by check id, with when."""

    seen: dict[str, tuple[float, Ended]] = field(default_factory=dict)
    down: bool = False
    """The last round found it so."""
    code: str | None = None
    """What the last round said."""

    def holds(self, time: float) -> dict[str, Ended]:
        """What need not be asked again."""
        return {
            check: ended
            for check, (when, ended) in self.seen.items()
            if time - when < SELDOM[check] and not (self.down and check in AT_ONCE)
        }

    def keep(self, result: CheckResult, time: float) -> None:
        """Keep what a seldom check has just observed."""
        reason = result.reason if result.observation is None else None
        told = result.status is Status.UNKNOWN and result.observation is None
        self.seen[result.check] = (time, Ended(result.observation, reason, told, 0.0, result.elapsed))


@dataclass(frozen=True, slots=True)
class Phases:
    """What one address took; seconds, None for a phase that was not reached."""

    address: str
    connect: float | None
    tls: float | None
    first_byte: float | None
    total: float
    status: int | None
    failure: str | None

    def record(self) -> dict[str, Any]:
        """As plain data: seconds to the millisecond."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name in self.__slots__
            if (value := getattr(self, name)) is not None
        }


@dataclass(frozen=True, slots=True)
class Numbers:
    """A round in numbers."""

    level: Level | None
    """None: nothing could be told."""
    code: str | None
    """Of what `said_by` names."""
    dns: float | None
    """Seconds until this machine's first resolver had answered."""
    phases: tuple[Phases, ...]
    verified: bool | None
    """Whether the signed GET was answered with its echostr everywhere; None: it was not sent, or could not be told."""
    certificate: datetime | None
    """The end of the first certificate to end."""
    registration: datetime | None
    views: tuple[int, int] | None
    """(how many DNS views give the addresses that most give, how many give any)."""
    elapsed: float

    @property
    def total(self) -> float | None:
        """Seconds of the slowest address that answered."""
        return max((one.total for one in self.phases if one.failure is None), default=None)


@dataclass(frozen=True, slots=True)
class Round:
    """A round that has ended."""

    target: Watched
    numbers: Numbers
    report: Report
    context: Context


async def look(target: Watched, settings: Settings, memory: Memory, time: float) -> Round:
    """One round. settings: with no other accounts than the target's, which all would be gone through each time; time:
    of the steady clock."""
    (ctx,) = contexts([Alarm()], settings, url=target.url, account=target.account)
    only = [check.id for check in NETWORK if settings.push or check is not push.CHECK]
    kept = memory.holds(time)
    (report,) = await Run([ctx], only=only, kept=kept, together=True).reports()
    numbers = numbers_of(report)
    if numbers.level and numbers.code != memory.code and AT_ONCE & set(kept):
        # Something new: it is judged by what is so now, not by what was so when the seldom checks looked.
        kept = {check: ended for check, ended in kept.items() if check not in AT_ONCE}
        (report,) = await Run([ctx], only=only, kept=kept, together=True).reports()
        numbers = numbers_of(report)
    if numbers.level is Level.DOWN and await cut_off(ctx, report):
        numbers = replace(numbers, level=None)
    for result in report.results:
        if result.check in SELDOM and result.check not in kept:
            memory.keep(result, time)
    memory.down, memory.code = numbers.level is Level.DOWN, numbers.code
    return Round(target, numbers, report, ctx)


async def cut_off(ctx: Context, report: Report) -> bool:
    """Whether it is this machine that reaches nobody, where no name had to be asked for, so that `self-check` cannot
    know: every address was met with silence, and so is every resolver. The machine itself needs no network."""
    seen = {result.check: result.observation for result in report.results}
    tried = seen.get(tcp_connect.CHECK.id)
    if tried is None or tried.reached or any(scope_of(one.address) == "loopback" for one in tried.attempts):
        return False
    system, compared = seen.get(dns_system.CHECK.id), seen.get(dns_resolve.CHECK.id)
    if (system and system.views) or (compared and compared.views):
        return False
    settings = ctx.settings.dns
    servers = (*resolvers.system(settings), *resolvers.servers(settings.servers))
    answers = await asyncio.gather(*(dns.ask(one, settings.control, "A", limit=WITNESS) for one in servers))
    return bool(answers) and not any(answer.said for answer in answers)


def numbers_of(report: Report) -> Numbers:
    """A report in numbers."""
    seen = {result.check: result.observation for result in report.results if result.observation is not None}
    system, tls = seen.get(dns_system.CHECK.id), seen.get(tls_handshake.CHECK.id)
    ends = [one.not_after for secured in (tls.addresses if tls else ()) for one in secured.chain]
    registration = seen.get(domain_registration.CHECK.id)
    verify = next((result for result in report.results if result.check == url_verify.CHECK.id), None)
    told = verify is not None and verify.status in (Status.PASS, Status.WARN, Status.FAIL)
    return Numbers(
        level_of(report),
        said.code.id if (said := said_by(report)) else None,
        min((view.elapsed for view in system.views), default=None) if system else None,
        tuple(_phases(seen)),
        verify.status is Status.PASS if told and verify else None,
        min(ends, default=None),
        registration.expires if registration else None,
        _views(seen),
        report.elapsed,
    )


def said_by(report: Report) -> Finding | None:
    """What a report says above all: the verdict's root; else the first warning, which need not explain any alarm (a
    certificate that ends soon)."""
    if report.cause is not None:
        return report.cause.finding
    found = (finding for result in report.results for finding in result.findings)
    return next((finding for finding in found if finding.code.severity is not Severity.NOTE), None)


def callback_ips_of(report: Report) -> tuple[str, ...]:
    """WeChat's addresses as it has just, or last, said; () when it was not asked or did not answer."""
    found = next((result.observation for result in report.results if result.check == callback_ips.CHECK.id), None)
    return tuple(found.ips) if found is not None else ()


def level_of(report: Report) -> Level | None:
    """How a report says that its target is; None when nothing is known of it: this machine was offline, a check that
    matters broke or came too late, nothing could be asked."""
    found = {finding.code.id for result in report.results for finding in result.findings}
    if self_check.OFFLINE.id in found:
        return None
    statuses = {result.check: result.status for result in report.results}
    if report.status is Status.FAIL:
        return Level.DOWN
    core = [status for check, status in statuses.items() if check in CORE and status is not Status.SKIP]
    if not core or Status.UNKNOWN in core:
        return None
    return Level.DEGRADED if Status.WARN in statuses.values() else Level.UP


def _phases(seen: Mapping[str, Any]) -> Iterator[Phases]:
    """Of every address, by the HTTP request; of one that took none, by what TCP said."""
    http, tcp = seen.get(http_request.CHECK.id), seen.get(tcp_connect.CHECK.id)
    told = set()
    for one in http.exchanges if http else ():
        told.add(one.address)
        failure = None if one.failure is None else str(one.failure)
        yield Phases(one.address, one.connect, one.tls, one.first_byte, one.total, one.status, failure)
    for one in tcp.attempts if tcp else ():
        if one.address not in told and one.failure is not None:
            yield Phases(one.address, None, None, None, one.seconds, None, str(one.failure))


def _views(seen: Mapping[str, Any]) -> tuple[int, int] | None:
    checks = (dns_system.CHECK.id, dns_resolve.CHECK.id, dns_delegation.CHECK.id)
    views = [view for check in checks if check in seen for view in seen[check].views]
    given = [frozenset(view.addresses) for view in views if view.addresses]
    return (max(given.count(one) for one in given), len(given)) if given else None
