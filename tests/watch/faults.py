"""Faults that are switched on and off under a watched callback: `python -m tests.watch.faults` prints what was told.

Run it in a network namespace of its own (`inside`), as the worlds of tests/lab. Each fault has addresses of its own; a
healthy callback stands there first, then the fault, then the healthy one again. Rounds follow each other at once.
"""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.lab.stage import (
    HOST,
    NETWORKS,
    PATH,
    Names,
    Serve,
    Staging,
    World,
    alarm,
    drops,
    handler,
    mute,
    page,
    says,
    site,
    staged,
)
from tests.watch.hook import hook
from wxalarm.config import Settings
from wxalarm.lab import http
from wxalarm.lab.callback import Callback
from wxalarm.lab.certificates import Authority
from wxalarm.lab.dns import Fault
from wxalarm.lab.scenarios.push import KEYS
from wxalarm.messages import catalogue
from wxalarm.watch import rounds
from wxalarm.watch.service import Service
from wxalarm.watch.states import Rule
from wxalarm.watch.store import Store
from wxalarm.watch.targets import Plan, Watched
from wxalarm.watch.ways import Way

RULE = Rule(3, 2)
BEFORE = 3
TRIES = 5
"""Rounds for each that is to tell something."""
PATIENT = 6.0
"""Seconds for a look at what never answers. Cases share one process: what has to come first, names and the handshake,
needs its time beside them on a busy machine, or the fault bears the name of an earlier step."""


async def look(*given: Any) -> rounds.Round:
    """A look of the watch. One that finds a callback slow tells nothing here: none of the faults is slowness, and this
    process, on a machine that may be busy, serves all of them."""
    made = await rounds.look(*given)
    if not (made.numbers.code or "").endswith("-slow"):
        return made
    return dataclasses.replace(made, numbers=dataclasses.replace(made.numbers, level=None))


def wrong(fault: str) -> Serve:
    """The callback, with a fault of its answer to every GET."""
    return site(Callback(KEYS, path=PATH, wrong=fault, wrong_get=True))


class Case(msgspec.Struct, frozen=True):
    """A fault: what stands at the addresses, what DNS says, the code that must be told and the state."""

    code: str
    at: Mapping[str, Any]
    names: Names = Names()
    state: str = "down"
    timeout: float = 12.0


CASES: Mapping[str, Case] = {
    "nothing listens": Case("tcp-refused", {}),
    "packets vanish": Case("tcp-timeout", {"A": drops()}, timeout=PATIENT),
    "no TLS handshake": Case("tls-timeout", {"A": mute()}, timeout=PATIENT),
    "certificate expired": Case("tls-expired", {"A": handler(cert="expired")}),
    "certificate of another name": Case("tls-name-mismatch", {"A": handler(cert="other-name")}),
    "intermediate certificate forgotten": Case("tls-chain-incomplete", {"A": handler(cert="alone")}),
    "certificate signed by itself": Case("tls-self-signed", {"A": handler(cert="self-signed")}),
    "certificate about to end": Case("tls-expiring", {"A": handler(cert="expiring")}, state="degraded"),
    "plain HTTP on 443": Case("tls-not-tls", {"A": says(b"HTTP/1.1 400 Bad Request\r\n\r\n")}),
    "502 of the proxy": Case("http-status", {"A": wrong("502")}),
    "no answer in 5 s": Case("http-timeout", {"A": page(http.slow(9.0))}, timeout=PATIENT),
    "hangs up": Case("http-empty", {"A": wrong("hang-up")}),
    "leads elsewhere": Case("http-redirect", {"A": wrong("redirect")}),
    "echostr in quotes": Case("verify-echo-wrong", {"A": wrong("quoted")}),
    "another token": Case("http-status", {"A": handler(token="another")}),
    "the name is gone": Case("dns-nxdomain", {"A": handler()}, Names(zone=())),
    "resolvers fail for it": Case(
        "dns-servfail",
        {"A": handler()},
        Names(faults={role: {HOST: Fault.SERVFAIL} for role in ("first", "second", "system", "guide")}),
    ),
    "one of two addresses is dead": Case("tcp-refused", {"A": handler()}, Names(("@A", "@B"))),
}


class Told(msgspec.Struct):
    """What came of a case: messages as (part, round of the part, kind, state, code). A round that could tell nothing,
    as a busy machine makes one, is among the states and counts as none."""

    messages: list[tuple[int, int, str, str, str | None]]
    states: list[str]


async def switched(case: Case, place: int, staging: Staging, folder: Path) -> Told:
    """Healthy, the fault, healthy."""
    world = World("", "", alarm("connect", scheme="https"), {"A": handler()}, account=True, push=False)
    broken = dataclasses.replace(world, at=case.at, names=case.names, timeout=case.timeout)
    target = Watched("shop", f"https://{HOST}{PATH}", "shop")
    with hook() as server:
        store = Store(folder / str(place) / "watch.db")
        plan = Plan((target,), Settings(), rule=RULE, ways=(Way("webhook", "webhook", server.url),))
        service = Service(plan, store, catalogue("en"), lambda *_, **__: None, look=look)
        await service.begin()
        states: list[str] = []
        told = Told([], states)
        for part, (one, often) in enumerate(((world, BEFORE), (broken, RULE.bad + 1), (world, RULE.good + 1))):
            async with staged(one, place, staging) as made:
                service.plan = dataclasses.replace(plan, settings=made.settings)
                seen = 0
                for _ in range(often * TRIES):
                    before = len(server.bodies)
                    await service.once()
                    (subject,) = service.subjects.values()
                    assert subject.numbers is not None
                    level = subject.numbers.level
                    states.append(f"{'blind' if level is None else level.word} {subject.numbers.code}")
                    seen += level is not None
                    for body in server.bodies[before:]:
                        told.messages.append((part, seen, body["kind"], body["state"], body["code"]))
                    if seen == often:
                        break
        store.close()
    return told


async def everything(names: list[str]) -> dict[str, Told]:
    """All cases, two at a time: those that mostly wait beside those that mostly work. More at once would make each
    other slow on a busy machine, until no round could tell anything."""
    authority, slots = Authority(), {True: asyncio.Lock(), False: asyncio.Lock()}
    with authority.file() as ca_file, tempfile.TemporaryDirectory() as folder:
        staging = Staging(authority, ca_file)

        async def one(name: str, place: int) -> Told:
            async with slots[CASES[name].timeout == PATIENT]:
                return await switched(CASES[name], place, staging, Path(folder))

        chosen = [name for name in CASES if not names or name in names]
        made = await asyncio.gather(*(one(name, place) for place, name in enumerate(chosen)))
        return dict(zip(chosen, made, strict=True))


def main() -> None:
    """All of them, or those that are named."""
    for command in ("ip link set lo up", *(f"ip route add local {network} dev lo" for network in NETWORKS)):
        subprocess.run(command.split(), check=True, timeout=10)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(everything(sys.argv[1:]))))


if __name__ == "__main__":
    main()
