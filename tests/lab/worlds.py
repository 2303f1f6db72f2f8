"""Worlds, diagnosed: `python -m tests.lab.worlds [NAME…]` stages them and prints the verdicts as JSON.

Run it in a network namespace of its own (`inside` does): documentation networks are made to stand on its loopback. Each
world is diagnosed live and once more from its saved case.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tests.lab.stage import MOST, NETWORKS, Set, Staging, World, addresses, staged
from tests.paths import ROOT
from wxalarm import cases
from wxalarm.checks import HOST
from wxalarm.checks.check import Check, Context
from wxalarm.cli.report import exit_code
from wxalarm.diagnosis import contexts
from wxalarm.lab.certificates import Authority
from wxalarm.messages import catalogue
from wxalarm.model import Certainty, Report
from wxalarm.parser import parse
from wxalarm.render import terminal
from wxalarm.runner import Ended, Run

AT_ONCE = 5
"""Worlds that are under way at one time: more would make each other slow."""


class Verdict(msgspec.Struct):
    """What was said of a world."""

    world: str
    place: int
    """Whose addresses it has: stage.addresses."""
    root: str | None
    certainty: str | None
    basis: str | None
    evidence: dict[str, Any]
    chain: list[str]
    """ "code certainty link/tie"."""
    rivals: list[str]
    also: list[str]
    against: list[str]
    untold: list[str]
    exit: int
    found: list[str]
    """ "check code severity basis" of every finding."""
    statuses: dict[str, str]
    """By check: its status, and the reason of a skip."""
    replayed: bool
    """The saved case gives the same."""
    text: str = ""


class Here(Run):
    """A run whose checks of the machine see a recorded one."""

    facts: Mapping[str, Any] = {}

    async def _probe(self, check: Check[Any], ctx: Context) -> Ended:
        if check.id in self.facts:
            return Ended(self.facts[check.id], None, False)
        return await super()._probe(check, ctx)


async def diagnosed(world: World, place: int, staging: Staging) -> Verdict:
    """The verdict of a world, live and from its saved case."""
    async with staged(world, place, staging) as made:
        report, case = await _live(world, made)
    again = cases.from_text(case, "case.json")
    (replayed,) = await Run(again.contexts, saved=again.outcome).reports()
    live = verdict(world, place, report)
    return msgspec.structs.replace(live, replayed=_plain(verdict(world, place, replayed)) == _plain(live))


async def _live(world: World, made: Set) -> tuple[Report, str]:
    parsed = parse(made.text)
    (ctx,) = contexts(parsed.alarms, made.settings, url=made.url)
    skip = {*world.skip, *({check.id for check in HOST} - set(made.facts) if world.here else ())}
    run = Here([ctx], only=world.only, skip=skip)
    run.facts = made.facts
    (report,) = await run.reports()
    return report, cases.to_text([report], [ctx], parsed.problems)


def verdict(world: World, place: int, report: Report) -> Verdict:
    """A report in short."""
    cause = report.cause
    return Verdict(
        world=world.name,
        place=place,
        root=cause.finding.code.id if cause else None,
        certainty=str(cause.root.certainty) if cause else None,
        basis=str(cause.finding.code.basis) if cause else None,
        evidence=dict(cause.finding.evidence) if cause else {},
        chain=[
            f"{step.finding.code.id} {step.certainty}" + (f" {step.link}/{step.tie}" if step.link else "")
            for step in (cause.chain if cause else ())
        ],
        rivals=[rival.finding.code.id for rival in (cause.rivals if cause else ())],
        also=[finding.code.id for finding in (cause.also if cause else ())],
        against=list(cause.contradicts) if cause else [],
        untold=list(report.untold),
        exit=exit_code([report]),
        found=[
            f"{result.check} {finding.code.id} {finding.code.severity} {finding.code.basis}"
            for result in report.results
            for finding in result.findings
        ],
        statuses={
            result.check: f"{result.status}" + (f" {result.reason.id}" if result.reason else "")
            for result in report.results
        },
        replayed=False,
        text=terminal.render([report], catalogue("en"), width=120, timeout=20.0, exit_code=exit_code([report])),
    )


def _plain(one: Verdict) -> Any:
    return json.loads(msgspec.json.encode(one))


async def all_of(worlds: Sequence[World]) -> list[Verdict]:
    """The verdicts of all, AT_ONCE under way at a time. A world whose verdict is wrong is staged once more, alone: on a
    busy machine what is fast can look slow, and a clock of a few seconds runs out."""
    slots = asyncio.Semaphore(AT_ONCE)
    authority = Authority()
    with authority.file() as ca_file:
        staging = Staging(authority, ca_file)

        async def one(place: int, world: World) -> Verdict:
            async with slots:
                return await diagnosed(world, place, staging)

        found = await asyncio.gather(*(one(place, world) for place, world in enumerate(worlds)))
        for place, world in enumerate(worlds):
            if wrong(world, found[place]):
                found[place] = await diagnosed(world, MOST // 2 + place, staging)
        return found


def wrong(world: World, said: Verdict) -> list[str]:
    """What of a verdict is not as the world says; [] when it is right."""
    found = {line.split()[1] for line in said.found}
    worse = {code for _, code, severity, _ in map(str.split, said.found) if severity != "note"}
    order = list(Certainty)
    faults: list[str] = [f"{code} was not found" for code in world.faults if code not in found]
    roots = world.root if isinstance(world.root, tuple) else (world.root,)
    if said.root not in roots:
        faults.append(f"root {said.root}, not {world.root}")
    if world.chain is not None and tuple(step.split()[0] for step in said.chain) != world.chain:
        faults.append(f"chain {said.chain}, not {world.chain}")
    if said.certainty is not None and said.root in roots:
        at = order.index(Certainty(said.certainty))
        if not order.index(world.most) <= at <= order.index(world.least):
            faults.append(f"{said.certainty}, not between {world.most} and {world.least}")
    if said.root is not None and world.basis not in (None, said.basis):
        faults.append(f"basis {said.basis}, not {world.basis}")
    letters = addresses(said.place)
    for name, value in world.evidence.items():
        wanted = letters.get(value[1:], value) if isinstance(value, str) and value.startswith("@") else value
        if str(said.evidence.get(name)) != str(wanted):
            faults.append(f"{name} is {said.evidence.get(name)!r}, not {wanted!r}")
    faults += [f"{code} is worse than a note" for code in world.never if code in worse]
    if world.exit is not None and said.exit != world.exit:
        faults.append(f"exit {said.exit}, not {world.exit}; not looked at: {said.untold}")
    if not said.replayed:
        faults.append("the saved case gives another verdict")
    return faults


def missing() -> str | None:
    """Why there can be no namespace on this machine; None when there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    gone = [name for name in ("unshare", "ip") if shutil.which(name) is None]
    return f"needs {', '.join(gone)}" if gone else None


def inside(module: str, part: str = "1/1", names: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """The program for these worlds of a module, in a namespace of its own. part: the second of three is "2/3"."""
    return subprocess.Popen(
        [*UNSHARE, sys.executable, "-m", "tests.lab.worlds", module, part, *names],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
            "TZ": "Asia/Shanghai",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


UNSHARE = ("unshare", "--net", "--pid", "--fork", "--mount-proc")


def main() -> None:
    """The worlds of a module (its WORLDS), a part of them, or those that are named."""
    module, part, *names = sys.argv[1:]
    number, parts = map(int, part.split("/"))
    for command in (
        "ip link set lo up",
        *(f"ip route add local {network} dev lo" for network in NETWORKS),
    ):
        subprocess.run(command.split(), check=True, timeout=10)
    known: Sequence[World] = importlib.import_module(module).WORLDS
    chosen = [world for world in known if not names or world.name in names][number - 1 :: parts]
    found = asyncio.run(all_of(chosen))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
