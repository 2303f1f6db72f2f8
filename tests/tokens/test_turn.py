"""A keeper's turn, step by step, and what another does between two of its steps; each change of a row by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.tokens.world import memory_store
from wxalarm.tokens import alarms, calls, errors
from wxalarm.tokens import row as rows
from wxalarm.tokens.errors import BEHAVIOURS, Failed, of_errcode
from wxalarm.tokens.row import Fresh, Pace, Row
from wxalarm.tokens.stores.base import StoreError, look, make
from wxalarm.tokens.turn import EARLY, Ask, Got, Look, Make, Memory, Need, Plan, Refresher, Step, Told

NAME = "wx0000000000000001/access_token"
NEED = Need(NAME, "access_token")
AUTHORIZER = Need("wx0000000000000002/wx0000000000000003/access_token", "authorizer_access_token")
GOT = Got("token-1", 7200.0)
START = 1_800_000_000.0


class Stage:
    """One store, a clock, and keepers that go as far as they are told."""

    def __init__(self) -> None:
        self.now = START
        self.store = memory_store(lambda: self.now)
        self.told: list[Told] = []

    def keeper(self, name: str, need: Need = NEED, memory: Memory | None = None) -> Keeper:
        return Keeper(self, name, need, memory if memory is not None else Memory())

    def row(self, name: str = NAME) -> Row:
        return look(self.store, name).row


class Keeper:
    def __init__(self, stage: Stage, name: str, need: Need, memory: Memory) -> None:
        self.stage, self.memory = stage, memory
        self.charge = Refresher(need, name, Plan(), memory, lambda: stage.now, lambda: 0.5, stage.told.append)
        self.turn = self.charge.turn()
        self.step: Step | None = next(self.turn)
        self.wait = 0.0

    def until(self, kind: type[Look | Make | Ask]) -> Step:
        """Do steps until one of this kind is asked for, which is not done."""
        while not isinstance(self.step, kind):
            self.do()
        return self.step

    def do(self, outcome: Got | Failed = GOT, error: StoreError | None = None) -> None:
        """Do the step."""
        result: object = outcome
        if isinstance(self.step, Look):
            result = look(self.stage.store, self.step.name)
        elif isinstance(self.step, Make):
            result = make(self.stage.store, self.step.name, self.step.change)
        self._on(lambda: self.turn.throw(error) if error else self.turn.send(result))

    def _on(self, go: Callable[[], Step]) -> None:
        try:
            self.step = go()
        except StopIteration as end:
            self.step, self.wait = None, end.value

    def rest(self, outcome: Got | Failed = GOT) -> float:
        """Do all that is left; the seconds until the next turn."""
        while self.step is not None:
            self.do(outcome)
        return float(self.wait)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_turn_looks_takes_asks_and_writes(stage: Stage) -> None:
    keeper = stage.keeper("a")
    kinds = []
    while keeper.step is not None:
        kinds.append(type(keeper.step))
        stage.now += 1.0
        keeper.do()
    assert kinds == [Look, Make, Ask, Make]
    row = stage.row()
    assert (row.value, row.fence, row.lease_until, row.failures) == ("token-1", 1, 0.0, 0)
    # Asked at START + 2; WeChat may have counted from then on.
    assert row.valid_until == START + 2.0 + 7200.0 - EARLY
    assert stage.keeper("a").rest() == Plan().poll, "nothing is due"
    assert [told.event for told in stage.told] == ["refreshed"]


def test_who_looked_before_another_refreshed_does_not_ask(stage: Stage) -> None:
    first, second = stage.keeper("a"), stage.keeper("b")
    first.until(Make)
    second.until(Make)
    first.rest()
    second.do()
    assert second.step is None, "the need is met"
    assert stage.row().fence == 1


def test_who_looked_before_another_took_it_does_not_ask(stage: Stage) -> None:
    first, second = stage.keeper("a"), stage.keeper("b")
    first.until(Make)
    second.until(Make)
    first.do()
    second.do()
    assert second.step is None
    assert isinstance(first.step, Ask)


def test_who_slept_over_its_lease_writes_nothing(stage: Stage) -> None:
    first = stage.keeper("a")
    first.until(Ask)
    stage.now += Plan().lease
    stage.keeper("b").rest(Got("token-2", 7200.0))
    first.rest(Got("token-1", 7200.0))
    assert stage.row().value == "token-2"
    assert stage.told[-1].event == "fenced"
    assert not stage.row().foreign_at, "stable_token gave both the same"


def test_in_classic_mode_who_came_late_has_ended_the_others_token(stage: Stage) -> None:
    need = replace(NEED, stable=False)
    first = stage.keeper("a", need)
    first.until(Ask)
    stage.now += Plan().lease
    stage.keeper("b", need).rest(Got("token-2", 7200.0))
    first.rest(Got("token-3", 7200.0))
    assert (stage.row().value, stage.row().due_at, stage.row().foreign_by) == ("token-2", stage.now, "fenced")


def test_who_slept_after_taking_the_lease_does_not_ask(stage: Stage) -> None:
    keeper = stage.keeper("a")
    keeper.until(Make)
    step = keeper.step
    assert isinstance(step, Make)
    seen = make(stage.store, step.name, step.change)
    stage.now += Plan().patience + 1.0
    keeper._on(lambda: keeper.turn.send(seen))
    assert isinstance(keeper.step, Make)
    keeper.rest()
    assert (stage.row().lease_until, stage.row().value) == (0.0, None)


def test_what_the_store_did_not_take_is_written_when_it_is_back_if_nobody_came_before(stage: Stage) -> None:
    memory = Memory()
    keeper = stage.keeper("a", memory=memory)
    keeper.until(Ask)
    keeper.do()
    keeper.do(error=StoreError("away"))
    assert keeper.step is None
    assert memory.value == "token-1", "it is not lost"
    stage.now += 1000.0
    stage.keeper("a", memory=memory).rest()
    assert stage.row().value == "token-1"
    assert stage.row().valid_until == START + 7200.0 - EARLY
    assert [told.event for told in stage.told] == ["store-failed", "refreshed", "store-back"]


def test_an_authorization_during_a_refresh_stays(stage: Stage) -> None:
    make(stage.store, AUTHORIZER.name, rows.given(None, 0.0, "refresh-1"))
    keeper = stage.keeper("a", AUTHORIZER)
    asked = keeper.until(Ask)
    assert isinstance(asked, Ask)
    assert asked.row.refresh_token == "refresh-1"
    make(stage.store, AUTHORIZER.name, rows.given(None, 0.0, "refresh-2"))
    keeper.rest(Got("of-the-first", 7200.0, "refresh-1b"))
    row = stage.row(AUTHORIZER.name)
    assert (row.refresh_token, row.value) == ("refresh-2", None)
    stage.keeper("a", AUTHORIZER).rest(Got("of-the-second", 7200.0, "refresh-2b"))
    row = stage.row(AUTHORIZER.name)
    assert (row.value, row.refresh_token, row.old_refresh_token) == ("of-the-second", "refresh-2b", "refresh-2")


def test_an_answer_without_a_refresh_token_loses_none(stage: Stage) -> None:
    make(stage.store, AUTHORIZER.name, rows.given(None, 0.0, "refresh-1"))
    stage.keeper("a", AUTHORIZER).rest(Got("token", 7200.0, None))
    assert stage.row(AUTHORIZER.name).refresh_token == "refresh-1"


def test_an_input_that_wechat_refuses_is_refreshed_first(stage: Stage) -> None:
    need = Need("wx0000000000000001/jsapi_ticket", "jsapi_ticket", (NAME,))
    assert stage.keeper("a", need).rest() == Plan().poll
    assert stage.row(need.name).fence == 0, "without a token nothing is asked"
    stage.keeper("a").rest()
    stage.now += rows.CONFIRMED
    stage.keeper("a", need).rest(Failed(errors.INPUT, 40001))
    assert stage.row().rejected_at == stage.now
    assert stage.row().due_at == stage.now


def test_a_reader_that_reports_too_early_or_another_value_changes_nothing(stage: Stage) -> None:
    stage.keeper("a").rest()
    stage.now += rows.CONFIRMED - 1.0
    assert make(stage.store, NAME, rows.rejected("token-1")) is None
    stage.now += 2.0
    assert make(stage.store, NAME, rows.rejected("another")) is None
    assert make(stage.store, NAME, rows.rejected("token-1"))
    assert make(stage.store, NAME, rows.rejected("token-1")) is None, "however many say so"


@pytest.mark.parametrize("certain", [True, False])
def test_a_classic_call_ends_the_former_token_unless_wechat_said_no(stage: Stage, certain: bool) -> None:
    need = replace(NEED, stable=False)
    stage.keeper("a", need).rest()
    until = stage.row().valid_until
    stage.now = stage.row().due_at
    keeper = stage.keeper("a", need)
    keeper.until(Ask)
    assert stage.row().valid_until == stage.now + rows.OVERLAP, "written before the call"
    keeper.rest(Failed(errors.DAY, 45009) if certain else Failed(errors.UNREACHABLE, failure="timeout"))
    assert stage.row().valid_until == (until if certain else stage.now + rows.OVERLAP)


def test_the_former_token_is_kept_for_five_minutes(stage: Stage) -> None:
    stage.keeper("a").rest()
    stage.now = stage.row().due_at
    stage.keeper("a").rest(Got("token-2", 7200.0))
    row = stage.row()
    assert (row.value, row.old_value, row.old_until) == ("token-2", "token-1", stage.now + 300.0)
    assert (row.foreign_by, row.foreign_at) == ("changed", stage.now), "the former one was still young"


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_a_behaviour_waits_longer_and_longer_and_never_hammers(behaviour: errors.Behaviour) -> None:
    shortest = [behaviour.wait(failures, 1.0) for failures in range(30)]
    longest = [behaviour.wait(failures, 0.0) for failures in range(30)]
    assert shortest == sorted(shortest)
    assert shortest[0] >= 2.5
    assert max(longest) == behaviour.most
    if behaviour.case == "refused-hour":
        assert shortest[0] >= 3600
    if behaviour.case == "refused-day":
        assert shortest[0] >= 86400


def test_an_alarm_is_told_once(stage: Stage) -> None:
    for number in range(8):
        stage.now = max(stage.now + 3600.0, stage.row().due_at)
        stage.keeper(f"keeper-{number % 3}").rest(Failed(errors.ALLOW_LIST, 40164, "192.0.2.77"))
    assert [told.alarming for told in stage.told] == [True] + [False] * 7
    stage.told.clear()
    make(stage.store, NAME, rows.try_again)
    stage.now = max(stage.now + 3600.0, stage.row().due_at)
    stage.keeper("a").rest()
    assert [(told.event, told.alarming) for told in stage.told] == [("recovered", True)]
    for _ in range(7):
        stage.now = max(stage.now + 3600.0, stage.row().due_at)
        stage.keeper("a").rest(Failed(errors.RETRY, -1))
    assert [told.alarming for told in stage.told[1:]] == [False] * 4 + [True] + [False] * 2
    stage.now = max(stage.now + 3600.0, stage.row().due_at)
    stage.keeper("a").rest(Failed(errors.DAY, 45009))
    assert stage.told[-1].alarming, "now it is something for a person"


def test_the_address_that_is_not_let_in_is_read_and_nothing_else_of_what_wechat_says() -> None:
    said = "invalid ip 192.0.2.77 ipv6 ::ffff:192.0.2.77, not in whitelist secret=made-up"
    failed = of_errcode(40164, said, "61725984-6126f6f9-040f19c4", with_token=False)
    assert (failed.ip, failed.behaviour) == ("192.0.2.77", errors.ALLOW_LIST)
    assert "made-up" not in failed.text()
    assert errors.read(failed.text())["ip"] == "192.0.2.77"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"access_token": "", "expires_in": 7200},
        {"access_token": 5, "expires_in": 7200},
        {"access_token": "t"},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": "7200"},
        {"access_token": "t", "expires_in": True},
        {"access_token": "two\nlines", "expires_in": 7200},
        {"access_token": "x" * 9000, "expires_in": 7200},
    ],
)
def test_what_is_no_token_is_none(data: dict[str, object]) -> None:
    call = calls.request_of(Ask(NEED, Row(NAME), {}), "made-up")
    outcome = calls.outcome_of(call, data)
    assert isinstance(outcome, Failed)
    assert outcome.behaviour is errors.NOT_JSON


@pytest.mark.parametrize("left", [1.0, 30.0, 200.0, 299.0, 600.0, 3600.0, 7200.0, 100_000.0])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_refresh_is_due_within_the_hour_and_before_the_end(left: float, share: float) -> None:
    due = Plan().due_in(left, share)
    assert 0 < due <= 3600.0
    assert due < left or left <= 1.0
    if left > 600.0:
        assert left - due >= Plan().margin


@pytest.mark.parametrize("per_hour", [1, 2, 3, 12, 40])
def test_the_bound_holds_in_every_hour(per_hour: int) -> None:
    pace, row, now, times = Pace(per_hour), Row(NAME), START, []
    for _ in range(per_hour * 30):
        now += max(pace.wait(row, now), 0.001)
        seen = rows.take("a", 0.0, pace)(row, now)
        assert seen is not None
        row = replace(seen, lease_until=0.0)
        times.append(now)
    for first, last in zip(times, times[per_hour:], strict=False):
        assert last - first >= 3600.0 - 0.01


def test_writing_twice_changes_nothing_the_second_time() -> None:
    taken = rows.take("a", 60.0, Pace())(Row(NAME, "old", START + 10.0), START)
    assert taken is not None
    once = rows.done(1, Fresh("new", 7200.0, 3600.0, "refresh"))(taken, START)
    assert once is not None
    assert rows.done(1, Fresh("new", 7200.0, 3600.0, "refresh"))(once, START) == once
    assert once.old_value == "old"


def test_a_refresh_token_that_is_refused_gives_way_to_the_former_one_and_none_is_lost(stage: Stage) -> None:
    name = AUTHORIZER.name
    make(stage.store, name, rows.given(None, 0.0, "right"))
    make(stage.store, name, rows.given(None, 0.0, "wrong"))
    refused = of_errcode(61023, "", None, with_token=True)
    stage.keeper("a", AUTHORIZER).rest(refused)
    assert (stage.row(name).refresh_token, stage.row(name).old_refresh_token) == ("right", "wrong")
    assert [told.alarming for told in stage.told] == [False], "it may go by itself"
    stage.now = stage.row(name).due_at
    stage.keeper("a", AUTHORIZER).rest(Got("token", 7200.0, "next"))
    assert (stage.row(name).refresh_token, stage.row(name).old_refresh_token) == ("next", "right")
    assert stage.told[-1].event == "recovered"


def test_when_both_refresh_tokens_are_refused_the_owner_is_told_once_and_both_are_kept(stage: Stage) -> None:
    name = AUTHORIZER.name
    make(stage.store, name, rows.given(None, 0.0, "first"))
    make(stage.store, name, rows.given(None, 0.0, "second"))
    for _ in range(5):
        stage.now = max(stage.now, stage.row(name).due_at)
        stage.keeper("a", AUTHORIZER).rest(of_errcode(61023, "", None, with_token=True))
        assert {stage.row(name).refresh_token, stage.row(name).old_refresh_token} == {"first", "second"}
    cases = [told.failed.behaviour.case for told in stage.told if told.failed]
    assert cases == ["former-grant"] + ["authorization"] * 4
    assert [told.alarming for told in stage.told] == [False, True, False, False, False]
    make(stage.store, name, rows.given(None, 0.0, "authorized again"))
    assert stage.row(name).due_at == stage.now, "it is tried at once"


TICKET = "wx0000000000000002/component_verify_ticket"
COMPONENT = Need("wx0000000000000002/component_access_token", "component_access_token", (TICKET,))


@pytest.mark.parametrize(("errcode", "case"), [(61005, "ticket-expired"), (61006, "ticket-invalid")])
def test_a_ticket_that_is_refused_is_not_sent_again_and_the_next_one_is_tried(
    stage: Stage, errcode: int, case: str
) -> None:
    make(stage.store, TICKET, rows.given("ticket@@@1", 43200.0))
    stage.keeper("a", COMPONENT).rest(of_errcode(errcode, "", None, with_token=False))
    assert [(told.failed and told.failed.behaviour.case, told.alarming) for told in stage.told] == [(case, True)]
    stage.now = stage.row(COMPONENT.name).due_at
    fence = stage.row(COMPONENT.name).fence
    stage.keeper("a", COMPONENT).rest()
    assert stage.row(COMPONENT.name).fence == fence, "nothing is asked"
    make(stage.store, TICKET, rows.given("ticket@@@2", 43200.0))
    keeper = stage.keeper("a", COMPONENT)
    asked = keeper.until(Ask)
    assert isinstance(asked, Ask)
    assert asked.inputs == {TICKET: "ticket@@@2"}


def test_when_no_ticket_comes_for_half_a_day_a_person_is_told_once_and_nothing_is_asked(stage: Stage) -> None:
    stage.keeper("a", COMPONENT).rest()
    assert not stage.told, "a platform that is being set up has none yet"
    make(stage.store, TICKET, rows.given("ticket@@@1", 43200.0))
    stage.now += 43201.0
    for number in range(4):
        stage.keeper(f"keeper-{number % 2}", COMPONENT).rest()
        stage.now = max(stage.now + 1.0, stage.row(COMPONENT.name).due_at)
    assert [told.alarming for told in stage.told] == [True, False, False, False]
    assert stage.told[0].failed == Failed(errors.TICKET_EXPIRED)
    assert stage.row(COMPONENT.name).fence == 0
    make(stage.store, TICKET, rows.given("ticket@@@2", 43200.0))
    stage.keeper("a", COMPONENT).rest()
    assert stage.told[-1].event == "recovered"


@pytest.mark.parametrize(
    ("errcode", "with_token", "behaviour"),
    [
        (40001, False, errors.INVALID_CREDENTIAL),
        (40001, True, errors.INPUT),
        (61005, False, errors.TICKET_EXPIRED),
        (61006, False, errors.TICKET_INVALID),
        (61011, False, errors.NOT_PLATFORM),
        (61023, True, errors.AUTHORIZATION),
    ],
)
def test_an_errcode_has_its_behaviour(errcode: int, with_token: bool, behaviour: errors.Behaviour) -> None:
    assert of_errcode(errcode, "", None, with_token=with_token).behaviour is behaviour


def test_an_alarm_is_written_with_what_it_is_about(stage: Stage) -> None:
    keeper = stage.keeper("a")
    keeper.until(Ask)
    keeper.do(Failed(errors.ALLOW_LIST, 40164, "192.0.2.77"))
    step = keeper.step
    assert isinstance(step, Make)
    seen = make(stage.store, step.name, step.change)  # and here it is killed
    assert seen is not None
    assert not stage.told
    (alarm,) = alarms.read(stage.row().alarms)
    assert (alarm.event, alarm.case, alarm.errcode, alarm.ip) == ("failed", "allow-list", 40164, "192.0.2.77")
    assert (alarm.by, alarm.failures) == ("a", 1)
    memory = Memory()
    stage.keeper("b", memory=memory).rest()
    assert memory.alarms, "another keeper learns of it at its next look"


def test_who_has_no_way_to_send_them_leaves_no_alarms_behind(stage: Stage) -> None:
    keeper = stage.keeper("a")
    keeper.turn = replace(keeper.charge, noting=False).turn()
    keeper.step = next(keeper.turn)
    keeper.rest(Failed(errors.ALLOW_LIST, 40164, "192.0.2.77"))
    assert stage.told[0].alarming, "it is told all the same"
    assert stage.row().alarms == ""
