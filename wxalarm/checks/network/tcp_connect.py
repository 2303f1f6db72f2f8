"""Looks at TCP: does every address of the callback take a connection, and how fast.

Why WeChat cares: without a connection within 3 s (the guide's text) or 5 s (the alarm's words) there is no push. All
addresses are tried, none is preferred: in a half-dead pool a part of the pushes fails. Guide: 连接超时.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from wxalarm import mechanisms
from wxalarm.checks.check import Check, Context, Skip, by_target
from wxalarm.checks.dns import addresses
from wxalarm.checks.timing import repeated, spread
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.probes import Failure
from wxalarm.probes.tcp import Connect, connect
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

TCP_REFUSED = Code("tcp-refused", Severity.ERROR, Basis.REPRODUCED, mechanisms.REFUSED)
TCP_TIMEOUT = Code("tcp-timeout", Severity.ERROR, Basis.REPRODUCED, mechanisms.SILENT)
TCP_UNREACHABLE = Code("tcp-unreachable", Severity.ERROR, Basis.REPRODUCED, mechanisms.UNREACHABLE)
TCP_RESET = Code("tcp-reset", Severity.ERROR, Basis.REPRODUCED, mechanisms.BROKEN_OFF)
TCP_SLOW = Code("tcp-slow", Severity.WARNING, Basis.REPRODUCED, mechanisms.SLOW_WAY)
TCP_TIMES = Code("tcp-times", Severity.NOTE, Basis.REPRODUCED)
TCP_UNTRIED = Code("tcp-untried", Severity.NOTE, Basis.REPRODUCED)

BY_FAILURE = {
    Failure.REFUSED: TCP_REFUSED,
    Failure.TIMEOUT: TCP_TIMEOUT,
    Failure.UNREACHABLE: TCP_UNREACHABLE,
    Failure.RESET: TCP_RESET,
    Failure.LOCAL: TCP_UNTRIED,
}
_NOBODY = frozenset({Failure.TIMEOUT, Failure.UNREACHABLE, Failure.LOCAL})
"""Failures in which no other machine took part."""


class TcpConnect(Struct, frozen=True):
    """Every attempt, in the order in which the addresses became known."""

    attempts: tuple[Connect, ...]

    @property
    def usable(self) -> bool:
        """Whether any address takes connections."""
        return any(attempt.failure is None for attempt in self.attempts)

    @property
    def reached(self) -> bool:
        """Whether anybody answered, were it with a refusal."""
        return any(attempt.failure not in _NOBODY for attempt in self.attempts)

    @property
    def living(self) -> frozenset[str]:
        """The addresses that took a connection."""
        return frozenset(attempt.address for attempt in self.attempts if attempt.failure is None)


async def probe(ctx: Context) -> TcpConnect:
    """Connect to every permitted address at once, --repeat times each."""
    port = ctx.target.port

    async def attempts(address: str) -> tuple[Connect, ...]:
        return await repeated(ctx, lambda limit: connect(address, port, limit))

    made = await addresses.each(ctx, attempts)
    if not made:
        raise Skip("no-address")
    return TcpConnect(tuple(attempt for some in made for attempt in some))


def evaluate(observation: TcpConnect, ctx: Context) -> Iterator[Finding]:
    """One finding an address that fails or is slow. Skips when this machine could try none."""
    if all(attempt.failure is Failure.LOCAL for attempt in observation.attempts):
        untried = dict.fromkeys(attempt.address for attempt in observation.attempts)
        raise Skip("no-way", addresses=list(untried), error=observation.attempts[0].detail)
    by_address: dict[str, list[Connect]] = {}
    for attempt in observation.attempts:
        by_address.setdefault(attempt.address, []).append(attempt)
    living = sorted(observation.living)
    for address, attempts in by_address.items():
        failed = [attempt for attempt in attempts if attempt.failure is not None]
        if failed:
            worst = failed[0]
            assert worst.failure is not None
            yield _graded(BY_FAILURE.get(worst.failure, TCP_RESET), address, ctx)(
                **addresses.place(address, ctx),
                port=worst.port,
                seconds=round(worst.seconds, 2),
                limit=worst.limit,
                detail=worst.detail,
                curl=_curl(worst.failure, ctx),
                failed=len(failed),
                tried=len(attempts),
                living=living or ["-"],
                case="some" if living and address not in living else "now-and-then" if living else "all",
            )
            continue
        times = spread([attempt.seconds for attempt in attempts])
        if times.p95 > SLOW_AFTER:
            yield addresses.graded(TCP_SLOW, address, ctx)(**_where(attempts[0], ctx), **times.evidence)
        elif len(attempts) > 1:
            yield TCP_TIMES(**_where(attempts[0], ctx), **times.evidence)


def _graded(code: Code, address: str, ctx: Context) -> Code:
    """The code as grave as it is at this address. Where only an old answer leads there, that is the fault, which
    moved-address says."""
    graded = addresses.graded(code, address, ctx)
    old = graded.severity is Severity.ERROR and addresses.left_behind(address, ctx)
    return graded.variant(severity=Severity.WARNING) if old else graded


def _where(one: Connect, ctx: Context) -> dict[str, object]:
    return {**addresses.place(one.address, ctx), "port": one.port, "slow": SLOW_AFTER, "limit": WAIT}


def _curl(failure: Failure, ctx: Context) -> int:
    """libcurl's number; a connection that is reset at once breaks in the handshake when there is one."""
    reset_in_handshake = failure is Failure.RESET and ctx.target.scheme == "https"
    return (Failure.TLS if reset_in_handshake else failure).curl


CHECK = Check(
    id="tcp-connect",
    codes=(TCP_REFUSED, TCP_TIMEOUT, TCP_UNREACHABLE, TCP_RESET, TCP_SLOW, TCP_TIMES, TCP_UNTRIED),
    observation=TcpConnect,
    probe=probe,
    evaluate=evaluate,
    uses=addresses.SOURCES,
    key=by_target,
    timeout=12.0,
    wants=("host",),
)
