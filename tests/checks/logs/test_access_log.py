"""The access log as it is found: rotated, compressed, cut, unreadable, huge lines, other zones, clocks set back."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.logs.support import OPENID, START, alarm, codes, joined, line, log, results
from wxalarm.checks.check import Untold
from wxalarm.checks.logs import access_log, facts
from wxalarm.config import Host, Settings
from wxalarm.diagnosis import contexts
from wxalarm.logs.access import Push, Tally
from wxalarm.logs.formats import Wanted
from wxalarm.logs.parsers import detect
from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import AlarmKind, Basis, Status
from wxalarm.probes import access_log as access_log_probe
from wxalarm.shell import pipeline
from wxalarm.verdict import ties


def test_a_plain_log_shows_the_alarms_push(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(log()))
    result = results(access=[path])["access-log"]
    assert codes(result) == {"log-client-gave-up"}
    found = next(f for f in result.findings if f.code.id == "log-client-gave-up")
    assert found.code.basis is Basis.RECORDED
    number = 1 + next(i for i, text in enumerate(log()) if OPENID.encode() in text)
    assert found.evidence["place"] == f"{path}:{number}"
    shown = subprocess.run(pipeline(found.evidence["show"]), shell=True, capture_output=True, check=True).stdout
    assert OPENID.encode() in shown
    assert "signature=…" in found.evidence["line"]


def ticket_log(*pushes: tuple[float, int]) -> bytes:
    """(Seconds from START, status) of pushes to /callback, the authorisation URL, beside the traffic of accounts."""
    others = [
        (at, line(at).replace(b"/callback?", b"/callback/wx0000000000000001?")) for at in range(START - 9000, START, 60)
    ]
    own = [(START + at, line(START + at, status=status)) for at, status in pushes]
    return joined(text for _, text in sorted(others + own))


@pytest.mark.parametrize(
    ("pushes", "good"),
    [
        ([(-7200, 200), (-1800, 200), (-1200, 502), (-600, 404), (30, 502)], START - 1800),
        ([(-1800, 502)], None),
        ([(-600, 200), (30, 502), (600, 200)], None),  # 200 in the alarm's time, too: it tells nothing
        ([(-12 * 3600 - 60, 200), (30, 502)], None),
    ],
)
def test_the_last_good_ticket_is_the_last_push_that_was_answered_200(
    tmp_path: Path, pushes: list[tuple[float, int]], good: float | None
) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(ticket_log(*pushes))
    of = replace(alarm(kind=AlarmKind.TICKET_TIMEOUT, openid=None), window_minutes=30, count=9)
    found = results(access=[path], of=of)["access-log"].observation.last_good
    assert (found and found.ended) == good
    if found:
        number = int(found.place.rpartition(":")[2])
        assert found.line[:60].encode() == path.read_bytes().splitlines()[number - 1][:60]
    assert results(access=[path])["access-log"].observation.last_good is None, "nobody asked"
    cut = tmp_path / "access.log.1.gz"
    cut.write_bytes(gzip.compress(ticket_log((-900, 200)))[:-20])
    seen = results(access=[path, cut], of=of)["access-log"].observation
    assert seen is None or seen.last_good is None, "what was not read may hold a later one"


def pack_zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": pack_zstd,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("suffix", PACKERS)
def test_compressed_logs_are_found_beside_and_read(tmp_path: Path, suffix: str) -> None:
    if suffix == "zst" and not shutil.which("zstd"):
        pytest.skip("zstd is not installed")
    live, old = tmp_path / "access.log", tmp_path / f"access.log.2.{suffix}"
    live.write_bytes(joined(line(at) for at in range(START + 7200, START + 9000)))
    old.write_bytes(PACKERS[suffix](joined(log())))
    os.utime(old, (START + 3600, START + 3600))
    result = results(access=[live])["access-log"]
    assert codes(result) == {"log-client-gave-up"}
    found = next(f for f in result.findings if f.code.id == "log-client-gave-up")
    assert found.evidence["place"].startswith(f"{old}:")
    shown = subprocess.run(pipeline(found.evidence["show"]), shell=True, capture_output=True, check=True).stdout
    assert OPENID.encode() in shown


def test_a_compressed_log_of_another_day_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "access.log.3.gz"
    path.write_bytes(gzip.compress(joined(log(START - 90000, START - 80000))))
    os.utime(path, (START - 80000, START - 80000))
    live = tmp_path / "access.log"
    live.write_bytes(joined(log()))
    files = {file.path: file for file in results(access=[live])["access-log"].observation.files}
    assert files[str(path)].read == 0
    assert files[str(live)].read > 0


def test_rotated_while_it_is_read(tmp_path: Path) -> None:
    """The window lies across a rotation; renaming between listing and opening gives one file under two names."""
    lines = log()
    cut = next(i for i, text in enumerate(lines) if OPENID.encode() in text) + 40
    old, live = tmp_path / "access.log.1", tmp_path / "access.log"
    old.write_bytes(joined(lines[:cut]))
    live.write_bytes(joined(lines[cut:]))
    both = results(access=[live])["access-log"].observation.counts
    whole = tmp_path / "whole.log"
    whole.write_bytes(joined(lines))
    assert both == results(access=[whole])["access-log"].observation.counts
    os.link(live, tmp_path / "access.log.2")
    assert results(access=[live])["access-log"].observation.counts == both


def test_a_half_written_last_line_and_a_line_break_too_many(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    lines = log(last=START + 6)
    path.write_bytes(joined(lines)[:-1])  # the last line, whole, without its line break
    assert results(access=[path])["access-log"].observation.hits
    path.write_bytes(joined(lines) + b"\n\n" + line(START + 8)[:40])
    observation = results(access=[path])["access-log"].observation
    assert observation.hits
    assert observation.counts.requests == 34


@pytest.mark.parametrize("zone", [0, -5, 9, 8])
def test_a_log_in_any_zone(tmp_path: Path, zone: int) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(log(zone=zone)))
    result = results(access=[path])["access-log"]
    assert codes(result) == {"log-client-gave-up"}
    assert result.observation.offset == zone * 3600


def test_a_clock_set_back_is_read_on_both_sides_and_said(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(log()) + joined(log(START - 1800, START + 1800)))
    result = results(access=[path])["access-log"]
    assert codes(result) == {"log-client-gave-up", "log-time-backwards"}
    once = tmp_path / "once.log"
    once.write_bytes(joined(log()))
    assert result.observation.counts.requests == 2 * results(access=[once])["access-log"].observation.counts.requests


def test_two_parts_close_together_are_counted_once_each(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    for end in range(START + 400, START + 640, 60):
        path.write_bytes(joined(log(last=end, every=1)) + joined(log(START - 160, START + 3600, every=1)))
        observation = results(access=[path])["access-log"].observation
        inside = sum(START - 60 <= at <= START + 360 for at in range(START - 3600, end)) + 421 + 2
        assert observation.counts.requests == inside


def test_a_clock_that_is_off_is_said_and_the_push_found_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    off = 600
    lines = [line(at + off, stamp=at) for at in range(START - 3600, START + 3600, 2)]
    lines.append(line(START + off + 5, OPENID, 499, 5.001, stamp=START))
    path.write_bytes(joined(sorted(lines, key=lambda text: text.split(b"[")[1])))
    result = results(access=[path])["access-log"]
    assert {"log-client-gave-up", "log-clock-offset"} <= codes(result)
    assert next(f for f in result.findings if f.code.id == "log-clock-offset").evidence["seconds"] == off


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "log-empty"),
        (b"\x7fELF" + bytes(range(256)) * 4000, "log-binary"),
        (b"hello\nworld\n" * 1000, "log-unknown"),
        (b"\x1f\x8b\x08\0broken gzip" * 100, "log-broken"),
        (gzip.compress(joined(log()))[:60], "log-broken"),
        (gzip.compress(os.urandom(9000))[:-5000], "log-binary"),
        (b"\x28\xb5\x2f\xfd nothing", "log-broken"),
        (joined(log(START + 7200, START + 7300)[1:]), "log-begins-after"),
        (joined(line(at) for at in range(START - 9000, START - 8000)), "log-ends-before"),
    ],
    ids=["empty", "binary", "no-log", "broken-gzip", "cut-gzip", "cut-other", "broken-zstd", "later", "earlier"],
)
def test_what_cannot_be_used_is_skipped_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(content)
    os.utime(path, (START + 3600, START + 3600))
    result = results(access=[path])["access-log"]
    assert result.status is Status.SKIP
    assert result.reason is not None
    assert result.reason.id == reason or (result.reason.id == "log-no-zstd" and not shutil.which("zstd"))


def test_a_compressed_log_that_is_cut_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    lines = log()
    data = gzip.compress(joined(lines))
    path.write_bytes(data[:-3000])
    assert codes(results(access=[path])["access-log"]) == {"log-client-gave-up"}, "it breaks off behind the window"
    own = next(i for i, text in enumerate(lines) if OPENID.encode() in text)
    cut = gzip.compress(joined(lines[: own + 1]) + os.urandom(200_000))[:-150_000]
    path.write_bytes(cut)
    assert codes(results(access=[path])["access-log"]) == {"log-client-gave-up", "log-partly-read"}
    path.write_bytes(gzip.compress(joined(lines[:own]) + os.urandom(200_000))[:-150_000])
    result = results(access=[path])["access-log"]
    assert (result.findings, result.reason and result.reason.id) == ((), "log-broken"), "the push may be in the rest"


def old_and_new(folder: Path, old: bytes) -> Path:
    """A live log that begins two hours after the alarm, and an older part of it."""
    live = folder / "access.log"
    live.write_bytes(joined(line(at) for at in range(START + 7200, START + 9000, 60)))
    (folder / "access.log.1.gz").write_bytes(old)
    return live


@pytest.mark.parametrize("lines", [log(), [text.replace(b"/callback?", b"/other?") for text in log()]])
def test_what_the_time_did_not_suffice_for_is_not_known(tmp_path: Path, lines: list[bytes]) -> None:
    live = old_and_new(tmp_path, gzip.compress(joined(lines)))
    settings = replace(Settings(host=Host(access_log=(str(live),)), offline=True), timeout=60.0)
    (ctx,) = contexts([alarm()], settings)
    known = (facts.push(ctx), facts.wanted(ctx), facts.window(ctx) or pytest.fail("it has a time"))
    seen = access_log_probe.read([str(live), f"{live}.1.gz"], (), *known, limit=-1.0, here=False)
    with pytest.raises(Untold) as told:
        list(access_log.CHECK.evaluate(seen, ctx))
    assert told.value.reason.id == "log-late"
    assert told.value.reason.values["files"] == [f"{live} (0 %)", f"{live}.1.gz (0 %)"]
    for lang in LANGUAGES:
        said = catalogue(lang).reason(told.value.reason) + catalogue(lang).bring(told.value.reason)
        assert f"{live}.1.gz (0 %)" in said
        assert "--timeout" in said
        assert "?" not in said.replace("？", "")


def test_the_runs_time_is_the_time_for_reading(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(log()))
    short, long = (results(access=[path], timeout=t)["access-log"].observation.limit for t in (20.0, 200.0))
    assert long > 5 * short


def test_a_part_that_broke_off_is_no_silence_and_what_it_holds_is_shown(tmp_path: Path) -> None:
    others = [text for text in log() if OPENID.encode() not in text]
    data = gzip.compress(joined(others))
    result = results(access=[old_and_new(tmp_path, data[: len(data) // 3])])["access-log"]
    assert (result.findings, result.reason and result.reason.id) == ((), "log-broken")
    failing = [*others[:1800], *(line(START + at, status=502) for at in range(200))]
    data = gzip.compress(joined(failing))
    result = results(access=[old_and_new(tmp_path, data[:-40])])["access-log"]
    assert codes(result) == {"log-upstream-error", "log-partly-read"}, "but not that the alarm's own is missing"


def test_many_parts_copied_today(tmp_path: Path) -> None:
    """All files are as fresh as the copy; the push is in one of them, the others are not even read."""
    live = tmp_path / "access.log"
    live.write_bytes(joined(line(at) for at in range(START + 30 * 3600, START + 31 * 3600, 30)))
    for number in range(1, 50):
        first = START + (30 - number) * 3600
        lines = [line(at) for at in range(first, first + 3600, 30)]
        if first <= START < first + 3600:
            at = (START - first) // 30 + 1
            lines.insert(at, line(START + 5, OPENID, 499, 5.001, stamp=START))
        (tmp_path / f"access.log.{number}.gz").write_bytes(gzip.compress(joined(lines), 1))
    result = results(access=[live])["access-log"]
    assert codes(result) == {"log-client-gave-up"}
    files = result.observation.files
    assert len(files) == 50
    assert sum(file.read > 0 for file in files) == 2, "the window lies across two"


def no_push(folder: Path, low: int, high: int, **more: bytes) -> tuple[Basis, str]:
    """How sure it is that no push came, by a log of other requests from low to high; more: other parts, by name."""
    path = folder / "access.log"
    path.write_bytes(joined(line(at).replace(b"/callback?", b"/other?") for at in range(START + low, START + high, 5)))
    for suffix, data in more.items():
        (folder / f"access.log.{suffix}").write_bytes(data)
    (finding,) = results(access=[path])["access-log"].findings[:1]
    assert finding.code.id == "log-no-request"
    return finding.code.basis, finding.evidence["doubt"]


def test_no_push_is_certain_only_when_nothing_can_be_missing(tmp_path: Path) -> None:
    assert no_push(tmp_path, -600, 600) == (Basis.RECORDED, "none")
    assert no_push(tmp_path, -600, 100) == (Basis.CONDITION, "span")
    assert no_push(tmp_path, 30, 600) == (Basis.CONDITION, "span")
    before = joined(line(at).replace(b"/callback?", b"/other?") for at in range(START - 600, START + 200, 5))
    assert no_push(tmp_path, 201, 600, **{"1": before}) == (Basis.RECORDED, "none")
    assert no_push(tmp_path, 290, 600, **{"1": before}) == (Basis.CONDITION, "span")
    assert no_push(tmp_path, -600, 600, **{"1": b"what is this?\n" * 99}) == (Basis.CONDITION, "format")


def rewritten(lines: list[bytes], path: bytes = b"/index.php") -> bytes:
    return joined(text.replace(b"POST /callback?", b"POST " + path + b"?") for text in lines)


def test_a_push_under_another_path_is_found_all_the_same(tmp_path: Path) -> None:
    """A gateway in front rewrites the path, or the log names the script."""
    path = tmp_path / "access.log"
    path.write_bytes(rewritten(log()))
    result = results(access=[path])["access-log"]
    assert codes(result) == {"log-client-gave-up", "log-path-differs"}
    gave_up, differs = (
        next(f for f in result.findings if f.code.id == code) for code in ("log-client-gave-up", "log-path-differs")
    )
    assert gave_up.code.basis is Basis.RECORDED
    assert (differs.evidence["found"], differs.evidence["path"]) == ("/index.php", "/callback")


def test_pushes_of_others_under_another_path_are_not_the_alarms(tmp_path: Path) -> None:
    """A second account on the same server. Without a user and a time, nobody knows whose they are."""
    path = tmp_path / "access.log"
    path.write_bytes(rewritten([text for text in log() if OPENID.encode() not in text]))
    (finding,) = results(access=[path])["access-log"].findings
    assert (finding.code.id, finding.code.basis) == ("log-no-request", Basis.RECORDED)
    window = (START, START - 60, START + 360)
    wanted = Wanted("/callback", signed=True)
    seen = access_log_probe.read([str(path)], (), Push(), wanted, window, 9, False)
    assert (seen.path, seen.elsewhere, seen.counts.requests) == (None, "/index.php", 0)


def test_a_push_under_its_own_path_has_no_other(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(text for one in log() for text in (one, rewritten([one]).rstrip())))
    assert codes(results(access=[path])["access-log"]) == {"log-client-gave-up"}


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ('{{"StartUTC": "{began}", "DownstreamStatus": 200, "Duration": 6200000000, {rest}}}', False),
        ('{{"start_time": "{began}", "response_code": 200, "duration": 6200, "response_flags": "-", {rest}}}', False),
        ('{{"time": "{began}", "status": 200, "latency": "6.2s", {rest}}}', False),
        ('{{"time": "{late}", "status": 200, "latency": "6.2s", {rest}}}', True),
        ("POST {target} 200 6200.000 ms - 7", False),
    ],
)
def test_when_a_program_wrote_its_line_is_no_fault_of_a_clock(text: str, off: bool, tmp_path: Path) -> None:
    """At the end of a request, at its beginning, or nowhere: then the time is WeChat's own."""
    began, late = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (START, START + 6 + 60))
    target = f"/callback?signature=a&timestamp={START}&nonce=1&openid={OPENID}"
    rest = f'"method": "POST", "path": "{target}", "RequestMethod": "POST", "RequestPath": "{target}"'
    path = tmp_path / "access.log"
    path.write_text(text.format(began=began, late=late, rest=rest, target=target) + "\n", "utf-8")
    found = codes(results(access=[path])["access-log"])
    assert ("log-clock-offset" in found) is off
    assert "log-slow" in found


ALIYUN = '"final_action": "{}", "final_plugin": "acl", "final_rule_id": "20261151", "upstream_status": "-"'
CLOUDFLARE = '"SecurityAction": "{}", "SecurityRuleID": "0123abcd", "SecurityRuleDescription": "no empty agent"'


@pytest.mark.parametrize(
    ("says", "action", "rule"),
    [
        (ALIYUN, "block", "block acl 20261151"),
        (ALIYUN, "captcha_strict", "captcha_strict acl 20261151"),
        (ALIYUN, "-", None),
        (CLOUDFLARE, "block", "block no empty agent 0123abcd"),
        (CLOUDFLARE, "managedChallenge", "managedChallenge no empty agent 0123abcd"),
        (CLOUDFLARE, "log", None),
        (CLOUDFLARE, "", None),
    ],
)
@pytest.mark.parametrize("status", [200, 405])
def test_the_log_of_a_web_firewall_says_that_it_answered(
    says: str, action: str, rule: str | None, status: int, tmp_path: Path
) -> None:
    """Its rule is the cause then, not the route behind it; a rule that only wrote a line or let pass is none."""
    when = datetime.fromtimestamp(START, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"signature=a&timestamp={START}&nonce=1&openid={OPENID}"
    path = tmp_path / "waf.json"
    path.write_text(
        f'{{"time": "{when}", "request_method": "POST", "request_path": "/callback", "querystring": "{query}",'
        f' "status": "{status}", "body_bytes_sent": "1853", {says.format(action)}}}\n',
        "utf-8",
    )
    result = results(access=[path])["access-log"]
    assert result.observation.hits[0].rule == rule
    if status == 200:
        assert codes(result) == {"log-request"}
        return
    (found,) = [one for one in result.findings if one.code.id == "log-status"]
    by = "unknown" if says == CLOUDFLARE else "nginx"  # with no upstream the server answered itself
    told = (found.evidence["case"], found.evidence["by"], found.evidence.get("rule"))
    assert told == (("firewall", "firewall", rule) if rule else ("405", by, None))


def test_the_parts_of_a_rotated_log_are_no_clock_set_back(tmp_path: Path) -> None:
    live = tmp_path / "access.log"
    live.write_bytes(joined(line(at) for at in range(START + 250, START + 900)))
    (tmp_path / "access.log.1").write_bytes(joined(line(at) for at in range(START - 900, START + 250)))
    assert "log-time-backwards" not in codes(results(access=[live])["access-log"])


def test_missing_and_no_regular_file(tmp_path: Path) -> None:
    for name, reason in (("gone.log", "log-missing"), (".", "log-irregular")):
        result = results(access=[tmp_path / name])["access-log"]
        assert (result.status, result.reason and result.reason.id) == (Status.SKIP, reason)


def test_a_line_of_100_mb_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    lines = log()
    cut = next(i for i, text in enumerate(lines) if OPENID.encode() in text)
    with path.open("wb") as file:
        file.write(joined(lines[:cut]))
        for _ in range(100):
            file.write(b"y" * 1_000_000)
        file.write(b"\n" + joined(lines[cut:]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = results(access=[path])["access-log"]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert codes(result) == {"log-client-gave-up", "log-partly-read"}
    assert grown < 50_000, "KiB"
    dropped = next(f for f in result.findings if f.code.id == "log-partly-read").evidence["dropped"]
    assert dropped == 1
    whole = tmp_path / "whole.log"
    whole.write_bytes(joined(lines))
    assert result.observation.counts == results(access=[whole])["access-log"].observation.counts


def test_no_push_in_a_log_that_covers_the_time(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    lines = [line(at).replace(b"/callback?", b"/other?") for at in range(START - 600, START + 600)]
    path.write_bytes(joined(lines))
    assert codes(results(access=[path])["access-log"]) == {"log-no-request"}
    path.write_bytes(joined(line(at) for at in range(START - 600, START + 600)))
    assert codes(results(access=[path])["access-log"]) == {"log-request-missing"}
    assert codes(results(access=[path], of=alarm(openid=None))["access-log"]) == {"log-answered"}


def test_an_alarm_without_a_time_belongs_to_no_part_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(log()))
    bare = replace(alarm(), first_seen=None, sample=replace(alarm().sample, stamp=None))
    reason = results(access=[path], of=bare)["access-log"].reason
    assert reason is not None
    assert reason.id == "no-time"


def test_a_format_given_by_the_user(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"".join(b"%d.000|/callback|POST|%d|0.004\n" % (at, 404) for at in range(START - 99, START + 99)))
    result = results(access=[path], log_format="$msec|$request_uri|$request_method|$status|$request_time")["access-log"]
    assert "log-not-found" in codes(result)
    refused = results(access=[path], log_format="$remote_addr $request")["access-log"]
    assert (refused.status, refused.reason and refused.reason.id) == (Status.SKIP, "log-format")


def test_found_by_its_time_where_lines_have_no_query(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    fmt = '[$time_local] $request_method "$uri" $status $request_time'
    lines = []
    for at in range(START - 99, START + 99):
        stamp = line(at).split(b"[")[1].split(b"]")[0]
        took = b"502 0.300" if at == START else b"200 0.010"
        lines.append(b"[" + stamp + b'] POST "/callback" ' + took)
    path.write_bytes(joined(lines))
    result = results(access=[path], log_format=fmt)["access-log"]
    assert "log-upstream-error" in codes(result)
    assert result.observation.hits[0].match == "time"
    assert result.observation.hits[0].status == "502"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_window_of_a_file_counts_as_a_filter_of_all_its_lines(data: st.DataObject) -> None:
    """Random logs, nearly in order, over days: bisection and blocks give what one pass over everything gives."""
    random = data.draw(st.randoms(use_true_random=False))
    pace = data.draw(st.sampled_from([0.02, 0.5, 20.0]))
    now, lines = float(START) - data.draw(st.integers(0, 4000)), []
    for _ in range(data.draw(st.integers(1, 1500))):
        now += random.random() * 2 * pace
        lines.append(line(int(now) - random.randrange(30), status=random.choice([200, 200, 502, 499]), took=5.0))
    content = joined(lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "access.log"
        path.write_bytes(content)
        seen = results(access=[path])["access-log"].observation
    tally = Tally(seen.low, seen.high)
    parser = detect(lines, wanted=Wanted("/callback"))
    assert parser is not None
    tally.add(parser, b"\n" + content)
    assert seen.counts == tally.counts()


@pytest.mark.parametrize("fmt", [None, "[$time_local] $request_uri $status $request_time"])
def test_a_burst_against_the_minutes_before(tmp_path: Path, fmt: str | None) -> None:
    def written(at: int) -> bytes:
        if fmt is None:
            return line(at)
        stamp = line(at).split(b"[")[1].split(b"]")[0]
        return b"[" + stamp + b"] /callback?openid=oBBBB 200 0.004"

    path = tmp_path / "access.log"
    before = [written(at) for at in range(START - 3600, START, 2)]
    path.write_bytes(joined(before + [written(at) for at in range(START, START + 300) for _ in range(9)]))
    result = results(access=[path], log_format=fmt)["access-log"]
    burst = next(finding for finding in result.findings if finding.code.id == "log-burst")
    assert burst.evidence["peak"] == 9
    assert 0.45 < burst.evidence["before"] < 0.55
    path.write_bytes(joined(before + [written(at) for at in range(START, START + 300, 2)]))
    assert "log-burst" not in codes(results(access=[path], log_format=fmt)["access-log"])


def test_lines_about_the_path_that_nobody_understands_are_not_taken_for_silence(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    pushes = [f"{START + n} ?? POST /callback?openid=oBBBB {n}".encode() for n in range(0, 300, 10)]
    others = [line(START + n).replace(b"POST /callback", b"GET /static") for n in range(-900, 900)]
    at = next(n for n, text in enumerate(others) if text == line(START).replace(b"POST /callback", b"GET /static"))
    path.write_bytes(joined([*others[:at], *pushes, *others[at:]]))
    result = results(access=[path])["access-log"]
    assert codes(result) == set()
    assert result.reason is not None
    assert result.reason.id == "log-unknown"
    path.write_bytes(joined(others))
    assert codes(results(access=[path])["access-log"]) == {"log-no-request"}


def test_an_example_stands_behind_many_lines_from_before_the_window(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    failed = [line(START - 62 + n / 20, status=503).replace(b'"503"  "', b'"-"  "') for n in range(60)]
    path.write_bytes(joined([*failed, *(line(START - 50 + n, status=503) for n in range(3)), *log(START, START + 400)]))
    found = next(f for f in results(access=[path])["access-log"].findings if f.code.id == "log-upstream-error")
    assert found.evidence["place"] != "-"


def test_the_user_says_the_unit_of_a_duration(tmp_path: Path) -> None:
    """156425 of what? Of nanoseconds it is nothing, of microseconds a fifth of a second."""
    push = f"/callback?signature=ab&timestamp={START}&nonce=1&openid={OPENID}"
    entry = {"time": START, "method": "POST", "uri": push, "status": 200, "latency": 6_500_000}
    path = tmp_path / "app.json"
    path.write_text(json.dumps(entry) + "\n", "utf-8")
    assert "log-slow" not in codes(results(access=[path])["access-log"])
    assert "log-guessed" in codes(results(access=[path])["access-log"])
    told = results(access=[path], log_format="json latency=us")["access-log"]
    assert "log-guessed" not in codes(told)
    (slow,) = (finding for finding in told.findings if finding.code.id == "log-slow")
    assert (slow.code.basis, slow.evidence["seconds"]) == (Basis.RECORDED, 6.5)
    wrong = results(access=[path], log_format="json latency=fortnights")["access-log"]
    assert wrong.reason is not None
    assert wrong.reason.id == "log-format"


def test_a_client_that_left_after_a_time_that_nothing_says_is_not_said_to_have_left_early(tmp_path: Path) -> None:
    """Two servers, of which one logs durations: the line of the other has none."""
    timed, untimed = tmp_path / "timed.log", tmp_path / "untimed.log"
    timed.write_bytes(joined([line(START + at, status=499, took=0.01) for at in range(1, 9)]))
    untimed.write_bytes(line(START + 5, OPENID, 499, stamp=START).partition(b' "-" "wx.example.com"')[0] + b"\n")
    for kind, basis in ((AlarmKind.REQUEST_TIMEOUT, Basis.RECORDED), (AlarmKind.INVALID_RESPONSE, Basis.CONDITION)):
        result = results(access=[timed, untimed], of=alarm(kind=kind))["access-log"]
        found = {finding.code.id: finding for finding in result.findings}
        gave_up, closed = found["log-client-gave-up"], found["log-client-closed"]
        # Of an alarm that says so itself, the push's own timestamp tells how long it waited.
        waited = "by_stamp" if kind is AlarmKind.REQUEST_TIMEOUT else "untimed"
        assert (gave_up.code.basis, gave_up.evidence["waited"], gave_up.evidence["count"]) == (basis, waited, 1)
        assert (closed.code.basis, closed.evidence["count"]) == (Basis.REPRODUCED, 8)


@pytest.mark.parametrize("both", [False, True])
def test_the_upstream_that_alone_fails_is_named(tmp_path: Path, both: bool) -> None:
    """A balancer's documents: who answers 502 has an address, and may be one more proxy."""
    path = tmp_path / "balancer.json"
    with path.open("w") as file:
        for at, bad in enumerate((False, True, False, True, False, True, False)):
            openid = OPENID if at == 1 else f"oBBBB{at}"
            query = f"signature=0&timestamp={START + at - 1}&nonce=1&openid={openid}"
            upstream = f"192.0.2.{32 - (bad if not both else at > 3)}:8080"
            status = "502" if bad else "200"
            line_ = {
                "time": datetime.fromtimestamp(START + at - 1, UTC).isoformat(),
                "request_method": "POST",
                "request_uri": f"/callback?{query}",
                "request_time": "0.003",
                "status": status,
                "upstream_addr": upstream,
                "upstream_status": status,
                "upstream_response_time": "0.002",
            }
            file.write(json.dumps(line_) + "\n")
    result = results(access=[path], of=alarm(kind=AlarmKind.INVALID_RESPONSE))["access-log"]
    found = {finding.code.id: finding for finding in result.findings}
    failed = found["log-upstream-error"]
    assert (failed.evidence["by"], failed.evidence["last"][:8]) == ("either", "192.0.2.")
    assert ("log-upstream-uneven" in found) is not both
    if not both:
        assert found["log-upstream-uneven"].evidence["upstream"] == "192.0.2.31:8080"
        assert ties.SAME_UPSTREAM.holds(failed, found["log-upstream-uneven"])


@pytest.mark.parametrize(
    ("code", "others", "likely"),
    [
        (405, (200, 200), True),
        (405, (200, 499), True),
        (405, (405, 405), False),
        (405, (200, 405), False),  # this server answers so, too, and a log may be an excerpt
        (200, (200, 200), False),
        (None, (200, 200), False),
    ],
)
def test_an_answered_push_that_is_not_in_the_log_was_answered_elsewhere(
    tmp_path: Path, code: int | None, others: tuple[int, int], likely: bool
) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(joined(line(START + at, status=others[at // 20 % 2]) for at in range(-120, 480, 20)))
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=code))
    found = {one.code.id: one for one in results(access=[path], of=of)["access-log"].findings}
    missing = found["log-request-missing"]
    assert missing.evidence["answered"] is likely
    assert missing.code.basis is (Basis.REPRODUCED if likely else Basis.CONDITION)


@pytest.mark.parametrize("status", [405, 444])
def test_a_status_of_some_pushes_is_of_something_that_chooses(tmp_path: Path, status: int) -> None:
    path = tmp_path / "access.log"
    own = line(START, OPENID, status, 0.0, 8, START)
    for others, case in ((200, f"{status}-some"), (status, str(status))):
        path.write_bytes(joined([*(line(START + at, status=others) for at in range(-120, 0, 20)), own]))
        found = {one.code.id: one for one in results(access=[path])["access-log"].findings}
        assert found["log-status"].evidence["case"] == case


@pytest.mark.parametrize(
    ("code", "before", "came"),
    [(403, 900, True), (403, 7200, False), (502, 900, False), (200, 900, False), (None, 900, False)],
)
def test_pushes_that_came_until_somebody_else_answered(
    code: int | None, before: int, came: bool, tmp_path: Path
) -> None:
    path = tmp_path / "access.log"
    visits = [(at, line(at).replace(b"POST /callback", b"GET /shop")) for at in range(START - 7200, START + 900, 30)]
    pushed = [(at, line(at)) for at in (START - before, START - before - 60)]
    path.write_bytes(joined([text for _, text in sorted([*visits, *pushed])]))
    of = replace(alarm(kind=AlarmKind.INVALID_RESPONSE), sample=replace(alarm().sample, http_code=code))
    (found,) = [one for one in results(access=[path], of=of)["access-log"].findings if one.code.id == "log-no-request"]
    assert (found.evidence["came"] is not None) is came
    assert found.evidence.get("answered", False) is came
