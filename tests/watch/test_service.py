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
from wxalarm.watch.journal import Journal
from wxalarm.watch.metrics import of_targets, seen_by, text_of
from wxalarm.watch.rounds import Round
from wxalarm.watch.service import JUMP, Service, Steady, room
from wxalarm.watch.states import Level, Rule, State
from wxalarm.watch.store import Store
from wxalarm.watch.targets import Plan, Watched
from wxalarm.watch.ways import Way, known
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


@pytest.mark.parametrize(
    "jump",
    [
        pytest.param(HOUR, id="an hour on"),
        pytest.param(-HOUR, id="an hour back"),
        pytest.param(9 * HOUR, id="a suspended night"),  # the loop's clock stands still then, and no slot has passed
        pytest.param(12 * HOUR, id="half a day on"),
    ],
)
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


def overwrite(path: Path, harm: bytes) -> None:
    """All of it, in place, as a bad disk or a clumsy copy does it; what SQLite shares in memory, too: it looks anew."""
    for end in ("", "-wal", "-shm"):
        with open(f"{path}{end}", "r+b") as file:
            size = file.seek(0, 2)
            file.seek(0)
            file.write((harm * (size // len(harm) + 1))[:size])


@pytest.mark.parametrize("harm", [b"no database at all", b"\0"], ids=["overwritten", "zeroed"])
def test_a_database_that_is_damaged_while_it_runs_is_put_aside_and_nothing_is_told_again(
    tmp_path: Path, harm: bytes
) -> None:
    """Also not by the next process: the new file has the states of all targets at once."""
    said: list[str] = []
    path = tmp_path / "history" / "watch.db"

    async def script(service: Service) -> None:
        await asyncio.sleep(2 * HOUR + 1)
        overwrite(path, harm)
        await asyncio.sleep(HOUR)
        assert len(service.store.states()) == 3

    with hook() as server:
        plan = made.plan(3, ways=by(server))
        down = down_between(HOUR, DAY)
        service = lived(tmp_path, plan, down, 4 * HOUR, script, said=said)
        lived(tmp_path, plan, down_between(0, DAY), HOUR, wall=_later(4 * HOUR))
    assert [body["kind"] for body in server.bodies] == ["worse"] * 3
    assert (said.count("watch_damaged"), service.counts.damaged) == (1, 1)
    assert service.backlog == 0
    (aside,) = (one for one in path.parent.glob("watch.db.damaged-*") if not one.name.endswith(("-wal", "-shm")))
    assert aside.read_bytes()[: len(harm)] == harm


def test_what_could_not_be_written_before_the_kill_is_there_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is held from before the change until after the kill."""
    path = tmp_path / "history" / "watch.db"
    held: list[sqlite3.Connection] = []

    async def script(service: Service) -> None:
        await asyncio.sleep(30 * MINUTE)
        held.append(sqlite3.connect(path, isolation_level=None))
        held[0].execute("BEGIN IMMEDIATE")
        await asyncio.sleep(30 * MINUTE)
        monkeypatch.setattr(service.store, "write", killed)
        monkeypatch.setattr(service, "_journal", None)

    def killed(*_: object) -> None:
        """Nothing more of this life reaches the disk."""
        raise sqlite3.OperationalError("killed")

    with hook() as server:
        plan = made.plan(ways=by(server))
        lived(tmp_path, plan, down_between(40 * MINUTE, DAY), HOUR + 1, script)
        assert [body["kind"] for body in server.bodies] == ["worse"], "it was told"
        monkeypatch.undo()
        held[0].execute("ROLLBACK")
        held[0].close()
        service = lived(tmp_path, plan, down_between(0, 0), HOUR, wall=_later(HOUR))
    assert [body["kind"] for body in server.bodies] == ["worse", "better"], "and its end is told, too"
    store = Store(path)
    (target,) = service.subjects
    assert [change["after"] for change in store.changes(target)] == [0, 2, 0]
    assert store.undelivered() == {}
    store.close()


def test_what_the_store_does_not_take_at_the_end_is_there_at_the_next_start(tmp_path: Path) -> None:
    """Somebody holds it for longer than the end may take."""

    async def held(*_: object) -> None:
        await asyncio.sleep(DAY)

    async def script(service: Service) -> None:
        await asyncio.sleep(30 * MINUTE)
        service.stored = held  # type: ignore[method-assign, assignment]  # until the end of this life

    with hook() as server:
        plan = made.plan(ways=by(server))
        lived(tmp_path, plan, down_between(40 * MINUTE, DAY), HOUR + 1, script)
        service = lived(tmp_path, plan, down_between(0, 0), HOUR, wall=_later(HOUR))
    assert [body["kind"] for body in server.bodies] == ["worse", "better"]
    store = Store(tmp_path / "history" / "watch.db")
    (target,) = service.subjects
    assert [change["after"] for change in store.changes(target)] == [0, 2, 0]
    store.close()


@pytest.fixture
def robots() -> None:
    """All of apprise, loaded before the time is simulated."""
    assert known(Way("apprise", "robot", "json://127.0.0.1:1/"))


@pytest.mark.usefixtures("robots")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("state", ["sending", "sent", "refused"])
@pytest.mark.parametrize("kind", ["webhook", "robot"])
def test_a_message_under_way_at_the_kill_is_not_sent_twice(tmp_path: Path, kind: str, state: str) -> None:
    """To a webhook it goes again, with the id by which it is known; a robot is told that nobody knows."""
    said: list[str] = []
    with hook() as server:
        robot = (Way("apprise", "robot", f"json://127.0.0.1:{server.port}/robot"),)
        plan = made.plan(ways=robot if kind == "robot" else by(server))
        server.status = 500
        lived(tmp_path, plan, down_between(0, DAY), HOUR)
        store = Store(tmp_path / "history" / "watch.db")
        (message,) = store.waiting(plan.ways[0].label)
        journal = Journal(tmp_path / "history" / "watch.journal")
        journal.mark(message, "sending")
        if state != "sending":
            journal.mark(message, state)
        journal.close()
        store.close()
        server.status = 200
        service = lived(tmp_path, plan, down_between(0, DAY), HOUR, wall=_later(HOUR), said=said)
        lived(tmp_path, plan, down_between(0, DAY), HOUR, wall=_later(2 * HOUR))
    came = [body.get("id") or body["title"] for body in server.bodies]
    title = "wxalarm watch was killed while it sent a message"
    again = message.id if kind == "webhook" else message.body["title"]
    expected = {"sending": [again if kind == "webhook" else title], "sent": [], "refused": [again]}
    assert came == expected[state]
    unknown = (kind, state) == ("robot", "sending")
    assert (service.counts.uncertain, said.count("watch_perhaps")) == (int(unknown), int(unknown))
    if unknown:
        assert message.body["title"] in server.bodies[0]["message"]


def test_dns_answers_that_change_each_time_leave_nothing_behind_in_memory_and_metrics(tmp_path: Path) -> None:
    """Each round looks at an address that no other did; what is shown is the last, and nothing grows with them."""
    seen: list[str] = []
    sizes: list[int] = []

    async def look(target: Watched, *_: Any) -> Round:
        seen.append(f"2001:db8::{len(seen):x}")
        made_up = made.round_of(target, UP)
        phases = tuple(replace(one, address=seen[-1]) for one in made_up.numbers.phases)
        return replace(made_up, numbers=replace(made_up.numbers, phases=phases))

    async def script(service: Service) -> None:
        for _ in range(5):
            await asyncio.sleep(HOUR)
            sizes.append(len(text_of(of_targets(seen_by(service)))))

    async def main() -> Service:
        service = Service(made.plan(1), store, catalogue("en"), lambda *_, **__: None, wall=Wall(), look=look)
        await service.begin()
        asyncio.get_running_loop().call_later(5 * HOUR + 1, service.stop)
        job = asyncio.create_task(script(service))
        await service.run()
        await job
        return service

    store = Store(tmp_path / "h" / "watch.db")
    service = clock.run(main())
    text = text_of(of_targets(seen_by(service))).decode()
    assert [address for address in seen if f'"{address}"' in text] == [seen[-1]]
    assert len(seen) > 290
    assert max(sizes) - min(sizes) <= 60, "only digits"
    (subject,) = service.subjects.values()
    assert subject.state.level is UP, "another address is no fault"
    store.close()


def test_ten_thousand_dead_hosts_hold_up_neither_each_other_nor_the_living(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each dead one takes all the time that a round has, and there is room for a few at a time: the others are late,
    and are counted, and none waits in a queue."""
    monkeypatch.setattr(clock, "SETTLED", 0.0)  # there are no sockets to wait for
    most = 0
    blind = made.round_of(made.watched(1)[0], None)

    async def look(target: Watched, *_: Any) -> Round:
        nonlocal most
        most = max(most, service.running)
        if target.name != "shop0":
            await asyncio.sleep(45.0)
        return replace(blind, target=target)

    async def main() -> None:
        await service.begin()
        asyncio.get_running_loop().call_later(2 * MINUTE, service.stop)
        await service.run()

    store = Store(tmp_path / "h" / "watch.db")
    service = Service(made.plan(10_001), store, catalogue("en"), lambda *_, **__: None, wall=Wall(), look=look)
    clock.run(main())
    store.close()
    assert most <= room()
    assert service.schedule is not None
    slots = service.counts.rounds + service.late + most
    assert 10_001 <= slots <= 2 * 10_001 + most, "each slot was a round, or is counted as late"
    assert service.counts.rounds <= 3 * room()
    assert service.backlog == 0


def test_the_end_waits_for_no_round(tmp_path: Path) -> None:
    ended: list[str] = []

    async def look(target: Watched, *_: Any) -> Round:
        try:
            await asyncio.sleep(DAY)
        finally:
            ended.append(target.name)
        return made.round_of(target, UP)

    async def main() -> float:
        await service.begin()
        loop = asyncio.get_running_loop()
        loop.call_later(HOUR, service.stop)
        await service.run()
        return loop.time() - HOUR

    store = Store(tmp_path / "h" / "watch.db")
    service = Service(made.plan(50), store, catalogue("en"), lambda *_, **__: None, wall=Wall(), look=look)
    assert clock.run(main()) < 2.0, "of simulated time: what is waited for at all"
    store.close()
    assert service.counts.rounds == 0
    assert len(ended) <= 50


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
