"""Formats of nginx that nobody told: combined, and values behind it that tell by their shape what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.growth import assert_linear
from wxalarm.logs import shaped
from wxalarm.logs.formats import KNOWN, Wanted
from wxalarm.logs.parsers import detect

HEAD = '203.0.113.10 - - [15/Nov/2023:06:13:%02d +0800] "POST /wx?signature=3f1d&timestamp=1700000000 HTTP/1.1" %d 0'
AGENT = ' "-" "Mozilla/4.0"'


def lines(*more: str, status: int = 499) -> list[bytes]:
    return [f"{HEAD % (at, status)}{one}".encode() for at, one in enumerate(more)]


READ: Mapping[str, tuple[list[str], tuple[str | None, ...]]] = {
    "times, then the address": (
        [f'{AGENT} "203.0.113.152" 5.002 5.001 127.0.0.1:8090', f'{AGENT} "-" 0.000 - -'],
        ("5.002", "5.001", "127.0.0.1:8090", None),
    ),
    "all of them in quotes": (
        [f'{AGENT} "-" "5.002" "5.002" "10.0.0.8:80, 10.0.0.9:80" "499"', f'{AGENT} "-" "0.030" "0.029" "-" "-"'],
        ("5.002", "5.002", "10.0.0.8:80, 10.0.0.9:80", None),  # a status could be a port
    ),
    "a second duration that is none of the upstream's whole": (
        [f"{AGENT} 5.002 0.001 unix:/run/php.sock", f"{AGENT} 0.031 0.000 unix:/run/php.sock"],
        ("5.002", None, "unix:/run/php.sock", None),
    ),
    "what was passed on tells the first, quick as all are": (
        [f"{AGENT} 0.003 0.003 127.0.0.1:80", f"{AGENT} 0.000 - -"],
        ("0.003", None, "127.0.0.1:80", None),
    ),
    "no agent": ([" 5.002 10.0.0.8:80", " 0.001 -"], ("5.002", None, "10.0.0.8:80", None)),
}


@pytest.mark.parametrize("name", READ)
def test_shapes_tell_what_values_are(name: str) -> None:
    more, wanted = READ[name]
    text = lines(*more)
    parser = detect(text, wanted=Wanted("/wx"))
    assert parser is not None
    record = parser.record(text[0])
    assert record is not None
    names = ("request_time", "upstream_response_time", "upstream_addr", "upstream_status")
    assert tuple(record.get(one) for one in names) == wanted
    assert parser.guessed == {"columns"}  # whatever follows is likely at most


@pytest.mark.parametrize(
    "more",
    [
        [f"{AGENT} 12", f"{AGENT} 7"],
        [f"{AGENT} 5.02", f"{AGENT} 0.10"],  # $gzip_ratio has two digits
        [f"{AGENT} 1700000000.123", f"{AGENT} 1700000001.456"],  # $msec
        [f"{AGENT} -", f"{AGENT} -"],
        [f"{AGENT} 0.005", f"{AGENT} 5.001"],  # another server's, perhaps: `clf took=…` asks for the unit
        [f"{AGENT} 0.005 0.031", f"{AGENT} 0.031 0.005"],  # neither is the whole
        [f"{AGENT} 127.0.0.1:80 0.003 0.003", f"{AGENT} 127.0.0.1:80 0.002 0.002"],  # either may be it
        [f"{AGENT} 127.0.0.1:80 0.003 0.003", f"{AGENT} - - 0.000"],  # the second is
        [f"{AGENT} 127.0.0.1:8090 0.030 5.002", f"{AGENT} 127.0.0.1:8090 0.021 0.030"],  # the second may be any
        [AGENT, AGENT],
    ],
)
def test_what_may_be_anything_has_no_name(more: list[str]) -> None:
    assert not list(shaped.formats(lines(*more)))


def test_a_form_that_is_known_keeps_its_name() -> None:
    parser = detect(lines(f'{AGENT} "-" 0.035 0.034', f'{AGENT} "-" 0.001 -'))
    assert parser is not None
    assert parser.name == "times"
    assert parser.name in {one.name for one in KNOWN}


def test_two_servers_that_write_one_log_have_two_formats() -> None:
    found = [one.text for one in shaped.formats(lines(*(f"{AGENT} 0.032 0.031",) * 2, f'{AGENT} "-" 0.053 0.052'))]
    assert [text.count("request_time") for text in found] == [1, 1]
    assert "x_forwarded_for" in found[1]


def test_a_line_of_blanks_takes_no_square_of_its_length() -> None:
    """An agent with a quote in it, as Apache escapes it, and blanks: any client can send that."""

    def reading(size: int) -> Callable[[], object]:
        line = f'{HEAD % (1, 200)} "-" "x\\"{" " * size}"'.encode()
        return lambda: list(shaped.formats([line] * 20))

    assert_linear(reading, 4 * 1024)
