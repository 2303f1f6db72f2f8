"""The application's logs: any format, the alarm's own lines, what is another user's."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.checks.logs.support import OPENID, START, alarm, codes, joined, results
from tests.logs.test_app import FORMATS, OTHER
from wxalarm.model import AlarmKind, Basis, Finding


def app_lines(form: str, message: str, at: float = START) -> bytes:
    """The line moved to another time, whatever its format."""
    local = datetime.fromtimestamp(at, timezone(timedelta(hours=8)))
    text = FORMATS[form].format(message)
    zulu = datetime.fromtimestamp(at, UTC)
    for old, new in (
        ("2024-12-25T02:04:57", zulu.strftime("%Y-%m-%dT%H:%M:%S")),
        ("2024-12-25 10:04:57", local.strftime("%Y-%m-%d %H:%M:%S")),
        ("2024/12/25 10:04:57", local.strftime("%Y/%m/%d %H:%M:%S")),
        ("Dec 25 10:04:57", local.strftime("%b %d %H:%M:%S")),
        ("25/Dec/2024:10:04:57", local.strftime("%d/%b/%Y:%H:%M:%S")),
        ("25/Dec/2024 10:04:57", local.strftime("%d/%b/%Y %H:%M:%S")),
        ("12/25/2024, 10:04:57 AM", local.strftime("%m/%d/%Y, %I:%M:%S %p")),
        ("1735092297", str(int(at))),
    ):
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize("form", FORMATS)
def test_the_push_is_found_in_any_format(tmp_path: Path, form: str) -> None:
    path = tmp_path / "app.log"
    lines = [app_lines(form, f"hello {at}", START + at) for at in range(-7200, 7200, 3)]
    lines.insert(2400, app_lines(form, f"push from {OPENID}", START))
    path.write_bytes(joined(lines))
    os.utime(path, (START + 7197, START + 7197))
    result = results(app=[path])["app-log"]
    assert codes(result) == {"app-log-lines"}
    observation = result.observation
    assert observation.hits[0].place == f"{path}:2401"
    assert START <= observation.hits[0].time < START + 1
    assert observation.hits[0].context[0] == lines[2398].decode()
    assert 140 <= observation.lines <= 142
    assert observation.files[0].read < path.stat().st_size


def test_a_traceback_of_the_push_and_one_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    push = app_lines("iso", f"push from {OPENID}")
    trace = [b"Traceback (most recent call last):", b'  File "app.py", line 7, in handle', b"KeyError: 'Content'"]
    other = app_lines("iso", "someone else", START + 1)
    path.write_bytes(joined([push, *trace, other]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.RECORDED)
    assert finding.evidence["trouble"] == f"{trace[0].decode()} … {trace[2].decode()}"
    assert results(app=[path])["app-log"].observation.lines == 5
    path.write_bytes(joined([push, app_lines("iso", "bye", START), *trace, other]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.REPRODUCED)


def test_another_users_line_in_the_same_second_is_not_the_push(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    own = [app_lines("iso", f"push openid={OPENID} timestamp={START}"), app_lines("iso", f"replied to {OPENID}")]
    for named in (f"openid={OTHER}", '{\\"openid\\": \\"oOther01\\"}', f"<FromUserName><![CDATA[{OTHER}]]>"):
        theirs = [app_lines("iso", f"ERROR order failed {named} timestamp={START}"), b"KeyError: 'Content'"]
        path.write_bytes(joined([*own, *theirs]))
        result = results(app=[path])["app-log"]
        assert codes(result) == {"app-log-lines", "app-log-errors"}, named
        assert len(result.observation.hits) == 2
    event = [app_lines("iso", f"ERROR event SUBSCRIBE of {OTHER}"), app_lines("iso", "event SUBSCRIBE")]
    path.write_bytes(joined(event))
    of = replace(alarm(), sample=replace(alarm().sample, event="subscribe"))
    assert [hit.line for hit in results(app=[path], of=of)["app-log"].observation.hits] == [event[1].decode()]


def test_an_error_known_by_its_second_alone_is_likely_and_stands_behind_the_openids(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    nobodys = app_lines("iso", f"ERROR order failed timestamp={START}")
    path.write_bytes(joined([nobodys]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.REPRODUCED)
    path.write_bytes(joined([nobodys, app_lines("iso", f"ERROR reply failed openid={OPENID}", START + 1)]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.evidence["needle"], finding.code.basis) == ("openid", Basis.RECORDED)
    late = app_lines("iso", "out STAMP", START + 7).replace(b"STAMP", str(START).encode())
    path.write_bytes(joined([app_lines("iso", f"in {START}"), late]))
    slow = next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-slow")
    assert slow.code.basis is Basis.REPRODUCED


def test_slow_silent_and_errors_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    quiet = [app_lines("iso", "tick", START + at) for at in range(0, 300, 10)]
    path.write_bytes(
        joined([app_lines("iso", f"in {OPENID}"), app_lines("iso", f"out {OPENID}", START + 7), *quiet[1:]])
    )
    assert codes(results(app=[path])["app-log"]) == {"app-log-slow", "app-log-lines"}
    path.write_bytes(joined(quiet))
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent"}
    path.write_bytes(joined([*quiet, app_lines("iso", "redis.exceptions.ConnectionError: gone", START + 300)]))
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent", "app-log-errors"}


THREAD = "[nio-8080-exec-7]"
PUSH = f"{THREAD} push openid={OPENID} timestamp={START}"


def again(message: str, at: float) -> bytes:
    """A line of the same user's next try, five seconds behind the push."""
    return app_lines("iso", f"{message} openid={OPENID} timestamp=NEXT", at).replace(b"NEXT", str(START + 5).encode())


def test_the_longest_step_of_the_pushs_own_request_is_told(tmp_path: Path) -> None:
    """Lines of its thread or trace, not of another one, and not of the same user's next try."""
    path = tmp_path / "app.log"
    lines = [
        app_lines("iso", PUSH),
        app_lines("iso", f"{THREAD} cache read, cost=3ms", START + 1),
        again("[nio-8080-exec-9] push", START + 5),
        app_lines("iso", f"{THREAD} model done, cost=8300ms", START + 8),
        app_lines("iso", "[nio-8080-exec-9] model done, cost=9900ms", START + 15),
    ]
    path.write_bytes(joined(lines))
    slow = next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-slow")
    told = {name: slow.evidence.get(name) for name in ("how", "seconds", "place", "step_place", "step_took")}
    assert told == {
        "how": "step",
        "seconds": 8.3,
        "place": f"{path}:1",
        "step_place": f"{path}:4",
        "step_took": 8.3,
    }
    assert slow.code.basis is Basis.REPRODUCED
    # A thread that was idle in between is at another request; that of another thread is of nobody.
    for took in (b"4300ms", b"830ms"):
        path.write_bytes(joined([*lines[:3], lines[3].replace(b"8300ms", took), lines[4]]))
        slow = next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-slow")
        assert (slow.evidence["how"], slow.evidence["place"], slow.code.basis) == (
            "minutes",
            f"{path}:5",
            Basis.CONDITION,
        )
        path.write_bytes(joined([*lines[:3], lines[3].replace(b"8300ms", took)]))
        assert codes(results(app=[path])["app-log"]) == {"app-log-lines"}
    path.write_bytes(joined([*lines, app_lines("iso", f"{THREAD} {OPENID} {START} answered in 8400ms", START + 8)]))
    slow = slow_of(path)
    assert (slow.evidence["how"], slow.evidence["seconds"], slow.evidence["step_took"]) == ("line-step", 8.4, 8.3)


WERKZEUG = 'INFO:werkzeug:127.0.0.1 - - [%s] "POST /callback?signature=a&timestamp=%d&openid=%s HTTP/1.0" 200 -'


def over(at: float, openid: str = OPENID, stamp: int = START) -> bytes:
    """A request line that Flask's server writes when the request is over."""
    local = datetime.fromtimestamp(at, timezone(timedelta(hours=8)))
    return (WERKZEUG % (local.strftime("%d/%b/%Y %H:%M:%S"), stamp, openid)).encode()


def slow_of(path: Path) -> Finding:
    return next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-slow")


def told_of(slow: Finding) -> dict[str, object]:
    """How long it took by what line, and of that what its longest step."""
    return {name: slow.evidence.get(name) for name in ("how", "seconds", "place", "step_place", "step_took", "own")}


def test_a_request_line_of_the_push_long_behind_it_says_that_it_was_late(tmp_path: Path) -> None:
    """And the step right above it, that no other request stands before, took the time."""
    path = tmp_path / "nohup.out"
    step = b"INFO:root:llm cost 18.42s, tokens=1107"
    path.write_bytes(joined([over(START - 74, OTHER, START - 74), step, over(START + 19), over(START + 28, OTHER)]))
    slow = slow_of(path)
    assert told_of(slow) == {
        "how": "over",
        "seconds": 19.0,
        "place": f"{path}:3",
        "step_place": f"{path}:2",
        "step_took": 18.42,
        "own": True,
    }
    assert slow.code.basis is Basis.REPRODUCED
    # The step of another request, and one that was answered in time.
    path.write_bytes(joined([step, over(START, OTHER), over(START + 19)]))
    slow = slow_of(path)
    assert (slow.evidence["how"], slow.evidence.get("step_took")) == ("over", None)
    path.write_bytes(joined([over(START + 1), over(START + 6)]))
    assert codes(results(app=[path])["app-log"]) == {"app-log-lines"}


GIN = '[GIN] %s | 200 | %12s |    203.0.113.7 | POST     "/callback?signature=a&timestamp=%d&nonce=1&openid=%s"'


def test_a_request_line_that_says_how_long_and_the_statement_above_it(tmp_path: Path) -> None:
    """The first try: WeChat sends the same push again, which takes longer still."""

    def gin(at: float, took: str, openid: str = OPENID) -> bytes:
        local = datetime.fromtimestamp(at, timezone(timedelta(hours=8)))
        return (GIN % (local.strftime("%Y/%m/%d - %H:%M:%S"), took, START, openid)).encode()

    path = tmp_path / "app.log"
    sql = b"[%d.552ms] [rows:1] SELECT * FROM `scans` WHERE open_id = '" + OPENID.encode() + b"'"
    lines = [gin(START - 60, "3.2ms", OTHER), sql % 8911, gin(START + 9, "8.93s"), sql % 9900, gin(START + 15, "9.95s")]
    path.write_bytes(joined(lines))
    slow = slow_of(path)
    assert told_of(slow) == {
        "how": "line-step",
        "seconds": 8.93,
        "place": f"{path}:3",
        "step_place": f"{path}:2",
        "step_took": 8.911552,
        "own": True,
    }
    assert slow.code.basis is Basis.RECORDED
    path.write_bytes(joined([gin(START - 60, "3.2ms", OTHER), gin(START + 1, "840ms")]))
    assert codes(results(app=[path])["app-log"]) == {"app-log-lines"}


@pytest.mark.parametrize(
    ("start", "back", "told"), [(-6, 31, True), (3, 31, False), (-6, None, False), (-40, -2, False), (9, 31, False)]
)
def test_an_instance_that_only_starts(start: int, back: int | None, told: bool, tmp_path: Path) -> None:
    """What never says that it serves may be no server."""
    path = tmp_path / "app.log"
    lines = [(-900, "INFO tick"), (start, "INFO 1 --- [main] Starting WxApplication v2.14.0 using Java 17.0.11")]
    lines += [(back, "INFO 1 --- [main] Tomcat started on port 8080 (http)")] if back is not None else []
    path.write_bytes(joined(app_lines("iso", message, START + at) for at, message in [*lines, (700, "INFO tick")]))
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=502))
    found = [one for one in results(app=[path], of=of)["app-log"].findings if one.code.id == "app-log-stopped"]
    assert [one.evidence["which"] for one in found] == ["starting"] * told


@pytest.mark.parametrize(
    ("lines", "which"),
    [
        ([(-60, "Starting ReportBatch using Java 17.0.1"), (-3, "Commencing graceful shutdown. Waiting")], "stopped"),
        ([(-2, "Starting Batch using Java 17"), (2, "Started Batch in 3.2 seconds (process running for 4)")], None),
        (
            [
                (-12, "Starting Batch using Java 17"),
                (-9, "Started Batch in 3.2 seconds (process running for 4)"),
                (-3, "--- [ionShutdownHook] HikariPool-1 - Shutdown initiated..."),
            ],
            None,
        ),
        (
            [
                (-90, "Starting WxApplication using Java 17"),
                (-80, "Tomcat started on port 8080 (http)"),
                (-3, "--- [ionShutdownHook] HikariPool-1 - Shutdown initiated..."),
            ],
            "stopped",
        ),
    ],
    ids=["a job starts before the server stops", "a job starts", "a job ends", "the server ends"],
)
def test_a_job_is_no_server(lines: list[tuple[int, str]], which: str | None, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    all_lines = [(-900, "INFO"), *lines, (700, "INFO")]
    path.write_bytes(joined(app_lines("iso", message, START + at) for at, message in all_lines))
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=502))
    found = [one for one in results(app=[path], of=of)["app-log"].findings if one.code.id == "app-log-stopped"]
    assert [one.evidence["which"] for one in found] == ([which] if which else [])


def test_what_csrf_protection_refuses_has_its_statuses(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    for message, makes in (
        ("Forbidden (CSRF cookie not set.): /callback", [400, 403, 419, 422]),
        ("Internal Server Error: /callback", None),
    ):
        path.write_bytes(joined([app_lines("iso", message, START + 60)]))
        found = next(one for one in results(app=[path])["app-log"].findings if one.code.id == "app-log-errors")
        assert found.evidence.get("makes") == makes


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        (f"kf send ok -> {OTHER} total=9.67s", 9.67),
        ("model answered, elapsed_ms=12044", 12.044),
        ("调用大模型 耗时：7秒", 7.0),
        ("done in 4.9s", None),
        ("retry in 30s", None),
        ("GET /report 200 cost=31s", None),
        ("POST /callback 200 cost=31s", 31.0),
    ],
)
def test_what_took_as_long_as_wechat_waits_in_those_minutes(
    message: str, seconds: float | None, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    lines = [app_lines("iso", "tick", START + at) for at in range(0, 60, 10)]
    path.write_bytes(joined([*lines, app_lines("iso", message, START + 90)]))
    found = [one for one in results(app=[path])["app-log"].findings if one.code.id == "app-log-slow"]
    assert [(one.evidence["how"], one.evidence["seconds"], one.evidence["count"]) for one in found] == (
        [] if seconds is None else [("minutes", seconds, 1)]
    )
    assert all(one.code.basis is Basis.CONDITION for one in found)
    path.write_bytes(joined([*lines, app_lines("iso", message, START + 3600)]))
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent"}


POOL = (
    b"java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, "
    b"request timed out after 30001ms."
)


@pytest.mark.parametrize("numbered", [False, True])
def test_an_error_in_what_grep_shows_of_a_log(numbered: bool, tmp_path: Path) -> None:
    """Its lines have numbers before them: N: the one found, N- those around it."""
    path = tmp_path / "app.log"
    head = app_lines("iso", f"ERROR update failed, openid={OPENID}", START + 30)
    lines = [head, b"", POOL, b"\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)", b"--"]
    if numbered:
        lines = [b"%d%s%s" % (n, b":-"[n != 88231 :][:1], line) for n, line in enumerate(lines[:4], 88231)] + lines[4:]
    path.write_bytes(joined([app_lines("iso", "began", START - 30), *lines, app_lines("iso", "bye", START + 40)]))
    error = next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-error")
    assert {name: error.evidence[name] for name in ("case", "waited", "after", "waits")} == {
        "case": "pool",
        "waited": 30.001,
        "after": "waited",
        "waits": True,
    }


def test_an_entry_of_several_lines_has_one_time(tmp_path: Path) -> None:
    """ASP.NET Core's console: the time and the level stand above what is said."""
    path = tmp_path / "app.log"
    asked = f"      Request %s HTTP/1.1 POST http://wx.example.com/callback?timestamp={START}&openid={OPENID} - %s"

    def entry(level: str, at: float, *said: str) -> list[bytes]:
        local = datetime.fromtimestamp(at, timezone(timedelta(hours=8)))
        return [f"{local:%Y-%m-%d %H:%M:%S}.123 {level}: Microsoft.AspNetCore[1]".encode(), *map(str.encode, said)]

    lines = [
        *entry("info", START, asked % ("starting", "text/xml 287")),
        *entry(
            "fail",
            START,
            "      An unhandled exception was thrown by the application.",
            "      System.InvalidOperationException: Synchronous operations are disallowed.",
            "         at Senparc.NeuChar.Utilities.XmlUtility.Convert(Stream stream)",
        ),
        *entry("info", START, asked % ("finished", "500 0 - 40.1187ms")),
    ]
    path.write_bytes(joined([app_lines("iso", "INFO started", START - 20), *lines]))
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=500))
    result = results(app=[path], of=of)["app-log"]
    error = next(found for found in result.findings if found.code.id == "app-log-error")
    assert error.evidence["place"] == f"{path}:4"
    assert "Synchronous operations are disallowed" in error.evidence["trouble"]
    assert error.evidence["after"] == "near"
    assert {hit.time for hit in result.observation.hits} == {START + 0.123}


def test_the_pushs_own_line_says_how_long_it_took_before_that_of_its_next_try(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    own = app_lines("iso", f"took 7.2s openid={OPENID} timestamp=OWN", START + 7).replace(b"OWN", str(START).encode())
    path.write_bytes(joined([own, again("took 7.9s", START + 13)]))
    slow = next(found for found in results(app=[path])["app-log"].findings if found.code.id == "app-log-slow")
    assert (slow.evidence["place"], slow.evidence["seconds"], slow.evidence["how"]) == (f"{path}:1", 7.2, "line")


def test_what_a_request_waited_for_in_vain_is_its_own_however_late_it_is_logged(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    error = "ERROR HikariPool-1 - Connection is not available, request timed out after {}ms."
    for took, at, found in ((30002, 30, True), (30002, 90, False), (5002, 30, False)):
        late = app_lines("iso", f"{THREAD} {error.format(took)}", START + at)
        others = [app_lines("iso", f"[nio-8080-exec-1] tick {tick}", START + tick) for tick in range(1, 9)]
        first = app_lines("iso", f"{THREAD} WARN 0", START + at)
        path.write_bytes(joined([app_lines("iso", PUSH), *others, first, late]))
        result = results(app=[path])["app-log"]
        assert ("app-log-error" in codes(result)) is found, (took, at)
        if found:
            (error_found,) = [one for one in result.findings if one.code.id == "app-log-error"]
            assert (error_found.code.basis, error_found.evidence["case"]) == (Basis.RECORDED, "pool")


def test_that_the_client_had_hung_up_is_no_cause_whatever_wraps_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    wrapped = [
        app_lines("iso", f"{THREAD} WARN Resolved [HttpMessageNotWritableException: Could not write]", START + 8),
        b"org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe",
        b"\tat org.apache.catalina.connector.OutputBuffer.realWriteBytes(OutputBuffer.java:342)",
        b"Caused by: java.io.IOException: Broken pipe",
    ]
    path.write_bytes(joined([app_lines("iso", PUSH), app_lines("iso", f"{THREAD} done", START + 8), *wrapped]))
    assert "app-log-error" not in codes(results(app=[path])["app-log"])
    other = b"Caused by: java.lang.NullPointerException: order"
    path.write_bytes(joined([app_lines("iso", PUSH), *wrapped[:3], other]))
    assert "app-log-error" in codes(results(app=[path])["app-log"])


def test_found_by_stamp_message_id_or_event(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    of = replace(alarm(openid=None), sample=replace(alarm().sample, openid=None, event="Template Send Job Finish"))
    path.write_bytes(joined([app_lines("iso", f"CreateTime={START}")]))
    assert results(app=[path], of=of)["app-log"].observation.hits[0].needle == "stamp"
    path.write_bytes(joined([app_lines("iso", "Event TEMPLATESENDJOBFINISH", START + 1)]))
    assert results(app=[path], of=of)["app-log"].observation.hits[0].needle == "event"
    path.write_bytes(joined([app_lines("iso", "Event TEMPLATESENDJOBFINISH", START + 200)]))
    assert not results(app=[path], of=of)["app-log"].observation.hits
    of = replace(of, sample=replace(of.sample, extra={"MsgId": "6054768590064713728"}))
    path.write_bytes(joined([app_lines("iso", "MsgId 6054768590064713728", START + 200)]))
    assert results(app=[path], of=of)["app-log"].observation.hits[0].needle == "id"


def test_a_log_without_times_is_searched_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(joined([b"no time at all"] * 500 + [f"push {OPENID}".encode()]))
    result = results(app=[path])["app-log"]
    assert codes(result) == {"app-log-lines"}
    assert result.observation.hits[0].place == f"{path}:501"


def test_without_a_named_log_the_check_is_skipped() -> None:
    reason = results()["app-log"].reason
    assert reason is not None
    assert reason.id == "no-app-log"


def test_only_what_is_of_that_very_push_is_certain(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    for lines, basis, code in (
        ([f"ERROR push of {OPENID}"], Basis.RECORDED, None),
        ([f"push of {OPENID}", "ERROR x"], Basis.REPRODUCED, None),
        ([f"[exec-3] push of {OPENID}", '[exec-3] {"errcode":40164}'], Basis.RECORDED, 40164),
        ([f"req_id=ab12cd34 push of {OPENID}", *["x"] * 30, "req_id=ab12cd34 errcode=40001"], Basis.RECORDED, 40001),
    ):
        path.write_bytes(joined(app_lines("iso", text) for text in lines))
        (finding,) = (f for f in results(app=[path])["app-log"].findings if f.code.id == "app-log-error")
        assert (finding.code.basis, finding.evidence["errcode"]) == (basis, code), lines
        assert finding.evidence["own"] == (finding.code.basis is Basis.RECORDED)
    path.write_bytes(joined([app_lines("iso", f"ERROR push of {OPENID}", START + 200)]))
    (finding,) = results(app=[path])["app-log"].findings
    assert (finding.code.basis, finding.evidence["own"]) == (Basis.REPRODUCED, False), "the same user, minutes later"


def test_a_log_that_was_not_read_to_its_end_is_not_silent(tmp_path: Path) -> None:
    path = tmp_path / "app.log.gz"
    data = gzip.compress(joined(app_lines("zoned", f"hello {at}", START + at) for at in range(-4000, 400)))
    path.write_bytes(data)
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent"}
    path.write_bytes(data[: len(data) // 2])
    result = results(app=[path])["app-log"]
    assert (result.findings, result.reason and result.reason.id) == ((), "log-broken")


def test_of_a_long_log_without_times_only_the_end_was_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(joined([b"no time at all"] * 500))
    assert codes(results(app=[path])["app-log"]) == {"app-log-silent"}
    monkeypatch.setattr("wxalarm.probes.logfiles.COUNTED", 2000)
    result = results(app=[path])["app-log"]
    assert (result.findings, result.reason and result.reason.id) == ((), "log-tail")


def test_a_zone_that_is_only_assumed_is_said(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(joined(app_lines("iso", "tick", START + at) for at in range(0, 300, 10)))
    for written, basis in ((START + 290, Basis.RECORDED), (START + 7777, Basis.CONDITION)):
        os.utime(path, (written, written))
        (finding,) = results(app=[path])["app-log"].findings
        assert (finding.code.id, finding.code.basis) == ("app-log-silent", basis)


def test_a_worker_that_gunicorn_ended_at_the_push_long_after_it(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    stack = [b"Traceback (most recent call last):", b'  File "/app/wx.py", line 4, in ask', b"    answer()"]
    ended = [b'  File "/x/gunicorn/workers/base.py", line 203, in handle_abort', b"    sys.exit(1)", b"SystemExit: 1"]
    for asked, stands, case, basis in (
        (f"/callback?timestamp={START}&openid={OPENID}", [*stack, *ended], "aborted", Basis.RECORDED),
        (f"/callback?timestamp={START + 9}&openid={OPENID}", [*stack, *ended], "aborted", Basis.REPRODUCED),
        (f"/callback?timestamp={START}&openid={OPENID}", [*stack, b"KeyError: 'a'"], "absent", Basis.RECORDED),
    ):
        line = app_lines("zoned", "[2211] [ERROR] Error handling request ", START + 31) + asked.encode()
        path.write_bytes(
            joined([app_lines("zoned", "[7] [CRITICAL] WORKER TIMEOUT (pid:2211)", START + 31), line, *stands])
        )
        finding = next(one for one in results(app=[path])["app-log"].findings if one.code.id == "app-log-error")
        assert (finding.evidence["case"], finding.code.basis) == (case, basis)


@pytest.mark.parametrize(
    ("hours", "named", "found"),
    [(8, OPENID, True), (8, OTHER, False), (3, OPENID, False)],  # UTC; somebody else's; no zone that anybody writes
)
def test_the_pushs_own_line_tells_that_a_log_is_in_utc(tmp_path: Path, hours: int, named: str, found: bool) -> None:
    path = tmp_path / "app.log"
    written = START - hours * 3600
    lines = [app_lines("iso", "tick", written + at) for at in range(-600, 600, 10)]
    path.write_bytes(joined([*lines[:60], app_lines("iso", f"ERROR SQLSTATE for {named}", written), *lines[60:]]))
    os.utime(path, (START + 99999, START + 99999))  # it was copied
    result = results(app=[path])["app-log"]
    assert (codes(result) == {"app-log-error"}) is found
    if found:
        assert (result.observation.assumed, result.findings[0].code.basis) == ((), Basis.RECORDED)


def test_csrf_in_the_pushs_own_second_is_tied_to_its_path(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=403))
    for at, where, code in (
        (0, "/callback", "app-log-error"),
        (0, "/admin", "app-log-errors"),
        (60, "/callback", None),
    ):
        lines = [
            app_lines("zoned", f"Forbidden (CSRF cookie not set.): {where}", START + at),
            app_lines("zoned", "bye"),
        ]
        path.write_bytes(joined(lines))
        finding = next(found for found in results(app=[path], of=of)["app-log"].findings if "error" in found.code.id)
        assert (finding.code.id, finding.evidence["case"]) == (code or "app-log-errors", "csrf")
        assert finding.code.basis is (Basis.REPRODUCED if code == "app-log-error" else Basis.CONDITION)


def test_an_error_that_nobody_caught_in_the_second_of_a_push_that_got_500(tmp_path: Path) -> None:
    path = tmp_path / "php.log"
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=500))
    text = "[25-Dec-2024 10:0{} Asia/Shanghai] PHP Fatal error:  Uncaught E: "
    text += '{{"errcode":40164,"errmsg":"invalid ip 203.0.113.9"}}'
    for time, others, code in (
        ("4:57", 0, "app-log-error"),
        ("4:57", 9, "app-log-errors"),
        ("7:57", 0, "app-log-errors"),
    ):
        noise = ["[25-Dec-2024 10:04:57 Asia/Shanghai] order paid"] * others
        path.write_text("".join(f"{line}\n" for line in (*noise, text.format(time), "Stack trace:", "#0 {main}")))
        findings = {found.code.id: found for found in results(app=[path], of=of)["app-log"].findings}
        assert {"app-log-error", "app-log-errors"} & set(findings) == {code}
        assert findings[code].evidence["errcode"] == 40164


def test_a_pool_that_the_push_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    pool = "HikariPool-1 - Connection is not available, request timed out after 30000ms."
    stack = ["", f"a.BException: y; nested exception is {pool}"]
    for openid, code in ((OPENID, "app-log-error"), (OTHER, "app-log-errors")):
        lines = [app_lines("zoned", f"ERROR failed openid={openid}", START + 31), *(text.encode() for text in stack)]
        path.write_bytes(joined([app_lines("zoned", "hello"), *lines]))
        findings = {found.code.id: found for found in results(app=[path])["app-log"].findings}
        assert {"app-log-error", "app-log-errors"} & set(findings) == {code}
        assert findings[code].evidence["case"] == "pool"
        assert findings[code].code.basis is (Basis.REPRODUCED if code == "app-log-error" else Basis.CONDITION)
        assert findings[code].evidence.get("after") == ("waited" if code == "app-log-error" else None)


def test_an_address_of_wechats_that_was_shut_out_when_the_push_came(tmp_path: Path) -> None:
    """By the last line about it until then; what comes later says nothing."""
    path = tmp_path / "fail2ban.log"
    of = replace(alarm(kind=AlarmKind.CONNECT_TIMEOUT), sample=replace(alarm().sample, outer_ip="203.0.113.66"))

    def found(*lines: tuple[str, float]) -> set[str]:
        tick = app_lines("iso", "tick", START + 60)
        path.write_bytes(joined([*(app_lines("iso", f"[nginx-cc] {what}", START + at) for what, at in lines), tick]))
        return codes(results(app=[path], of=of)["app-log"])

    assert found(("Ban 203.0.113.66", -40)) == {"app-log-banned"}
    assert found(("Ban 203.0.113.66", -50), ("Unban 203.0.113.66", -20)) == {"app-log-silent"}
    assert found(("Ban 203.0.113.66", -50), ("Unban 203.0.113.66", 20)) == {"app-log-banned"}
    assert found(("Ban 203.0.113.66", 20)) == {"app-log-silent"}
    assert found(("Ban 203.0.113.7", -40)) == {"app-log-silent"}


def test_times_without_a_date_are_of_the_alarms_day(tmp_path: Path) -> None:
    """RuoYi's pattern of logback; which day it was, and in which zone, is assumed."""
    path = tmp_path / "sys-error.log"
    lines = [
        "09:21:40.003 [schedule-pool-2] ERROR c.r.q.u.AbstractQuartzJob - job failed",
        "10:04:57.217 [http-nio-8080-exec-14] ERROR c.r.f.w.e.GlobalExceptionHandler - [handleException,106] - failed",
        "com.example.PayException: 头部信息验证失败",
        "\tat com.example.Controller.order(Controller.java:58)",
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    sample = replace(alarm().sample, response_content='{"msg":"头部信息验证失败","code":500}')
    result = results(app=[path], of=replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=sample))["app-log"]
    assert result.observation.assumed == (str(path),)
    (finding,) = result.findings
    assert (finding.code.id, finding.code.basis) == ("app-log-error", Basis.REPRODUCED)
    assert (finding.evidence["needle"], finding.evidence["time"]) == ("words", "2024-12-25 10:04:57")
    assert "PayException: 头部信息验证失败" in str(finding.evidence["trouble"])
    for content in ('{"msg":"余额不足，不能支付","code":500}', '{"msg":"error"}', "头部信息验证失败", "{"):
        other = replace(sample, response_content=content)
        result = results(app=[path], of=replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=other))["app-log"]
        assert "app-log-error" not in codes(result), content


@pytest.mark.parametrize(
    ("before", "at", "of", "found"),
    [
        (-40, 1, 500, "app-log-error"),
        (-40, 4, 500, "app-log-error"),
        (-40, 7, 500, "app-log-errors"),  # WeChat had hung up
        (-40, 1, 403, "app-log-errors"),  # it says no reason, and this is nothing that an exception makes
        (-1, 1, 500, "app-log-errors"),  # errors had come before
    ],
)
def test_errors_that_begin_with_the_push_are_tied_to_it_without_a_zone(
    tmp_path: Path, before: int, at: int, of: int, found: str
) -> None:
    path = tmp_path / "app.log"
    first = "hello" if before == -40 else "ERROR y"
    lines = [app_lines("iso", first, START + before), app_lines("iso", "ERROR x", START + at)]
    path.write_bytes(joined([app_lines("iso", "hello", START + n) for n in range(-600, -100, 50)] + lines))
    os.utime(path, (START + 99999, START + 99999))  # it was copied
    answered = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=of))
    findings = {one.code.id: one for one in results(app=[path], of=answered)["app-log"].findings}
    assert {"app-log-error", "app-log-errors"} & set(findings) == {found}
    finding = findings[found]
    assert finding.code.basis is (Basis.REPRODUCED if found == "app-log-error" else Basis.CONDITION)
    assert finding.evidence.get("assumed") is (True if found == "app-log-error" else None)


def test_errors_that_begin_with_the_push_in_two_zones_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=500))
    lines = [app_lines("iso", "ERROR x", START - hours * 3600) for hours in (8, 0)]  # a job at the full hour
    path.write_bytes(joined(lines))
    os.utime(path, (START + 99999, START + 99999))
    assert "app-log-error" not in codes(results(app=[path], of=of)["app-log"])
    path.write_bytes(joined(lines[1:]))
    os.utime(path, (START + 99999, START + 99999))
    assert "app-log-error" in codes(results(app=[path], of=of)["app-log"])


def test_a_tunnel_whose_program_is_gone_is_tied_to_a_404(tmp_path: Path) -> None:
    path = tmp_path / "frpc.log"
    refused = "[E] [proxy/proxy.go:7] [wx] connect to local service [127.0.0.1:3000] error: dial tcp: refused"
    for code, found in ((404, "app-log-error"), (405, "app-log-errors")):
        path.write_bytes(
            joined([app_lines("iso", "start proxy success", START - 30), app_lines("iso", refused, START + 2.6)])
        )
        os.utime(path, (START, START))
        of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=code))
        findings = {one.code.id: one for one in results(app=[path], of=of)["app-log"].findings}
        assert found in findings, code
        assert findings[found].evidence["case"] == "local"
        assert findings[found].evidence.get("makes") == ([404, 502, 503] if code == 404 else None)


def test_a_panic_at_wechats_address_is_tied_to_its_push(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    sample = replace(alarm().sample, curl_error=52, outer_ip="203.0.113.66")
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=sample)
    for address, found in (("203.0.113.66", "app-log-error"), ("203.0.113.6", "app-log-errors")):
        panic = f"http: panic serving {address}:38214: runtime error: invalid memory address"
        path.write_bytes(joined([app_lines("slashed", "started", START - 9), app_lines("slashed", panic)]))
        os.utime(path, (START, START))
        result = results(app=[path], of=of)["app-log"]
        assert found in codes(result), address
        (finding,) = [one for one in result.findings if one.code.id == found]
        assert (finding.evidence.get("makes") == [0]) is (found == "app-log-error")


@pytest.mark.parametrize(
    ("line", "at", "dropped"),
    [
        ("kernel: nf_conntrack: table full, dropping packet", -2, True),
        ("kernel: nf_conntrack: nf_conntrack: table full, dropping packet", 3, True),
        ("kernel: nf_conntrack: table full, dropping packet", -200, False),
        ("kernel: nf_conntrack: table full, dropping packet", 60, False),
        ("kernel: TCP: request_sock_TCP: Possible SYN flooding on port 443. Dropping request.", 0, True),
        ("kernel: TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.", 0, False),
        ("kernel: nf_conntrack version 0.5.0 (16384 buckets, 65536 max)", 0, False),
    ],
)
def test_what_the_kernel_dropped_as_the_pushes_began_to_fail(line: str, at: int, dropped: bool, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_bytes(joined([app_lines("syslog", "tick", START - 300), app_lines("syslog", line, START + at)]))
    os.utime(path, (START + 60, START + 60))
    result = results(app=[path], of=alarm(kind=AlarmKind.CONNECT_TIMEOUT))["app-log"]
    assert ("app-log-dropped" in codes(result)) is dropped


def test_the_zone_in_which_a_log_has_lines_of_those_minutes_is_taken_and_stays_assumed(tmp_path: Path) -> None:
    """Laravel writes UTC: on a clock in Beijing its log would end eight hours before the alarm."""
    path = tmp_path / "laravel.log"
    utc = datetime.fromtimestamp(START, UTC).strftime("%Y-%m-%d %H:%M:%S")
    path.write_text(f"[{utc}] production.ERROR: MISCONF Redis is configured to save RDB snapshots\n", "utf-8")
    result = results(app=[path])["app-log"]
    assert result.observation.assumed == (str(path),)
    (errors,) = [one for one in result.findings if one.code.id == "app-log-errors"]
    assert (errors.code.basis, errors.evidence["case"], errors.evidence["count"]) == (Basis.CONDITION, "store", 1)
    path.write_text(f"[{utc}] production.ERROR: MISCONF\n".replace(utc[:10], "2024-12-20"), "utf-8")
    reason = results(app=[path])["app-log"].reason
    assert reason is not None
    assert reason.id == "log-ends-before"


def test_what_lasts_is_looked_for_in_the_hour_before(tmp_path: Path) -> None:
    """A full disk and a ban go on; an exception of a quarter of an hour ago does not."""
    path = tmp_path / "app.log"
    of = replace(alarm(), sample=replace(alarm().sample, outer_ip="203.0.113.66"))

    def found(what: str, before: float) -> set[str]:
        path.write_bytes(joined([app_lines("iso", what, START - before), app_lines("iso", "tick", START + 60)]))
        return codes(results(app=[path], of=of)["app-log"])

    full = "ERROR mysqld: Disk is full writing './a' (Errcode: 28 - No space left on device)"
    assert found(full, 900) == {"app-log-before"}
    assert found(full, 5000) == {"app-log-silent"}
    assert found("ERROR java.lang.NullPointerException: order", 900) == {"app-log-silent"}
    assert found("[nginx-cc] Ban 203.0.113.66", 900) == {"app-log-banned"}
    assert found("[nginx-cc] Ban 203.0.113.67", 900) == {"app-log-silent"}
    # The last word counts, though the alarm's own minutes are read first.
    lines = [
        app_lines("iso", f"[nginx-cc] {what} 203.0.113.66", START - at) for what, at in (("Ban", 900), ("Unban", 30))
    ]
    path.write_bytes(joined([*lines, app_lines("iso", "tick", START + 60)]))
    assert codes(results(app=[path], of=of)["app-log"]) == {"app-log-silent"}
    # Without a line of those minutes, too: the server hangs, or says so every ten minutes.
    path.write_bytes(joined([app_lines("iso", full, START - 200), app_lines("iso", full, START + 500)]))
    assert codes(results(app=[path], of=of)["app-log"]) == {"app-log-before"}


@pytest.mark.parametrize(("action", "found"), [("Block", "app-log-error"), ("Pass", "app-log-lines")])
def test_a_web_firewalls_line_about_the_push_says_whether_it_let_it_pass(
    action: str, found: str, tmp_path: Path
) -> None:
    path = tmp_path / "waf.txt"
    line = f"<134> waf01 uri:/callback?timestamp=STAMP&openid={OPENID} rule_id:10092 action:{action} http_status:403"
    path.write_bytes(joined([app_lines("syslog", line).replace(b"STAMP", str(START).encode())]))
    os.utime(path, (START, START))
    (finding,) = results(app=[path])["app-log"].findings
    assert finding.code.id == found
    assert finding.evidence.get("case") == ("firewall" if action == "Block" else None)


def test_errors_whose_time_nothing_says_may_be_the_pushs(tmp_path: Path) -> None:
    """Django under gunicorn: the server's own lines have times, what went wrong has none."""
    path = tmp_path / "gunicorn.log"
    error = [
        b"Internal Server Error: /callback",
        b"Traceback (most recent call last):",
        b'  File "/srv/views.py", line 48, in weixin',
        b"django.db.utils.OperationalError: (2006, 'MySQL server has gone away')",
    ]
    began = app_lines("iso", "Booting worker with pid: 8844", START - 36000)
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=500))

    def found() -> list[tuple[object, ...]]:
        return [
            (one.code.id, one.code.basis, *(one.evidence[name] for name in ("which", "place", "case")))
            for one in results(app=[path], of=of)["app-log"].findings
        ]

    path.write_bytes(joined([began, b"Not Found: /actuator/health", *error, *error]))
    assert found() == [("app-log-errors", Basis.CONDITION, "undated", f"{path}:3", "database")]
    path.write_bytes(joined([b"watching for changes", *error]))  # not one time
    assert found() == [("app-log-errors", Basis.CONDITION, "undated", f"{path}:2", "database")]
    # Before a time it was earlier; of another path it is none.
    for lines in ([began, *error, began], [began, *(line.replace(b"/callback", b"/orders") for line in error)]):
        path.write_bytes(joined(lines))
        assert results(app=[path], of=of)["app-log"].findings == ()


@pytest.mark.parametrize(("at", "ended"), [(-10, True), (2, True), (60, False), (-600, False)])
def test_a_pod_that_was_ended_as_the_push_came(at: int, ended: bool, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    when = datetime.fromtimestamp(START + at, timezone(timedelta(hours=8)))
    pod = (
        "    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137\n"
        f"      Finished:     {when:%a, %d %b %Y %H:%M:%S %z}"
    )
    path.write_bytes(joined([pod.encode(), app_lines("iso", "Started in 75 seconds", START + 90)]))
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=502))
    found = [one for one in results(app=[path], of=of)["app-log"].findings if one.code.id == "app-log-errors"]
    assert [(one.evidence["case"], one.evidence["ended"], one.evidence["place"]) for one in found] == (
        [("oom", True, f"{path}:2")] if ended else []
    )


@pytest.mark.parametrize(
    ("stop", "back", "known"),
    [(-3, 26, True), (4, 30, True), (-50, 10, True), (-3, None, False), (-3, -1, None), (-200, 26, None)],
)
def test_a_restart_just_as_the_pushes_began_to_fail_needs_no_zone(
    stop: int, back: int | None, known: bool | None, tmp_path: Path
) -> None:
    """None: it is not told at all."""
    path = tmp_path / "nohup.out"
    lines = [(-900, "INFO tick"), (stop, "INFO 21034 --- [ionShutdownHook] Shutting down ExecutorService 'a'")]
    lines += [(back, "INFO 28190 --- [main] Started CarApplication in 23.502 seconds")] if back is not None else []
    path.write_bytes(joined(app_lines("iso", message, START + at) for at, message in [*lines, (700, "INFO tick")]))
    os.utime(path, (START + 90000, START + 90000))  # a copy: its own time tells no zone
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=502))
    found = [one for one in results(app=[path], of=of)["app-log"].findings if one.code.id == "app-log-stopped"]
    assert [(one.evidence["ended"], one.evidence["assumed"]) for one in found] == (
        [] if known is None else [(known, known)]
    )
    assert all((one.code.basis is Basis.REPRODUCED) is known for one in found)
    # Another restart, eight hours off: by the other zone that one would be it.
    if known:
        other = [(at - 8 * 3600, message) for at, message in lines[1:]]
        both = [*other, *lines, (700, "INFO tick")]
        path.write_bytes(joined(app_lines("iso", message, START + at) for at, message in both))
        os.utime(path, (START + 90000, START + 90000))
        (one,) = [one for one in results(app=[path], of=of)["app-log"].findings if one.code.id == "app-log-stopped"]
        assert one.evidence["ended"] is False


@pytest.mark.parametrize(
    "lines",
    [
        [app_lines("iso", "[cron] export finished, took 42.0s", START - 6), over(START)],
        [app_lines("iso", "[pool-thread-3] order sync took 31.0s", START + 1), over(START + 1)],
        [over(START + 6) + b" took 3ms"],
        [app_lines("iso", f"got push openid={OPENID} timestamp={START}", START + 6), over(START + 6)],
        [over(START + 4)],
    ],
    ids=["before the push", "another thread's", "the line itself says", "both ends are there", "in time"],
)
def test_what_tells_nothing_of_the_pushs_own_time(lines: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "nohup.out"
    path.write_bytes(joined([over(START - 74, OTHER, START - 74), *lines]))
    assert "app-log-slow" not in codes(results(app=[path])["app-log"])


def test_a_late_line_is_counted_from_the_stamp(tmp_path: Path) -> None:
    path = tmp_path / "nohup.out"
    path.write_bytes(joined([over(START + 46, OPENID, START + 40)]))
    of = replace(alarm(), sample=replace(alarm().sample, stamp=START + 40))
    (slow,) = [one for one in results(app=[path], of=of)["app-log"].findings if one.code.id == "app-log-slow"]
    assert slow.evidence["seconds"] == 6.0


def test_a_pod_that_runs_again_by_then_is_no_cause(tmp_path: Path) -> None:
    path = tmp_path / "app.log"

    def at(seconds: int) -> str:
        return f"{datetime.fromtimestamp(START + seconds, timezone(timedelta(hours=8))):%a, %d %b %Y %H:%M:%S %z}"

    for back, ended in ((-5, False), (5, True)):
        pod = (
            f"    State:          Running\n      Started:      {at(back)}\n    Last State:     Terminated\n"
            f"      Reason:       OOMKilled\n      Exit Code:    137\n      Finished:     {at(-10)}"
        )
        path.write_bytes(joined([pod.encode(), app_lines("iso", "tick", START + 90)]))
        found = codes(results(app=[path])["app-log"])
        assert ("app-log-errors" in found) is ended


def test_work_in_the_background_explains_nothing_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(joined([app_lines("iso", "video transcoded, duration: 95 s", START + 60)]))
    (slow,) = [one for one in results(app=[path])["app-log"].findings if one.code.id == "app-log-slow"]
    assert slow.code.explains == ()
    of = alarm(kind=AlarmKind.CONNECT_TIMEOUT)
    assert "app-log-slow" not in codes(results(app=[path], of=of)["app-log"])


@pytest.mark.parametrize(("message", "error"), [("fail: 0 ok: 5230", False), ("fail: My.App.Handler[7]", True)])
def test_a_counter_is_no_level(message: str, error: bool, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    local = datetime.fromtimestamp(START, timezone(timedelta(hours=8)))
    path.write_bytes(joined([f"{local:%Y-%m-%d %H:%M:%S} {message}".encode(), app_lines("iso", "tick", START + 90)]))
    assert (results(app=[path])["app-log"].observation.errors == 1) is error


def test_errors_without_a_time_are_looked_for_at_the_end_of_each_log(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    error = b"Internal Server Error: /callback"
    first.write_bytes(joined([b"watching", error]))
    second.write_bytes(b"nothing\n" * 50000 + joined([error]))  # longer than what is kept of it
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=500))
    (found,) = results(app=[first, second], of=of)["app-log"].findings
    assert (found.evidence["count"], found.evidence["place"]) == (2, f"{second}:50001")


@pytest.mark.parametrize(
    "push",
    [
        "<xml><FromUserName><![CDATA[{}]]></FromUserName><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content>",
        '{{"FromUserName":"{}","MsgType":"text","Content":"{}","MsgId":1}}',
    ],
    ids=["XML", "JSON"],
)
def test_what_the_user_wrote_is_no_error_of_ours(tmp_path: Path, push: str) -> None:
    path = tmp_path / "app.log"
    for said, expected in (
        ("my app says FATAL: OutOfMemoryError, timed out after 9 s", {"app-log-lines"}),
        ("Commencing graceful shutdown, it took 30s", {"app-log-lines"}),
        ("hello", {"app-log-lines"}),
    ):
        path.write_bytes(joined([app_lines("iso", "received " + push.format(OPENID, said)), app_lines("iso", "bye")]))
        assert codes(results(app=[path])["app-log"]) == expected, said
    own = app_lines("iso", "FATAL: OutOfMemoryError at " + push.format(OPENID, "hello"))
    path.write_bytes(joined([own, app_lines("iso", "bye")]))
    assert codes(results(app=[path])["app-log"]) == {"app-log-error"}
