"""The loop in simulated time, with real ways out and a real history."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import clock
from tests.watch import made
from tests.watch.hook import Hook, hook
from wxalarm.checks.wechat.callback_ips import CallbackIps
from wxalarm.config import Settings, Watch
from wxalarm.messages import catalogue
from wxalarm.model import CheckResult, Status
from wxalarm.watch.rounds import Round
from wxalarm.watch.service import JUMP, Service, Steady
from wxalarm.watch.states import Level, Rule, State
from wxalarm.watch.store import Store
from wxalarm.watch.targets import Plan, Watched
from wxalarm.watch.ways import Way
from wxalarm.watch.words import alarm_schema

UP, DEGRADED, DOWN = Level
BEGIN = 1_800_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
Script = Callable[[Service], Coroutine[Any, Any, None]]


class Wall:
    """The wall clock, which somebody may move."""

    moved = 0.0

    def __call__(self) -> float:
        return BEGIN + asyncio.get_running_loop().time() + self.moved


def lived(
    folder: Path,
    plan: Plan,
    health: made.Health,
    seconds: float,
    script: Script | None = None,
    *,
    wall: Wall | None = None,
    said: list[str] | None = None,
) -> Service:
    """A service that has run for so long."""
    store = Store(folder / "history" / "watch.db", busy=0.02)
    now = wall or Wall()
    begun = BEGIN

    def since_begin(target: Watched, _: float) -> Level | None:
        return health(target, asyncio.get_running_loop().time())

    async def main() -> Service:
        log = [] if said is None else said
        look = made.looker(since_begin, now)
        service = Service(plan, store, catalogue("en"), lambda key, **_: log.append(key), wall=now, look=look)
        await service.begin()
        asyncio.get_running_loop().call_later(seconds, service.stop)
        job = asyncio.create_task(script(service)) if script else None
        await service.run()
        if job:
            await job
        return service

    try:
        assert begun
        return clock.run(main())
    finally:
        store.close()


def down_between(start: float, end: float) -> made.Health:
    return lambda target, time: DOWN if start <= time < end else UP


def by(server: Hook) -> tuple[Way, ...]:
    return (Way("webhook", "webhook", server.url),)


def test_a_fault_is_alarmed_once_on_and_once_off_with_its_report(tmp_path: Path) -> None:
    with hook() as server:
        service = lived(tmp_path, made.plan(2, ways=by(server)), down_between(10 * MINUTE, HOUR), 3 * HOUR)
    said = [(body["target"], body["kind"], body["state"]) for body in server.bodies]
    assert sorted(said) == sorted(
        (name, kind, state) for name in ("shop0", "shop1") for kind, state in (("worse", "down"), ("better", "up"))
    )
    assert service.counts.changes == 2 * 3
    assert service.late == 0
    for body in server.bodies:
        jsonschema.validate(body, alarm_schema(), jsonschema.Draft202012Validator)
        assert body["report"]["schema"] == "wxalarm.report/2"
    assert len({body["id"] for body in server.bodies}) == 4


def test_a_healthy_week_is_silent(tmp_path: Path) -> None:
    with hook() as server:
        plan = made.plan(1, every=600.0, ways=by(server))
        service = lived(tmp_path, plan, lambda *_: UP, 7 * DAY)
    assert server.bodies == []
    assert service.counts.rounds in range(1005, 1012)
    assert service.late == 0


def test_flapping_is_named_and_told_at_most_hourly(tmp_path: Path) -> None:
    with hook() as server:
        lived(tmp_path, made.plan(ways=by(server)), lambda _, time: DOWN if time // 300 % 2 else UP, 6 * HOUR)
    kinds = [body["kind"] for body in server.bodies]
    assert kinds[:3] == ["worse", "better", "flapping"]
    assert set(kinds[3:]) == {"flapping"}
    assert len(kinds) <= 2 + 6
    assert "flapping" in server.bodies[2]["text"]


def test_when_this_machine_is_offline_nothing_is_blamed(tmp_path: Path) -> None:
    with hook() as server:
        service = lived(tmp_path, made.plan(ways=by(server)), lambda _, time: UP if time < HOUR else None, 5 * HOUR)
    assert server.bodies == []
    assert service.counts.blind > 200


def test_a_way_that_is_down_for_a_day_gets_everything_in_the_end(tmp_path: Path) -> None:
    said: list[str] = []

    async def script(service: Service) -> None:
        await asyncio.sleep(DAY)
        server.status = 200

    with hook() as server:
        server.status = 503
        plan = made.plan(ways=by(server), every=300.0)
        service = lived(tmp_path, plan, lambda _, t: DOWN if t // (5 * HOUR) % 2 else UP, 26 * HOUR, script, said=said)
    assert [body["state"] for body in server.bodies] == ["down", "up", "down", "up", "down"]
    assert server.tries < 150, "with growing pauses"
    (outlet,) = service.outlets.by_label.values()
    assert (outlet.error, outlet.queue) == (None, {})
    assert said.count("watch_way_failed") == 1
    assert said.count("watch_way_back") == 1


def test_what_was_not_sent_goes_out_after_the_next_start(tmp_path: Path) -> None:
    with hook() as server:
        server.status = 500
        plan = made.plan(ways=by(server))
        lived(tmp_path, plan, down_between(0, DAY), HOUR)
        server.status = 200
        lived(tmp_path, plan, down_between(0, DAY), HOUR, wall=_later(HOUR))
        lived(tmp_path, plan, down_between(0, DAY), HOUR, wall=_later(2 * HOUR))
    assert [body["kind"] for body in server.bodies] == ["worse"]


def _later(seconds: float) -> Wall:
    wall = Wall()
    wall.moved = seconds
    return wall


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 12 * HOUR])
def test_a_clock_that_jumps_moves_no_round_and_no_state(tmp_path: Path, jump: float) -> None:
    said: list[str] = []
    wall = Wall()

    async def script(service: Service) -> None:
        await asyncio.sleep(HOUR + 30)
        wall.moved = jump

    with hook() as server:
        plan = made.plan(ways=by(server), rule=Rule(3, 2, remind=24 * HOUR))
        health = down_between(HOUR - 90, 4 * HOUR)
        service = lived(tmp_path, plan, health, 6 * HOUR, script, wall=wall, said=said)
    assert [body["kind"] for body in server.bodies] == ["worse", "better"]
    assert service.late == 0
    assert service.counts.rounds in range(355, 366)
    assert service.counts.jumps == 1
    assert "watch_jump" in said
    assert abs(jump) > JUMP


def test_the_steady_clock_never_falls_behind_the_store() -> None:
    assert Steady(1000.0, 50.0)(60.0) == 1010.0
    assert Steady(1000.0, 50.0, seen=5000.0)(60.0) == 5010.0


def test_a_locked_database_costs_nothing(tmp_path: Path) -> None:
    said: list[str] = []

    async def script(service: Service) -> None:
        await asyncio.sleep(20 * MINUTE)
        other = sqlite3.connect(tmp_path / "history" / "watch.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(90 * MINUTE)
        assert service.backlog > 50
        other.execute("ROLLBACK")
        other.close()

    with hook() as server:
        service = lived(tmp_path, made.plan(ways=by(server)), down_between(HOUR, DAY), 4 * HOUR, script, said=said)
    assert [body["kind"] for body in server.bodies] == ["worse"], "it went out while nothing could be written"
    assert service.backlog == 0
    assert service.counts.store_errors > 10
    assert said.count("watch_store") == said.count("watch_store_back") == 1
    store = Store(tmp_path / "history" / "watch.db")
    (target,) = service.subjects
    assert len(store.last(target, 0.0)) == service.counts.rounds
    assert store.undelivered() == {}
    store.close()


def test_alertmanager_hears_the_state_again_and_again_and_its_end(tmp_path: Path) -> None:
    with hook() as server:
        way = Way("alertmanager", "am", f"alertmanager+http://127.0.0.1:{server.port}")
        lived(tmp_path, made.plan(2, ways=(way,)), down_between(10 * MINUTE, HOUR), 2 * HOUR)
    labels = {tuple(sorted(alert["labels"].items())) for body in server.bodies for alert in body}
    assert len(labels) == 2, "one alert a target, whatever happens"
    assert len(server.bodies) > 40
    last = server.bodies[-1][0]
    assert last["startsAt"] < last["endsAt"] < server.bodies[0][0]["endsAt"][:4] + "9"
    first_ends = server.bodies[0][0]["endsAt"]
    assert last["endsAt"] > first_ends


def test_a_round_that_hangs_is_counted_as_late_and_holds_nobody_up(tmp_path: Path) -> None:
    async def hang(target: Watched, *_: Any) -> Round:
        if target.name == "shop0":
            await asyncio.sleep(DAY)
        return made.round_of(target, UP)

    async def main() -> Service:
        store = Store(tmp_path / "h" / "watch.db")
        service = Service(made.plan(3), store, catalogue("en"), lambda *_, **__: None, wall=Wall(), look=hang)
        await service.begin()
        asyncio.get_running_loop().call_later(HOUR, service.stop)
        await service.run()
        store.close()
        return service

    service = clock.run(main())
    assert service.schedule is not None
    late = {subject.target.name: service.schedule.late[key] for key, subject in service.subjects.items()}
    assert late["shop0"] in (58, 59, 60)
    assert (late["shop1"], late["shop2"]) == (0, 0)


def test_a_round_that_breaks_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    said: list[str] = []

    async def broken(target: Watched, *_: Any) -> Round:
        if target.name == "shop0":
            raise RuntimeError("x")
        return made.round_of(target, UP)

    async def main() -> Service:
        store = Store(tmp_path / "h" / "watch.db")
        service = Service(
            made.plan(2), store, catalogue("en"), lambda key, **_: said.append(key), wall=Wall(), look=broken
        )
        await service.begin()
        asyncio.get_running_loop().call_later(HOUR, service.stop)
        await service.run()
        store.close()
        return service

    service = clock.run(main())
    assert service.counts.faults in (60, 61)
    assert service.counts.rounds in (60, 61)
    assert "watch_fault" in said


def test_a_new_plan_keeps_what_is_known(tmp_path: Path) -> None:
    async def script(service: Service) -> None:
        await asyncio.sleep(HOUR)
        await service.reload(replace(made.plan(3, ways=service.plan.ways), every=30.0))

    with hook() as server:
        service = lived(tmp_path, made.plan(1, ways=by(server)), down_between(0, DAY), 2 * HOUR, script)
    assert sorted(body["target"] for body in server.bodies) == ["shop0", "shop1", "shop2"], "shop0 is not told again"
    assert len(service.subjects) == 3


def test_a_start_while_the_database_is_locked_goes_on_from_what_was(tmp_path: Path) -> None:
    """It once began anew there, numbered its messages from 1 and told what had been told."""
    path = tmp_path / "history" / "watch.db"

    async def script(service: Service) -> None:
        await asyncio.sleep(10 * MINUTE)
        other.execute("ROLLBACK")
        other.close()

    with hook() as server:
        plan = made.plan(ways=by(server))
        lived(tmp_path, plan, down_between(0, DAY), HOUR)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        service = lived(tmp_path, plan, down_between(0, 0), HOUR, script, wall=_later(2 * HOUR))
    assert [(body["id"].split("-")[-2], body["kind"]) for body in server.bodies] == [
        ("1", "worse"),
        ("2", "better"),
    ]
    assert service.counts.store_errors >= 1


def test_a_state_of_before_is_gone_on_from(tmp_path: Path) -> None:
    with hook() as server:
        plan = made.plan(ways=by(server))
        lived(tmp_path, plan, down_between(0, DAY), HOUR)
        service = lived(tmp_path, plan, down_between(0, 0), HOUR, wall=_later(2 * HOUR))
    assert [body["kind"] for body in server.bodies] == ["worse", "better"]
    (subject,) = service.subjects.values()
    assert subject.state.level is UP
    assert isinstance(subject.state, State)


def test_an_allow_list_that_drifts_is_told_once_with_its_lines(tmp_path: Path) -> None:
    """WeChat's list gains an address and loses one, a day later."""
    rules = tmp_path / "iptables.save"
    rules.write_text("-A INPUT -s 203.0.113.7/32 -j ACCEPT\n-A INPUT -s 203.0.113.8/32 -j ACCEPT\n")
    settings = Settings(watch=Watch(allow_lists=(str(tmp_path / "*.save"),)))

    async def listing(target: Watched, *_: Any) -> Round:
        late = asyncio.get_running_loop().time() > DAY
        ips = ("203.0.113.7", "203.0.113.9") if late else ("203.0.113.7", "203.0.113.8")
        found = made.round_of(target, UP)
        result = CheckResult("callback-ips", Status.PASS, (), CallbackIps("api.example.com", (), ips))
        return replace(found, report=replace(found.report, results=(result,)))

    async def main(plan: Plan) -> Service:
        store = Store(tmp_path / "h" / "watch.db")
        service = Service(plan, store, catalogue("en"), lambda *_, **__: None, wall=Wall(), look=listing)
        await service.begin()
        asyncio.get_running_loop().call_later(2 * DAY, service.stop)
        await service.run()
        store.close()
        return service

    with hook() as server:
        target = Watched("shop", "https://wx.example.com/", "shop")
        service = clock.run(main(Plan((target,), settings, every=3600.0, ways=by(server))))
    (body,) = server.bodies
    jsonschema.validate(body, alarm_schema(), jsonschema.Draft202012Validator)
    assert body["kind"] == "list"
    assert "New (1): 203.0.113.9" in body["text"]
    assert f"{rules} does not let through (1): 203.0.113.9/32" in body["text"]
    assert "2: 203.0.113.8/32" in body["text"]
    assert [(one.place, one.missing) for one in service.drifts["shop"]] == [(str(rules), ("203.0.113.9/32",))]
