"""The injected fault is found in what a real nginx writes, and nothing on a healthy one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.checks.logs.nginx_server import LOG_FORMAT, NO_NGINX, Server, running
from tests.checks.logs.support import LOG_CHECKS, OPENID, alarm, codes, results
from wxalarm.checks.check import NO_ANSWER
from wxalarm.config import Host, Settings
from wxalarm.diagnosis import contexts
from wxalarm.model import Alarm, AlarmKind, Basis, CheckResult, Severity, Status
from wxalarm.runner import Run

pytestmark = [pytest.mark.nginx, NO_NGINX]
INVALID, SLOW = AlarmKind.INVALID_RESPONSE, AlarmKind.REQUEST_TIMEOUT


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("nginx")) as server:
        yield server


def alarm_now(path: str, kind: AlarmKind, start: float) -> Alarm:
    """The alarm that WeChat would send about the pushes to this path."""
    made = alarm(int(start), kind)
    return replace(made, sample=replace(made.sample, url=f"http://wx.example.com{path}"))


def diagnosed(server: Server, of: Alarm) -> dict[str, CheckResult]:
    """The results of the log checks for an alarm, with the logs named."""
    return results(access=[server.access_log], error=[server.error_log], of=of, log_format=LOG_FORMAT)


SCENARIOS = {
    # path: kind, how often, seconds until the client gives up, codes of the access log, codes of the error log
    "/fast": (INVALID, 3, 8.0, {"log-answered"}, set[str]()),
    "/quoted": (INVALID, 3, 8.0, {"log-body-quoted", "log-request"}, set[str]()),
    "/created": (INVALID, 1, 8.0, {"log-status"}, set[str]()),
    "/page419": (INVALID, 1, 8.0, {"log-status"}, set[str]()),
    "/dropped": (INVALID, 1, 8.0, {"log-status"}, set[str]()),
    "/broken": (INVALID, 1, 8.0, {"log-status"}, set[str]()),
    "/redirect": (INVALID, 1, 8.0, {"log-status"}, set[str]()),
    "/denied": (INVALID, 1, 8.0, {"log-forbidden"}, {"errlog-denied"}),
    "/page": (INVALID, 1, 8.0, {"log-not-found"}, {"errlog-not-found"}),
    "/small": (INVALID, 1, 8.0, {"log-status"}, {"errlog-body-too-large"}),
    "/dead": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-refused"}),
    "/nosocket": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-refused"}),
    "/socket": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-queue-full"}),
    "/full": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-connect-timeout"}),
    "/impatient": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-upstream-timeout"}),
    "/resets": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-reset"}),
    "/closes": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-upstream-closed"}),
    "/bigheader": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-upstream-header"}),
    "/marked": (INVALID, 4, 8.0, {"log-upstream-error"}, {"errlog-refused", "errlog-no-live-upstream"}),
    "/half": (INVALID, 8, 8.0, {"log-upstream-error", "log-upstream-uneven"}, {"errlog-refused"}),
    "/limited": (INVALID, 3, 8.0, {"log-upstream-error"}, {"errlog-rate-limit"}),
    "/resolve": (INVALID, 1, 8.0, {"log-upstream-error"}, {"errlog-resolve"}),
    "/circle": (INVALID, 1, 8.0, {"log-status"}, {"errlog-cycle"}),
    "/hangs": (SLOW, 1, 0.3, {"log-client-closed"}, {"errlog-client-closed"}),
}


@pytest.mark.parametrize("path", SCENARIOS)
def test_the_injected_fault_is_found(nginx: Server, path: str) -> None:
    kind, often, cut, of_access, of_error = SCENARIOS[path]
    start = time.time()
    for index in range(often):
        nginx.push(path, OPENID if index == often - 1 else f"oBBBB{index}", cut)
    nginx.settle()
    found = diagnosed(nginx, alarm_now(path, kind, start))
    ok = {"log-answered"} if path == "/half" else set()  # the alarm's own may be of the good half
    assert codes(found["access-log"]) - ok == of_access
    assert codes(found["error-log"]) == of_error
    likely = ("log-upstream-uneven", "log-body-quoted")
    recorded = [f for f in found["access-log"].findings if f.code.id in of_access and f.code.id not in likely]
    assert path == "/half" or all(finding.code.basis is Basis.RECORDED for finding in recorded)
    for finding in recorded:
        assert finding.evidence["place"].startswith(f"{nginx.access_log}:")
    for finding in found["error-log"].findings if path not in ("/half", "/marked") else ():
        (answer,) = (int(f.evidence["status"]) for f in recorded)
        assert (NO_ANSWER if answer == 499 else answer) in finding.evidence["makes"]


def test_logs_and_their_format_are_found_by_way_of_the_configuration(nginx: Server) -> None:
    start = time.time()
    nginx.push("/dead", OPENID)
    nginx.settle()
    settings = Settings(host=Host(nginx_conf=str(nginx.folder / "nginx.conf")), offline=True)
    ready = contexts([alarm_now("/dead", INVALID, start)], settings, url=f"http://127.0.0.1:{nginx.port}/dead")
    reports = asyncio.run(Run(ready, only=("nginx-config", *LOG_CHECKS)).reports())
    found = {result.check: result for result in reports[0].results}
    assert codes(found["access-log"]) == {"log-upstream-error"}
    assert found["access-log"].observation.files[0].format == "own"
    assert codes(found["error-log"]) == {"errlog-refused"}
    assert reports[0].cause is not None
    assert [step.finding.code.id for step in reports[0].cause.chain] == ["log-upstream-error", "errlog-refused"]


CONFIGURED = {
    # path: pushes, code of the configuration
    "/denied": (1, "nginx-denied"),
    "/dropped": (1, "nginx-denied"),
    "/redirect": (1, "nginx-redirect"),
    "/maintenance": (1, None),
    "/files": (1, "nginx-static"),
    "/small": (1, "nginx-body-size"),
    "/impatient": (1, "nginx-proxy-timeout"),
    "/limited": (2, "nginx-rate-limit"),
    "/busy": (2, "nginx-rate-limit"),
}


@pytest.mark.parametrize("path", CONFIGURED)
def test_what_the_configuration_makes_is_what_nginx_answers(nginx: Server, path: str) -> None:
    pushes, code = CONFIGURED[path]
    status = [nginx.push(path, f"oCCCC{index}") for index in range(pushes)][-1]
    settings = Settings(host=Host(nginx_conf=str(nginx.folder / "nginx.conf")), offline=True)
    ready = contexts([alarm_now(path, INVALID, time.time())], settings, url=f"http://127.0.0.1:{nginx.port}{path}")
    (result,) = [
        result
        for result in asyncio.run(Run(ready, only=("nginx-config",)).reports())[0].results
        if result.check == "nginx-config"
    ]
    makes = {finding.code.id: finding.evidence["makes"] for finding in result.findings if "makes" in finding.evidence}
    assert set(makes) == ({code} if code else set())
    assert code is None or (status or NO_ANSWER) in makes[code]


@pytest.mark.slow
def test_a_push_cut_at_five_seconds_is_our_slowness(nginx: Server) -> None:
    start = time.time()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda openid: nginx.push("/hangs2", openid, 5.0), [OPENID, "oB1", "oB2", "oB3"]))
    nginx.settle()
    found = diagnosed(nginx, alarm_now("/hangs2", SLOW, start))
    assert codes(found["access-log"]) == {"log-client-gave-up"}
    finding = next(f for f in found["access-log"].findings if f.code.id == "log-client-gave-up")
    assert finding.code.basis is Basis.RECORDED
    assert (finding.evidence["waited"], finding.evidence["by"]) == ("passed", "unknown")
    assert finding.evidence["count"] == 4
    assert codes(found["error-log"]) == {"errlog-client-closed"}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "code"), [("/sleeps", "log-upstream-slow"), ("/queued", "log-slow")])
def test_answered_but_slowly_and_whose_time_it_was(nginx: Server, path: str, code: str) -> None:
    start = time.time()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(nginx.push, path, "oBBBB")
        time.sleep(0.1)
        assert nginx.push(path, OPENID) == first.result() == 200
    nginx.settle()
    found = diagnosed(nginx, alarm_now(path, SLOW, start))
    assert codes(found["access-log"]) == {code, "log-request"}
    assert found["access-log"].status is Status.WARN


@pytest.mark.parametrize(
    ("path", "shown", "differs"),
    [
        ("/challenge", {"response_length": 0, "response_content": ""}, Severity.ERROR),
        ("/page419", {"response_length": 0, "response_content": ""}, Severity.WARNING),
        ("/empty", {"response_length": 0, "response_content": ""}, None),
        ("/fast", {"http_code": 403}, Severity.ERROR),
        ("/denied", {"http_code": 403}, None),
        ("/challenge", {}, None),
    ],
    ids=["a page", "a page of another status", "empty", "another status", "the same status", "nothing shown"],
)
def test_another_answer_than_the_alarm_shows(
    nginx: Server, path: str, shown: dict[str, Any], differs: Severity | None
) -> None:
    openid = f"{OPENID[:-4]}{len(shown)}{path[1:4]}"  # other tests push there, too
    start = time.time()
    nginx.push(path, openid)
    nginx.settle()
    of = alarm_now(path, INVALID, start)
    of = replace(of, sample=replace(of.sample, openid=openid, **shown))
    found = [f for f in diagnosed(nginx, of)["access-log"].findings if f.code.id == "log-answer-differs"]
    assert [(f.code.severity, f.code.basis, f.evidence["own"]) for f in found] == (
        [(differs, Basis.RECORDED, True)] if differs else []
    )


def test_no_push_arrived_while_others_did(nginx: Server) -> None:
    start = time.time()
    nginx.push("/fast2", "oBBBB")
    nginx.settle()
    assert codes(diagnosed(nginx, alarm_now("/never", SLOW, start))["access-log"]) == {"log-no-request"}
    assert codes(diagnosed(nginx, alarm_now("/fast2", SLOW, start))["access-log"]) == {"log-request-missing"}


def test_a_client_that_speaks_no_tls_or_http(tmp_path: Path) -> None:
    """Strangers' noise on the port is no finding when WeChat's addresses are known."""
    with running(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"\x16\x03\x01garbage\r\n\r\n")
            client.recv(1024)
        start = time.time()
        assert server.push("/fast", OPENID) == 200
        server.settle(1)
        found = diagnosed(server, alarm_now("/fast", INVALID, start))
        assert codes(found["access-log"]) == {"log-answered"}
        assert codes(found["error-log"]) == set()


def test_worker_connections_used_up(tmp_path: Path) -> None:
    with running(tmp_path, connections=12) as server, contextlib.ExitStack() as stack:
        start = time.time()
        for _ in range(12):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(b"POST /hangs HTTP/1.1\r\nHost: wx.example.com\r\nContent-Length: 0\r\n\r\n")
        until = time.monotonic() + 5
        while time.monotonic() < until and b"worker_connections" not in server.error_log.read_bytes():
            time.sleep(0.05)
        found = diagnosed(server, alarm_now("/fast", AlarmKind.CONNECT_TIMEOUT, start))
        assert codes(found["error-log"]) == {"errlog-connections"}
