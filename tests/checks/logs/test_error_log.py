"""The error log: counts, zones, the alarm's own lines, what is not told apart."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.checks.logs.support import OPENID, START, alarm, codes, joined, line, results
from tests.logs.test_errors import error_line
from wxalarm.model import AlarmKind, Basis, Severity, Status


def test_counts_first_last_and_the_alarms_own_line(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    refused = "connect() failed (111: Connection refused) while connecting to upstream"
    lines = [error_line(refused, START - 3000)]
    lines += [error_line(refused, START + second) for second in range(0, 50, 10)]
    lines.insert(3, error_line(refused, START + 20, openid=OPENID, stamp=START))
    lines += [error_line("access forbidden by rule", START + 60, path="/admin")]
    path.write_bytes(joined(lines))
    os.utime(path, (START + 60, START + 60))
    result = results(error=[path])["error-log"]
    assert codes(result) == {"errlog-refused"}
    (finding,) = result.findings
    assert finding.code.basis is Basis.RECORDED
    assert finding.evidence["count"] == 6
    assert finding.evidence["first"] == "2024-12-25 10:04:57"
    assert finding.evidence["last"] == "2024-12-25 10:05:37"
    assert finding.evidence["place"] == f"{path}:4"
    assert "signature=…" in finding.evidence["line"]
    assert (finding.evidence["own"], finding.evidence["seconds"]) == (True, 20)
    assert finding.evidence["upstreams"] == ["192.0.2.11:8080"]
    assert result.observation.others == {"denied": 1}


TRACE = (
    'FastCGI sent in stderr: "PHP message: PHP Fatal error:  Uncaught Exception: boom in /srv/index.php:3\n'
    'Stack trace:\n#0 {main}\n  thrown in /srv/index.php on line 3" while reading response header from upstream'
)


def test_a_message_over_several_lines_is_one_and_is_of_the_request_that_its_last_line_names(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    theirs, own = error_line(TRACE, START, path="/shop.php"), error_line(TRACE, START + 1, openid=OPENID, stamp=START)
    path.write_bytes(joined([theirs, theirs]))
    os.utime(path, (START, START))
    result = results(error=[path])["error-log"]
    assert (codes(result), result.observation.others) == (set(), {"script": 2})
    path.write_bytes(joined([theirs, own]))
    os.utime(path, (START + 1, START + 1))
    (finding,) = results(error=[path])["error-log"].findings
    assert (finding.code.id, finding.code.basis) == ("errlog-script", Basis.RECORDED)
    assert finding.evidence["place"] == f"{path}:5"
    assert "#0 {main}   thrown in" in finding.evidence["line"]


def test_a_push_that_only_waited_is_no_failed_push(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    waited = error_line('delaying request, excess: 0.100, by zone "one"', openid=OPENID)
    path.write_bytes(joined([waited.replace(b"[error]", b"[warn]")]))
    os.utime(path, (START, START))
    for kind, severity in (
        (AlarmKind.INVALID_RESPONSE, Severity.NOTE),
        (AlarmKind.REQUEST_TIMEOUT, Severity.WARNING),
    ):
        (finding,) = results(error=[path], of=alarm(kind=kind))["error-log"].findings
        assert (finding.code.id, finding.code.severity) == ("errlog-delayed", severity)
        assert finding.code.basis is Basis.CONDITION


@pytest.mark.parametrize(
    ("text", "makes"),
    [
        ('ModSecurity: Access denied with code 406 (phase 2). Matched "Operator `Ge\'" [id "949110"]', [406]),
        ("access forbidden by rule", [401, 403]),
    ],
)
def test_a_web_firewall_says_which_status_it_gave(text: str, makes: list[int], tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(joined([error_line(text, START, openid=OPENID, stamp=START)]))
    os.utime(path, (START, START))
    (finding,) = results(error=[path])["error-log"].findings
    assert (finding.code.id, finding.code.basis) == ("errlog-denied", Basis.RECORDED)
    assert finding.evidence["makes"] == makes


def test_what_was_cut_off_before_its_request_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(joined([error_line(TRACE).partition(b"\n#0")[0]]))
    os.utime(path, (START, START))
    assert codes(results(error=[path])["error-log"]) == set()


@pytest.mark.parametrize("zone", [8, 0, -5])
def test_the_zone_is_that_of_the_files_own_time(tmp_path: Path, zone: int) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(joined(error_line("no live upstreams", START + at, zone) for at in range(-600, 700, 5)))
    os.utime(path, (START + 695, START + 695))
    observation = results(error=[path])["error-log"].observation
    assert (observation.offset, observation.offset_from) == (zone * 3600, "mtime")
    assert observation.groups[0].count == len(range(-60, 361, 5))


def test_a_copied_log_takes_the_zone_of_the_access_log_else_the_alarms(tmp_path: Path) -> None:
    errors, access = tmp_path / "error.log", tmp_path / "access.log"
    errors.write_bytes(joined(error_line("no live upstreams", START + at, 0) for at in range(-60, 360, 5)))
    os.utime(errors, (START + 7777, START + 7777))
    access.write_bytes(joined(line(START + at, zone=0) for at in range(-600, 600)))
    both = results(error=[errors], access=[access])["error-log"]
    assert (both.observation.offset, both.observation.offset_from) == (0, "access-log")
    assert codes(both) == {"errlog-no-live-upstream"}
    alone = results(error=[errors])["error-log"]
    assert (alone.observation.offset, alone.observation.offset_from) == (8 * 3600, "alarm")
    errors.write_bytes(joined(error_line("no live upstreams", START + at) for at in range(-60, 360, 5)))
    os.utime(errors, (START + 7777, START + 7777))
    (finding, note) = results(error=[errors])["error-log"].findings
    assert (finding.code.basis, note.code.id) == (Basis.CONDITION, "errlog-zone"), "it is only assumed"


def test_a_log_that_was_not_read_to_its_end_tells_nothing(tmp_path: Path) -> None:
    live, old = tmp_path / "error.log", tmp_path / "error.log.1.gz"
    live.write_bytes(joined([error_line("access forbidden by rule", START + 86400)]))
    data = gzip.compress(joined(error_line(f"no trouble {at}", START + at) for at in range(-4000, 400)))
    old.write_bytes(data[: len(data) // 2])
    result = results(error=[live])["error-log"]
    assert (result.findings, result.reason and result.reason.id) == ((), "log-broken")
    assert result.status not in (Status.PASS, Status.WARN)
    old.write_bytes(gzip.compress(joined(error_line("no live upstreams", START + at) for at in range(400)))[:-9])
    assert "errlog-no-live-upstream" in codes(results(error=[live])["error-log"]), "what is there is there"


def test_a_strangers_connection_is_told_from_wechats(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    tls = error_line("SSL_do_handshake() failed (SSL: error) while SSL handshaking").split(b", server")[0]
    path.write_bytes(joined([tls, tls.replace(b"203.0.113.7", b"198.51.100.9")]))
    os.utime(path, (START, START))
    result = results(error=[path])["error-log"]
    assert [f.evidence["count"] for f in result.findings] == [1]
    assert result.status is Status.FAIL
    unknown = replace(alarm(), sample=replace(alarm().sample, outer_ip=None))
    result = results(error=[path], of=unknown)["error-log"]
    assert [(f.evidence["count"], f.code.severity) for f in result.findings] == [(2, Severity.NOTE)]


def test_a_rotated_error_log_is_read_too(tmp_path: Path) -> None:
    live, old = tmp_path / "error.log", tmp_path / "error.log.1.gz"
    live.write_bytes(joined([error_line("access forbidden by rule", START + 86400)]))
    os.utime(live, (START + 86400, START + 86400))
    old.write_bytes(gzip.compress(joined(error_line("no live upstreams", START + at) for at in range(9))))
    os.utime(old, (START + 8, START + 8))
    assert codes(results(error=[live])["error-log"]) == {"errlog-no-live-upstream"}
    old.unlink()
    reason = results(error=[live])["error-log"].reason
    assert reason is not None
    assert reason.id == "log-begins-after"


@pytest.mark.parametrize(
    ("at", "client", "basis"),
    [
        (0, b"203.0.113.7", Basis.REPRODUCED),
        (90, b"203.0.113.7", Basis.CONDITION),
    ],
)
def test_a_line_of_the_pushs_own_address_in_its_seconds_shows_that_the_zone_is_right(
    tmp_path: Path, at: int, client: bytes, basis: Basis
) -> None:
    path = tmp_path / "error.log"
    text = "SSL_do_handshake() failed (SSL: error:0A000415:SSL routines::alert certificate expired:SSL alert number 45)"
    tls = error_line(f"{text} while SSL handshaking", START + at).split(b", server")[0] + b", server: 0.0.0.0:443"
    before = error_line("client closed connection", START - 900)
    path.write_bytes(joined([before, tls.replace(b"client: 203.0.113.7,", b"client: " + client + b",")]))
    os.utime(path, (START + 7777, START + 7777))
    of = replace(
        alarm(), sample=replace(alarm().sample, curl_error=60, outer_ip=None if client[-2:] == b"77" else "203.0.113.7")
    )
    found = {one.code.id: one for one in results(error=[path], of=of)["error-log"].findings}
    assert "errlog-zone" in found
    assert found["errlog-tls"].code.basis is basis
