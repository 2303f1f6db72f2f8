"""Who answered: what a real nginx writes in each case, and what is left of it in formats that hold less."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from tests.checks.logs.nginx_server import FULL_FORMAT, NO_NGINX, running
from wxalarm.logs.answered import UPSTREAM, by, waited_for

pytestmark = [pytest.mark.nginx, NO_NGINX]
NGINX, APPLICATION, UNKNOWN = "nginx", "application", "unknown"
ALL = UPSTREAM
GUIDE = ("upstream_addr", "upstream_status", "upstream_response_time")
"""The fields of the guide's own format (附录 3)."""
INGRESS = ("upstream_addr", "upstream_response_length", "upstream_response_time", "upstream_status")
TIMED = ("upstream_connect_time", "upstream_header_time", "upstream_response_time")
ADDRESS = ("upstream_addr", "upstream_response_time")
FORMATS = (ALL, GUIDE, INGRESS, TIMED, ADDRESS, ())

ANSWERED = {
    # path: status, and who answered by a format with ALL, the GUIDE's, INGRESS's, TIMED, ADDRESS, no upstream field
    "/fast": ("200", APPLICATION, APPLICATION, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    "/broken": ("500", APPLICATION, APPLICATION, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    "/created": ("201", APPLICATION, APPLICATION, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    "/page419": ("419", APPLICATION, APPLICATION, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    "/says502": ("502", APPLICATION, UNKNOWN, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    "/empty502": ("502", APPLICATION, UNKNOWN, UNKNOWN, APPLICATION, UNKNOWN, UNKNOWN),
    "/says504": ("504", APPLICATION, UNKNOWN, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    # nginx had no answer to pass on
    "/dead": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/nosocket": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/socket": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/full": ("504", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/impatient": ("504", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/resets": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/closes": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/fastcgi": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/bigheader": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/badheader": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    "/nosource": ("500", NGINX, NGINX, NGINX, NGINX, UNKNOWN, UNKNOWN),
    # nginx asked nobody
    "/redirect": ("301", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/dropped": ("444", NGINX, NGINX, NGINX, NGINX, NGINX, NGINX),
    "/denied": ("403", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/page": ("404", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/small": ("413", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/limited": ("503", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/resolve": ("502", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/circle": ("500", NGINX, NGINX, NGINX, NGINX, NGINX, UNKNOWN),
    "/marked": ("502", NGINX, UNKNOWN, UNKNOWN, NGINX, UNKNOWN, UNKNOWN),
    # nginx put an answer of its own in the place of its 502
    "/maintained": ("200", NGINX, NGINX, NGINX, NGINX, UNKNOWN, UNKNOWN),
    "/elsewhere": ("302", NGINX, NGINX, NGINX, NGINX, UNKNOWN, UNKNOWN),
    # "502 : 200", "502, 200": the last attempt counts
    "/fallback": ("200", APPLICATION, APPLICATION, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
    "/retried": ("200", APPLICATION, APPLICATION, APPLICATION, APPLICATION, UNKNOWN, UNKNOWN),
}
TWICE = ("/limited", "/marked", "/marked")
"""Pushed once more before: the limit lets the first one in, the marks come with the failures."""
LEFT = {
    # path: whom it waited for, by the same formats
    "/hangs": ("application", "passed", "passed", "application", "passed", "unknown"),
    "/distant": ("connecting", "passed", "passed", "connecting", "passed", "unknown"),
    "/queued": ("nginx", "nginx", "nginx", "nginx", "nginx", "unknown"),
    "/asks": ("nginx", "nginx", "nginx", "nginx", "nginx", "unknown"),
}
Lines = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lines]:
    """The last line of each path."""
    with running(tmp_path_factory.mktemp("nginx"), log_format=FULL_FORMAT) as server:
        for path in (*TWICE, *ANSWERED):
            server.push(path, "oAAAA")
        server.push("/queued", "oAAAA")
        for path in LEFT:
            server.push(path, "oAAAA", cut=0.3)
        server.settle()
        found = map(json.loads, server.access_log.read_text().splitlines())
        yield {line["request_uri"].partition("?")[0]: line for line in found}


def in_format(line: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The line as a format with these variables writes it; nginx writes "-" where JSON has nothing."""
    return {"status": line["status"], **{name: line[name] or "-" for name in names}}


@pytest.mark.parametrize("path", ANSWERED)
def test_who_answered(lines: Lines, path: str) -> None:
    status, *expected = ANSWERED[path]
    assert lines[path]["status"] == status
    assert [by(in_format(lines[path], names)) for names in FORMATS] == expected


@pytest.mark.parametrize("path", LEFT)
def test_whom_the_client_left_waiting(lines: Lines, path: str) -> None:
    assert lines[path]["status"] == "499"
    assert [waited_for(in_format(lines[path], names)) for names in FORMATS] == list(LEFT[path])


@pytest.mark.parametrize("path", ANSWERED)
def test_with_less_in_the_log_never_somebody_else(lines: Lines, path: str) -> None:
    """Whatever variables a format has, it tells the same as the fullest, or nothing."""
    full = by(in_format(lines[path], ALL))
    for number in range(2 ** len(UPSTREAM)):
        names = tuple(name for place, name in enumerate(UPSTREAM) if number >> place & 1)
        assert by(in_format(lines[path], names)) in (full, UNKNOWN), names


def test_the_variables_of_one_line_alone() -> None:
    only = "upstream_connect_time"
    assert waited_for({"status": "499", only: "-"}) == "connecting"
    assert waited_for({"status": "499", "by": "application"}) == "application"  # its own log
    assert waited_for({"status": "499"}) == "unknown"
    assert waited_for({"status": "499", "upstream_header_time": "-"}) == "unknown"
    assert waited_for({"status": "499", "upstream_header_time": "0.004"}) == "answering"
    assert waited_for({"status": "499", "upstream_response_time": "5.000"}) == "passed"
    assert by({"status": "502", "upstream_bytes_received": "0"}) == NGINX
    assert by({"status": "502", "upstream_bytes_received": "83"}) == UNKNOWN
