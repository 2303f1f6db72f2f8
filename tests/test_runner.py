"""The runner: needs, uses, deadlines, crashes, sharing, stopping. The checks are made up; nothing is mocked."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields, replace
from typing import Any

import pytest

from tests import clock
from tests.support import widened
from wxalarm import runner
from wxalarm.bounds import Beyond
from wxalarm.checks.check import Check, Context, Skip, Untold, by_machine, by_target
from wxalarm.config import Settings
from wxalarm.model import VERDICT, Alarm, AlarmKind, Basis, Code, Finding, Report, Sample, Severity, Status, Target
from wxalarm.playbooks import Playbook

BROKEN = Code("broken", Severity.ERROR, Basis.REPRODUCED, tuple(AlarmKind))
WORRYING = BROKEN.variant(severity=Severity.WARNING)


def quiet(observation: Any, ctx: Context) -> Iterable[Finding]:
    return ()


def check(
    name: str,
    probe: Callable[[Context], Awaitable[Any]],
    evaluate: Callable[[Any, Context], Iterable[Finding]] = quiet,
    **options: Any,
) -> Check[Any]:
    return Check(id=name, codes=(BROKEN,), observation=object, probe=probe, evaluate=evaluate, **options)


async def one(ctx: Context) -> int:
    return 1


async def never(ctx: Context) -> int:
    await asyncio.sleep(60)
    return 1


def run(monkeypatch: pytest.MonkeyPatch, *checks: Check[Any], contexts: int = 1, **options: Any) -> list[Report]:
    monkeypatch.setattr(runner, "PLAYBOOKS", {AlarmKind.UNKNOWN: Playbook(checks, "")})
    settings = options.pop("settings", Settings(timeout=5))
    made = [Context(Alarm(), Target(host="wx.example.com"), settings) for _ in range(contexts)]
    return runner.run(made, **options)


def test_a_crash_in_either_half_loses_only_that_check(monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(ctx: Context) -> int:
        raise RuntimeError("boom")

    def crash_too(observation: Any, ctx: Context) -> Iterable[Finding]:
        yield BROKEN()
        raise RuntimeError("boom")

    (report,) = run(monkeypatch, check("a", crash), check("b", one, crash_too), check("c", one))
    assert [result.status for result in report.results] == [Status.UNKNOWN, Status.UNKNOWN, Status.PASS]
    assert report.results[0].reason is not None
    assert report.results[0].reason.values["error"] == "RuntimeError: boom"


@pytest.mark.parametrize(
    ("found", "status"), [([], Status.UNKNOWN), ([WORRYING], Status.UNKNOWN), ([BROKEN], Status.FAIL)], ids=str
)
def test_what_was_found_before_it_could_not_be_told_stands(
    monkeypatch: pytest.MonkeyPatch, found: list[Code], status: Status
) -> None:
    def judge(observation: Any, ctx: Context) -> Iterable[Finding]:
        yield from (code() for code in found)
        raise Untold("log-late")

    def skip(observation: Any, ctx: Context) -> Iterable[Finding]:
        raise Skip("no-host")

    (report,) = run(monkeypatch, check("a", one, judge), check("b", one, skip))
    told, skipped = report.results
    assert [finding.code for finding in told.findings] == found
    assert (told.status, told.reason and told.reason.id) == (status, "log-late")
    assert skipped.status is Status.SKIP


def test_an_unusable_need_skips_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(ctx: Context) -> None:
        raise Skip("no-host")

    first = check("first", nothing)
    (report,) = run(monkeypatch, check("second", one, needs=(first,)))
    assert [(r.check, r.status) for r in report.results] == [("first", Status.SKIP), ("second", Status.SKIP)]
    assert report.results[1].reason is not None
    assert report.results[1].reason.values == {"check": "first"}


def test_a_used_check_is_awaited_by_the_probe_and_seen_by_evaluate(monkeypatch: pytest.MonkeyPatch) -> None:
    first = check("first", one)

    async def probe(ctx: Context) -> int:
        return 10 + (await ctx.wait(first) or 0)

    def evaluate(observation: int, ctx: Context) -> Iterable[Finding]:
        yield BROKEN(total=observation + (ctx.got(first) or 0))

    (report,) = run(monkeypatch, check("second", probe, evaluate, uses=(first,)))
    assert report.results[1].findings[0].evidence == {"total": 12}


def test_a_probe_past_its_deadline_is_unknown_not_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    (report,) = run(monkeypatch, check("slow", never, timeout=0.05), check("quick", one))
    assert [result.status for result in report.results] == [Status.UNKNOWN, Status.PASS]
    assert report.results[0].reason is not None
    assert report.results[0].reason.id == "deadline"


def test_the_deadline_of_the_run_bounds_every_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "run", clock.run)
    slow = [check(f"slow-{number}", never, timeout=30) for number in range(20)]
    (report,) = run(monkeypatch, *slow, settings=Settings(timeout=0.1))
    assert {result.status for result in report.results} == {Status.UNKNOWN}
    assert report.elapsed == pytest.approx(0.1 + runner.GRACE)


def test_equal_keys_share_one_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def count(ctx: Context) -> int:
        calls.append(ctx)
        return 1

    reports = run(monkeypatch, check("host", count, key=by_target), check("here", count, key=by_machine), contexts=20)
    assert len(reports) == 20
    assert len(calls) == 2


def test_offline_skips_what_opens_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(offline=True)
    (report,) = run(monkeypatch, check("net", one), check("file", one, network=False), settings=settings)
    assert [result.status for result in report.results] == [Status.SKIP, Status.PASS]


def test_stopping_keeps_what_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[runner.Run] = []

    def stop_when_quick_is_done(ctx: Context, result: Any) -> None:
        jobs[0].stop()

    (report,) = run(
        monkeypatch, check("slow", never), check("quick", one), watch=jobs.append, listener=stop_when_quick_is_done
    )
    assert [result.status for result in report.results] == [Status.UNKNOWN, Status.PASS]
    assert report.results[0].reason is not None
    assert report.results[0].reason.id == "interrupted"
    assert jobs[0].stopped


@pytest.mark.parametrize("steps", range(12))
def test_stopping_at_each_step_of_the_loop_keeps_the_report(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also between the making of a task and its first step, where a cancelled one has not come to its handler."""

    def after(job: runner.Run, left: int) -> None:
        asyncio.get_running_loop().call_soon(after, job, left - 1) if left else job.stop()

    first = check("first", never)
    checks = first, check("second", one, needs=(first,)), check("third", never)
    (report,) = run(monkeypatch, *checks, watch=lambda job: after(job, steps))
    assert [result.status for result in report.results] == [Status.UNKNOWN] * 3
    assert {result.reason.id for result in report.results if result.reason} == {"interrupted"}


def test_only_and_skip_select_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    (report,) = run(monkeypatch, check("a", one), check("b", one), only=("a",))
    assert [result.status for result in report.results] == [Status.PASS, Status.SKIP]
    (report,) = run(monkeypatch, check("a", one), check("b", one), skip=("a",))
    assert [result.status for result in report.results] == [Status.SKIP, Status.PASS]


def test_a_crowd_is_diagnosed_by_the_example_of_its_worst() -> None:
    from wxalarm.checks.alarm import sample

    alarms = [
        Alarm(AlarmKind.INVALID_RESPONSE, f"wx{number:016x}", count=number, sample=Sample(http_code=500 + number % 2))
        for number in range(runner.CROWD + 2)
    ]
    contexts = [Context(alarm, Target(host="wx.example.com"), Settings(offline=True)) for alarm in alarms]
    reports = runner.run(contexts, only=[sample.CHECK.id])
    assert [report.alarm for report in reports] == alarms
    own = [report for report in reports if report.example is None]
    assert [report.alarm.count for report in own] == [runner.CROWD, runner.CROWD + 1]
    for report in reports:
        assert report.status is Status.FAIL
        assert report.cause is not None
        assert report.cause.finding.evidence["status"] == report.alarm.sample.http_code

    few = runner.run(contexts[: runner.CROWD], only=[sample.CHECK.id])
    assert all(report.example is None for report in few)


def told_apart(one: Context, other: Context) -> bool:
    return len(set(runner.examples_of([one, other] * runner.CROWD))) == 2


@pytest.mark.parametrize("base", [Alarm, Sample, Target])
def test_a_crowd_is_told_apart_by_a_field_that_is_new(base: type) -> None:
    made = widened(base)

    def ctx(new: str) -> Context:
        value = made(new=new)
        sample = value if base is Sample else Sample()
        alarm = value if base is Alarm else Alarm(sample=sample)
        return Context(alarm, value if base is Target else Target(), Settings())

    assert told_apart(ctx("a"), ctx("b"))
    assert not told_apart(ctx("a"), ctx("a"))


def test_a_crowd_is_not_told_apart_by_whose_it_is_and_when_it_came() -> None:
    one = Alarm(appid="wx1", count=1, sample=Sample(stamp=1, openid="oA", url="http://h/1", extra={"New": "1"}))
    other = Alarm(appid="wx2", count=2, sample=Sample(stamp=2, openid="oB", url="http://h/2", extra={"New": "1"}))
    silent = replace(other, sample=replace(other.sample, openid=None))
    newer = replace(other, sample=replace(other.sample, extra={"New": "2"}))
    ready = [Context(alarm, Target(), Settings()) for alarm in (one, other, silent, newer)]
    assert [told_apart(ready[0], ctx) for ctx in ready] == [False, False, True, True]
    known = {f.name for cls in (Alarm, Sample, Target) for f in fields(cls)}
    assert known >= runner.WHOSE_AND_WHEN, "an exception for a field that is gone"


def test_a_secret_that_cannot_be_used_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    from wxalarm.config import ConfigError
    from wxalarm.model import Reason

    async def locked(ctx: Context) -> int:
        raise ConfigError("config-secret-open", place="accounts.a.token_file", path="/token")

    (report,) = run(monkeypatch, check("a", locked), check("b", one))
    assert [result.status for result in report.results] == [Status.UNKNOWN, Status.PASS]
    assert report.results[0].reason == Reason(
        "config-secret-open", {"place": "accounts.a.token_file", "path": "/token"}
    )


def never_returns(*_: Any) -> None:
    while True:
        pass


def endless(observation: Any, ctx: Context) -> Iterable[Finding]:
    never_returns()
    return ()


def test_a_judgement_that_does_not_come_back_is_unknown_and_loses_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "JUDGEMENT", 2.0)
    before = threading.active_count()
    (report,) = run(monkeypatch, check("a", one), check("b", one, endless))
    assert [result.status for result in report.results] == [Status.PASS, Status.UNKNOWN]
    assert report.results[1].observation == 1
    assert report.results[1].reason is not None
    assert report.results[1].reason.id == "judgement"
    for thread in threading.enumerate():
        if thread.name == "judgement":
            thread.join(30)  # it is ended, not left to run
    assert threading.active_count() <= before


def test_ctrl_c_ends_a_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def long(observation: Any, ctx: Context) -> Iterable[Finding]:
        begun.set()
        yield from endless(observation, ctx)

    def interrupt() -> None:
        begun.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(runner, "JUDGEMENT", 600.0)
    other = threading.Thread(target=interrupt)
    other.start()
    (report,) = run(monkeypatch, check("a", one), check("b", one, long))
    other.join()
    assert report.results[0].status is Status.PASS
    assert report.results[1].reason is not None
    assert report.results[1].reason.id == "interrupted"


def test_a_verdict_that_does_not_come_back_or_breaks_is_untold_and_loses_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(runner, "JUDGEMENT", 2.0)
    for verdict, reason in ((never_returns, "judgement"), (broken, "crashed")):
        monkeypatch.setattr(runner, "cause", verdict)
        (report,) = run(monkeypatch, check("a", one))
        assert [(r.check, r.status) for r in report.results] == [("a", Status.PASS), (VERDICT, Status.UNKNOWN)]
        assert report.results[1].reason is not None
        assert report.results[1].reason.id == reason
        assert (report.cause, report.status) == (None, Status.UNKNOWN)


def test_a_verdict_has_time_left_when_the_checks_have_used_theirs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "JUDGEMENT", 1.0)
    checks = [check(name, one, endless) for name in "abc"]
    (report,) = run(monkeypatch, *checks, settings=Settings(timeout=0.1))
    assert [result.check for result in report.results] == ["a", "b", "c"]


def test_ctrl_c_ends_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def long(*_: Any) -> None:
        begun.set()
        never_returns()

    def interrupt() -> None:
        begun.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(runner, "JUDGEMENT", 600.0)
    monkeypatch.setattr(runner, "cause", long)
    other = threading.Thread(target=interrupt)
    other.start()
    (report,) = run(monkeypatch, check("a", one))
    other.join()
    assert report.results[0].status is Status.PASS
    assert report.results[1].reason is not None
    assert report.results[1].reason.id == "interrupted"


def test_a_ctrl_c_that_does_not_end_the_wait_is_heard_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes just before the loop begins to wait does not; nor does one that another thread is given, which a
    test can have at will."""

    def press(*_: Any) -> None:
        time.sleep(0.3)  # the loop waits by now; if not, this test shows nothing
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        os.kill(os.getpid(), signal.SIGINT)
        never_returns()

    monkeypatch.setattr(runner, "JUDGEMENT", 600.0)
    monkeypatch.setattr(runner, "cause", press)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        (report,) = run(monkeypatch, check("a", one))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    assert report.results[1].reason is not None
    assert report.results[1].reason.id == "interrupted"


def test_what_is_beyond_a_bound_is_unknown_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def beyond(observation: Any, ctx: Context) -> Iterable[Finding]:
        raise Beyond("pattern", 7)

    async def beyond_too(ctx: Context) -> int:
        raise Beyond("nginx-size", 8)

    (report,) = run(monkeypatch, check("a", one, beyond), check("b", beyond_too))
    told = [(result.status, result.reason and (result.reason.id, result.reason.values)) for result in report.results]
    assert told == [
        (Status.UNKNOWN, ("bound-pattern", {"limit": 7})),
        (Status.UNKNOWN, ("bound-nginx-size", {"limit": 8})),
    ]
