"""MarkFail and ticket alarms as what happened to an account, exact to the second."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from wxalarm.incidents import Fold
from wxalarm.incidents.timelines import Blocks, all_blocks, every_try, ticket_runs
from wxalarm.model import BEIJING, Alarm, AlarmKind, Sample

AT = datetime(2026, 1, 10, 20, 0, tzinfo=BEIJING)
ONE, TWO = "wx0000000000000001", "wx0000000000000002"


def at(seconds: int) -> int:
    return int(AT.timestamp()) + seconds


def alarm(seconds: int, kind: AlarmKind, count: int, appid: str = ONE, host: str = "wx.example.com") -> Alarm:
    sample = Sample() if kind is AlarmKind.MARK_FAIL else Sample(url=f"http://{host}/cb", openid=f"o{seconds}")
    return Alarm(kind, appid, first_seen=AT + timedelta(seconds=seconds), count=count, window_minutes=5, sample=sample)


def blocks(*alarms: Alarm) -> tuple[Blocks, ...]:
    fold = Fold()
    for one in alarms:
        fold.add(one)
    return all_blocks(fold)


SLOW, BLOCK, REFUSED = AlarmKind.REQUEST_TIMEOUT, AlarmKind.MARK_FAIL, AlarmKind.CONNECT_TIMEOUT
SEQUENCE = (
    alarm(0, SLOW, 600),
    alarm(60, REFUSED, 90, host="other.example.com"),
    alarm(90, BLOCK, 300),
    alarm(151, SLOW, 300),
    alarm(200, BLOCK, 300),
    alarm(230, BLOCK, 300),  # within the block: the same one
    alarm(3600, BLOCK, 1500),
)


def test_block_release_repeat_and_a_missing_precursor() -> None:
    (one,) = blocks(*SEQUENCE)
    first, second, third = one.blocks
    assert (first.at, first.until) == (at(90), at(150))
    assert [group.place for group in first.precursors] == ["wx.example.com", "other.example.com"]
    assert (first.failures, first.rate, first.lost) == (690, 2.3, 138)
    assert (second.at, second.until, second.failures) == (at(200), at(260), 990)
    assert second.rate == (300 + 90) / 300, "windows overlap: of each kind of failure the last one counts"
    assert (third.precursors, third.failures, third.rate, third.lost) == ((), 0, 5.0, 300)
    assert one.first is not None
    assert one.first.place == "wx.example.com"


def test_any_order_is_the_same() -> None:
    wanted = [(b.at, b.failures, b.lost, [g.place for g in b.precursors]) for b in blocks(*SEQUENCE)[0].blocks]
    for order in itertools.islice(itertools.permutations(SEQUENCE), 0, 5040, 97):
        (one,) = blocks(*order)
        assert [(b.at, b.failures, b.lost, [g.place for g in b.precursors]) for b in one.blocks] == wanted


def test_two_accounts_interleaved_have_nothing_of_each_other() -> None:
    first, second = blocks(
        alarm(0, SLOW, 600),
        alarm(10, SLOW, 30, TWO),
        alarm(60, BLOCK, 9),
        alarm(70, BLOCK, 9, TWO),
        alarm(180, BLOCK, 9),
    )
    assert [(b.at, b.failures) for b in first.blocks] == [(at(60), 600), (at(180), 600)]
    assert (second.appid, [(b.at, b.failures) for b in second.blocks]) == (TWO, [(at(70), 30)])


def test_what_came_long_before_or_after_led_to_nothing() -> None:
    (one,) = blocks(alarm(0, SLOW, 5), alarm(601, BLOCK, 0), alarm(602, SLOW, 5))
    (block,) = one.blocks
    assert (block.precursors, block.rate, block.lost, one.first) == ((), None, None, None)


def ticket(minutes: int, count: int, window: int = 30, appid: str = ONE) -> Alarm:
    seen = AT + timedelta(minutes=minutes)
    return Alarm(AlarmKind.TICKET_TIMEOUT, appid, first_seen=seen, count=count, window_minutes=window)


def test_tickets_end_twelve_hours_behind_the_last_good_one() -> None:
    assert every_try(30) == 9
    (run,) = ticket_runs([ticket(30, 9), ticket(0, 9), ticket(60, 12)])
    assert (run.start, run.end, run.failures) == (at(0), at(90 * 60), 30)
    assert (run.good, run.source, run.dies) == (at(-600), "guess", at(-600 + 12 * 3600))
    for told in (0, 30):  # whichever of its alarms knows
        (known,) = ticket_runs([ticket(0, 9), ticket(30, 9)], {(ONE, at(told * 60)): (at(-300), "log")})
        assert (known.source, known.dies) == ("log", at(-300 + 12 * 3600))


def test_a_ticket_that_came_through_ends_the_run() -> None:
    assert ticket_runs([ticket(0, 8)]) == ()
    assert [run.start for run in ticket_runs([ticket(0, 9), ticket(300, 9), ticket(0, 9, appid=TWO)])] == [
        at(0),
        at(300 * 60),
        at(0),
    ]
