"""log_format → parser: every escape, the formats of the guide and of others, lines that do not fit, hostile lines."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import assert_linear
from wxalarm.logs import formats
from wxalarm.logs.formats import KNOWN, LineFormat, Wanted
from wxalarm.logs.line_parser import LineParser
from wxalarm.logs.parsers import detect
from wxalarm.logs.records import path_of, target_of
from wxalarm.logs.text_parser import TextParser

GUIDE = (
    b'203.0.113.7  - - [25/Dec/2024:10:04:57 +0800] "POST /callback?signature=ab&timestamp=1735092297&openid=oAAAA '
    b'HTTP/1.1" 200 7 "-" "Mozilla/4.0" "-" "wx.example.com"  "-" "192.0.2.1:80, 192.0.2.2:80"   "502, 200"  '
    b'"0.203"  "0.001, 0.200" '
)
OTHERS = {
    "combined": b'203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback?x=1 HTTP/1.1" 499 0 "-" "Mozilla/4.0"',
    "forwarded": b'203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" 499 0 "-" "Mozilla/4.0" "-"',
    "timed": b'203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" 499 0 "-" "Mozilla/4.0" "-" '
    b'rt=5.001 uct="0.000" uht="-" urt="5.000"',
    "ingress": b'203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" 499 0 "-" "Mozilla/4.0" 512 '
    b"5.001 [shop-web-80] [] 192.0.2.1:8080, 192.0.2.2:8080 0, 0 2.000, 3.001 -, - 0123abcd",
    "common": b'203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" 499 0',
    "combined-and-more": b'203.0.113.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" 499 0 own=1 more',
}
AT = 1735092297.0


def columns(parser: LineParser, *lines: bytes) -> list[tuple[bytes, ...]]:
    """Time and TALLIED fields, a column each; an empty one for a field that the format lacks."""
    times, keys = parser.columns(b"\n" + b"\n".join(lines) + b"\n")
    fields = list(zip(*map(parser.values, keys), strict=True)) or [()] * len(formats.TALLIED)
    return [tuple(times), *(() if set(field) == {b""} else field for field in fields)]


def test_the_guides_format_with_its_double_blanks() -> None:
    parser = detect([GUIDE] * 3)
    assert parser is not None
    assert parser.name == "guide"
    record = parser.record(GUIDE)
    assert record is not None
    assert path_of(record) == "/callback"
    assert record["upstream_status"] == "502, 200"
    assert record["request_time"] == "0.203"
    assert parser.seconds(record["time_local"].encode()) == AT


@pytest.mark.parametrize("name", OTHERS)
def test_usual_formats_are_detected(name: str) -> None:
    parser = detect([OTHERS[name], b"", OTHERS[name]])
    assert parser is not None
    assert parser.name == name
    record = parser.record(OTHERS[name])
    assert record is not None
    assert (record["status"], path_of(record)) == ("499", "/callback")
    assert columns(parser, OTHERS[name])[3] == ((b"5.001",) if name in ("timed", "ingress") else ())


def test_a_format_out_of_the_configuration_goes_first_even_when_a_usual_one_fits() -> None:
    line = b'x|25/Dec/2024:10:04:57 +0800|"POST /callback HTTP/1.1"|200|0.004'
    own = LineFormat("own", '$tag|$time_local|"$request"|$status|$request_time')
    parser = detect([line], [own])
    assert parser is not None
    assert parser.name == "own"
    assert detect([line]) is None
    assert detect([OTHERS["combined"]], [own]).name == "combined"  # type: ignore[union-attr]  # it is found


def test_lines_of_another_kind_are_no_log() -> None:
    assert detect([b"hello", b"\0\0\0", b"{}"]) is None
    assert detect([]) is None


def test_json_out_of_the_configuration_with_escaped_quotes() -> None:
    text = (
        '{"time":"$time_iso8601","agent":"$http_user_agent","request":"$request","status":$status,"rt":$request_time}'
    )
    parser = TextParser(LineFormat("j", text, "json"), Wanted("/callback"))
    line = (
        rb'{"time":"2024-12-25T10:04:57+08:00","agent":"a \"quoted\" \\ b","request":"POST /callback?a=1 HTTP/1.1",'
        rb'"status":499,"rt":5.001}'
    )
    assert columns(parser, line)[1] == (b"499",)
    record = parser.record(line)
    assert record is not None
    assert record["http_user_agent"] == r"a \"quoted\" \\ b"


def test_json_lines_of_other_programs_nested_ones_too() -> None:
    lines = [
        {"ts": 1735092297.25, "request": {"method": "POST", "uri": "/callback?a=1"}, "status": 502, "duration": 0.3},
        {"@timestamp": "2024-12-25T02:04:57Z", "http": {"status": 502, "method": "POST", "path": "/callback"}},
    ]
    for value in lines:
        raw = json.dumps(value).encode()
        parser = detect([raw], wanted=Wanted("/callback"))
        assert parser is not None
        assert parser.name == "json"
        found = columns(parser, raw, raw.replace(b"/call", b"/x"))
        assert found[1] == (b"502",)
        assert parser.seconds(found[0][0]) in (AT, AT + 0.25)
        assert not columns(parser, raw.replace(b"POST", b"GET"))[1]


def test_only_posts_to_the_path_count() -> None:
    parser = TextParser(KNOWN[-3], Wanted("/callback"))
    line = OTHERS["combined"]
    others = [
        line.replace(b"POST /callback?x=1", what)
        for what in (b"GET /callback", b"POST /callback2", b"POST /other?to=/callback", b"POST /a/callback", b"-")
    ]
    assert parser.format.name == "combined"
    assert columns(parser, *others) == [()] * 7
    assert columns(parser, line, *others, line.replace(b"?x=1", b""))[1] == (b"499", b"499")


def test_without_a_path_only_signed_requests_count() -> None:
    parser = TextParser(KNOWN[-3], Wanted(None, signed=True))
    line = OTHERS["combined"]
    signed = line.replace(b"?x=1", b"?timestamp=1&signature=ab&nonce=2")
    assert columns(parser, line, signed, signed.replace(b"POST", b"GET"))[1] == (b"499",)


_VALUE = st.text(st.characters(codec="ascii", exclude_characters="\\", min_codepoint=32), max_size=30)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(_VALUE, _VALUE, _VALUE, st.integers(100, 999)), min_size=1, max_size=20))
def test_what_nginx_writes_is_read_back(rows: list[tuple[str, str, str, int]]) -> None:
    """With escape=default nginx writes a quote inside a value as \\x22."""
    fmt = LineFormat("f", '[$time_local] "$http_a" "$http_b" "$request" $status $request_time')
    parser = TextParser(fmt)
    lines = []
    for a, b, c, status in rows:
        quoted = ['"' + value.replace('"', r"\x22") + '"' for value in (a, b, c)]
        lines.append(f"[25/Dec/2024:10:04:57 +0800] {' '.join(quoted)} {status} 0.001".encode())
    assert columns(parser, *lines)[1] == tuple(str(row[3]).encode() for row in rows)
    for line, (a, b, c, status) in zip(lines, rows, strict=True):
        record = parser.record(line)
        assert record is not None
        assert [record["http_a"], record["http_b"], record["request"]] == [v.replace('"', r"\x22") for v in (a, b, c)]
        assert record["status"] == str(status)


FIELDS = {
    "status": (b"502", b"200"),
    "body_bytes_sent": (b"157", b"7"),
    "request_time": (b"0.004", b"5.001"),
    "upstream_addr": (b"192.0.2.1:80, 192.0.2.2:80", b"-", b"unix:/run/app.sock"),
    "upstream_status": (b"502, 200", b"-"),
    "upstream_response_time": (b"0.001, 0.003", b"-", b"0.001 : 0.002"),
    "remote_addr": (b"203.0.113.7", b"2001:db8::7"),
    "http_user_agent": (b"Mozilla/4.0", b"-"),
}
REQUESTS = {b"POST /callback?a=1 HTTP/1.1": True, b"POST /call HTTP/1.1": False, b"GET /callback HTTP/1.1": False}


@settings(max_examples=400)
@given(st.data())
def test_fields_in_any_order_and_between_any_marks(data: st.DataObject) -> None:
    time_field, at = data.draw(
        st.sampled_from(
            [
                ("time_local", b"25/Dec/2024:10:04:57 +0800"),
                ("time_iso8601", b"2024-12-25T10:04:57+08:00"),
                ("msec", b"1.5"),
            ]
        )
    )
    names = data.draw(st.permutations(["request", time_field, *FIELDS]))
    pairs = data.draw(
        st.sampled_from([("", " "), ("", "|"), ("", ";"), ("", "\t"), ('"', " "), ("[", " "), ('"', ","), ("'", "  ")])
    )
    mark, between = pairs
    closing = {"[": "]"}.get(mark, mark)
    around = dict.fromkeys(names, (mark, closing))
    if pairs == ("", " "):  # what may hold blanks has quotes around it where blanks are what stands between
        quoted = {"request": ('"', '"'), "http_user_agent": ('"', '"'), "time_local": ("[", "]")}
        around |= {name: marks for name, marks in quoted.items() if name in around}
    text = between.join(f"{around[name][0]}${name}{around[name][1]}" for name in names)
    parser = TextParser(LineFormat("f", text), Wanted("/callback"))
    lines, expected = [], []
    for request, counts in REQUESTS.items():
        values = {name: data.draw(st.sampled_from(found)) for name, found in FIELDS.items()}
        values |= {"request": request, time_field: at}
        joined = between.encode().join(
            b"".join((o.encode(), values[name], c.encode())) for name, (o, c) in around.items()
        )
        lines.append(joined)
        if counts:
            expected.append((at.partition(b".")[0], *(values[name] for name in formats.TALLIED)))
        record = parser.record(joined)
        assert record is not None
        assert {name: record[name].encode() for name in FIELDS} == {name: values[name] for name in FIELDS}
    assert list(zip(*columns(parser, *lines), strict=True)) == expected


@pytest.mark.parametrize("head", ["$status ", "$request_time $status ", "$status $body_bytes_sent - "])
def test_what_is_counted_may_stand_before_the_time(head: str) -> None:
    text = head + '[$time_local] "$request" "$upstream_addr" "$upstream_status"'
    values = {"$status": "502", "$request_time": "0.004", "$body_bytes_sent": "157"}
    begin = " ".join(values.get(word, word) for word in head.split(" "))
    line = f'{begin}[25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" "192.0.2.1:80" "502"'.encode()
    parser = TextParser(LineFormat("f", text), Wanted("/callback"))
    assert columns(parser, line, line.replace(b"POST", b"GET"), line)[1] == (b"502", b"502")


def test_two_formats_in_one_log() -> None:
    own = LineFormat("own", "$time_iso8601|$request|$status|$request_time")
    mine = b"2024-12-25T10:04:57+08:00|POST /callback HTTP/1.1|502|0.004"
    program = b'{"ts":1735092297,"method":"POST","uri":"/callback","status":504,"duration":5.1}'
    lines = [OTHERS["combined"], OTHERS["combined"], mine, b"half a li", program]
    parser = detect(lines, [own], Wanted("/callback"))
    assert parser is not None
    assert parser.name == "combined, own, json"
    assert columns(parser, *lines)[1] == (b"499", b"499", b"502", b"504")
    assert columns(parser, *lines)[3] == (b"", b"", b"0.004", b"5.1")
    assert {parser.seconds(time) for time in parser.times(b"\n" + b"\n".join(lines) + b"\n")} == {AT}
    assert [parser.matches(line) for line in lines] == [True, True, True, False, True]


def test_a_request_without_quotes_holds_blanks() -> None:
    fmt = LineFormat("f", '$time_iso8601 $request $status $request_time "$upstream_addr"')
    parser = TextParser(fmt, Wanted("/callback"))
    line = b'2024-12-25T10:04:57+08:00 POST /callback?a=1 HTTP/1.1 502 0.001 "192.0.2.1:80"'
    assert columns(parser, line, line.replace(b"/callback", b"/other"))[1] == (b"502",)


def test_an_empty_value_does_not_swallow_the_next_line() -> None:
    fmt = LineFormat("f", '[$time_local] "$request" $status $http_x_request_id $request_id', "none")
    parser = TextParser(fmt, Wanted("/callback"))
    line = b'[25/Dec/2024:10:04:57 +0800] "POST /callback HTTP/1.1" 502  0123abcd'
    assert columns(parser, line, line, line)[1] == (b"502",) * 3


def test_the_query_of_another_path_is_no_push() -> None:
    fmt = LineFormat("f", "$time_iso8601 $request_method $scheme://$host$request_uri $status $request_time")
    parser = TextParser(fmt, Wanted("/cb"))
    line = b"2024-12-25T10:04:57+08:00 POST http://wx.example.com/cb?a=1 502 0.001"
    assert columns(parser, line, line.replace(b"/cb?a=1", b"/login?next=/cb"), line)[1] == (b"502", b"502")


def test_lines_that_end_as_windows_ends_them() -> None:
    parser = TextParser(KNOWN[-2], Wanted("/callback"))
    assert parser.name == "common"
    assert columns(parser, OTHERS["common"] + b"\r", OTHERS["common"])[2] == (b"0", b"0")


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(0, 2))
def test_a_line_cut_short_loses_only_itself(cuts: list[int], kind: int) -> None:
    whole = [GUIDE, OTHERS["combined"], OTHERS["timed"]][kind]
    parser = TextParser([KNOWN[0], KNOWN[-3], KNOWN[2]][kind])
    lines = [whole]
    for cut in cuts:
        lines += [whole[: len(whole) * cut // 62], whole]
    assert len(columns(parser, *lines)[1]) == len(cuts) + 1


@pytest.mark.parametrize("fmt", [*KNOWN, LineFormat("d", "$remote_user|$http_referer;$time_local;$request;$status")])
@pytest.mark.parametrize(
    "filler", [b"\n", b"a|\n", b'"\n', b'a - - ["', b"[", b" ", b"a b", b'"a" ', b'\\"', b"x - y ["]
)
def test_no_hostile_chunk_takes_long(fmt: LineFormat, filler: bytes) -> None:
    parser = TextParser(fmt, Wanted("/callback"))

    def reading(size: int) -> Callable[[], object]:
        chunk = b"\n" + filler * (size // len(filler)) + b"\n"
        line = chunk[: 64 * 1024].replace(b"\n", b" ")
        return lambda: (parser.columns(chunk), parser.times(chunk), parser.record(line))

    assert_linear(reading, 256 * 1024)


def test_the_target_is_put_together_from_parts() -> None:
    assert target_of({"uri": "/a", "args": "b=1"}) == "/a?b=1"
    assert target_of({"request_uri": "/a?b=1", "args": "b=1"}) == "/a?b=1"
    assert target_of({"request": "POST /a HTTP/1.1"}) == "/a"
    assert target_of({"request": "-"}) is None


SWAPPED = (
    b'192.0.2.7 - - [25/Dec/2024:10:04:57 +0800] "POST /callback?x=1 HTTP/1.1" 200 7 "-" "Mozilla/4.0" "-" 0.100 4.900'
)


def test_a_format_that_nobody_named_must_make_sense() -> None:
    """Two times at the end of a line, in an order that log_format alone tells: none is shorter than its upstream."""
    assert detect([SWAPPED]).name == "combined-and-more"  # type: ignore[union-attr]  # it is found
    right = SWAPPED.replace(b"0.100 4.900", b"4.900 4.900")
    assert detect([right]).name == "times"  # type: ignore[union-attr]  # it is found
    assert detect([right, SWAPPED]).name == "combined-and-more"  # type: ignore[union-attr]  # it is found
    for line, name in ((right, "agent-times"), (SWAPPED, "combined-and-more")):
        bare = line.replace(b'"Mozilla/4.0" "-" ', b'"Mozilla/4.0" ')
        assert detect([bare]).name == name  # type: ignore[union-attr]  # it is found
    named = LineFormat("own", KNOWN[5].text.replace("$request_time $upstream_response_time", "$any $request_time"))
    assert detect([SWAPPED], [named]).name == "own"  # type: ignore[union-attr]  # it is found


@pytest.mark.parametrize(
    ("at", "read"),
    [
        ("2024-12-25T10:04:57+08:00", True),
        ("2024-12-25T02:04:57Z", True),
        ("25/Dec/2024:10:04:57 +0800", True),
        (1735092297, True),
        (1735092297.25, True),
        (1735092297000, True),
        ("2024-12-25 10:04:57", False),
        ("2024-12-25T10:04:57.250", False),
    ],
)
def test_a_time_without_a_zone_dates_no_line_of_json(at: str | float, read: bool) -> None:
    line = json.dumps({"time": at, "status": 200, "uri": "/callback"}).encode()
    parser = detect([line])
    assert (parser is not None) == read
    if parser is not None:
        assert round(parser.seconds(parser.times(b"\n" + line + b"\n")[0]) or 0) == AT


def test_a_line_of_json_leaves_out_what_it_has_no_value_for() -> None:
    lines = [b'{"ts":1735092297,"status":502,"upstream_addr":"192.0.2.1:80"}', b'{"ts":1735092297,"status":301}']
    parser = detect(lines)
    assert parser is not None
    records = [parser.record(line) for line in lines]
    assert [record and record.get("upstream_addr") for record in records] == ["192.0.2.1:80", "-"]
    assert [record and record.get("upstream_status") for record in records] == [None, None]


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ("/wx?signature=1&amp;timestamp=2", "/wx?signature=1&timestamp=2"),
        ("/wx?signature=1&amp=2&amplitude=3", "/wx?signature=1&amp=2&amplitude=3"),
        ("https://wx.example.com/wx?a=1", "/wx?a=1"),
        ("/wx?url=https://wx.example.com/a", "/wx?url=https://wx.example.com/a"),
    ],
)
def test_a_page_s_ampersands_are_undone_and_no_others(target: str, read: str) -> None:
    assert target_of({"request": f"POST {target} HTTP/1.1"}) == read
    assert target_of({"request_method": "POST", "request_uri": target}) == read


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        ({"querystring": "a=1"}, "/wx?a=1"),
        ({"query_string": "-"}, "/wx"),
        ({"args": ""}, "/wx"),
        ({}, "/wx"),
    ],
)
def test_what_was_asked_stands_in_two_fields(keys: dict[str, str], target: str) -> None:
    line = json.dumps({"time": "2023-11-15T06:13:20+08:00", "method": "POST", "path": "/wx", "status": 200, **keys})
    parser = detect([line.encode()], wanted=Wanted("/wx"))
    assert parser is not None
    record = parser.record(line.encode())
    assert record is not None
    assert target_of(record) == target
