"""Request lines of programs that nobody has listed, and lines that only look like them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wxalarm.logs.plain import form, read


@pytest.mark.parametrize(
    ("text", "status", "took"),
    [
        ("HTTP POST /wx responded 200 in 12.5 ms", "200", "12.5 ms"),
        ("POST /wx -> 201 (12ms)", "201", "12ms"),
        ('"POST /wx HTTP/1.1" 502 5.01s', "502", "5.01s"),
        ("[HTTP] 200 - POST /wx - 203.0.113.10 - Mozilla/4.0 - 1m2.5s", "200", "1m2.5s"),
        ("handled [POST] /wx status: 499", "499", None),
        ("POST https://wx.example.com/wx | 200 | 6s", "200", "6s"),
    ],
)
def test_a_request_line(text: str, status: str, took: str | None) -> None:
    found = read(text)
    assert found is not None
    assert (found["request_method"], found["status"], found.get("duration_human")) == ("POST", status, took)
    assert found["request_uri"].endswith("/wx")


def test_durations_with_a_name_keep_it() -> None:
    found = read('POST /wx {"status":200,"cost":6123.45,"db_ms":12}')
    assert found is not None
    assert (found["cost"], found["db_ms"]) == ("6123.45", "12")
    assert "duration_human" not in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "POST",
        "POST /wx",
        "POST /wx 12ms",
        "POST /wx 2000 bytes",
        "COMPOST /wx 200",
        "see /a/POST /wx 200x",
        'x|"POST /wx HTTP/1.1"|200|0.004',  # seconds, or anything else
        "sent 200 messages",
    ],
)
def test_other_lines(text: str) -> None:
    assert read(text) is None


NUMBER = st.one_of(
    st.sampled_from(["7", "200", "404", "12", "0.012", "12.5", "4.0", "1.05", "99", "503", "1700000000", "12345"]),
    st.integers(0, 999).map(str),
    st.decimals(0, 60, places=3).map(str),
)
WORDS = (
    *("status=", "status ", "code: ", "took=", "took ", "rt:", "bytes=", "in ", "Mozilla/", "v", "responded ", '"'),
    *("ms", " ms", "s", "%", " - ", " ", "|", "] ", "[", ", ", "\t", "end", ":", ".", "-> ", "http_status=", "é"),
)
STATUS = st.sampled_from([*(("200", "404"),) * 4, ("7", "200")])
SAID = st.tuples(st.sampled_from([" ", " - ", " status=", " code: ", " responded ", "|"]), STATUS)
PIECES = st.lists(st.one_of(st.sampled_from(WORDS), st.tuples(NUMBER, NUMBER)), max_size=6)


@settings(max_examples=400)
@given(
    PIECES,
    PIECES,
    st.booleans(),
    SAID,
    st.sampled_from(["", '"', "["]),
    st.sampled_from([" ", '"', " HTTP/1.1", ' HTTP/1.1" ']),
)
def test_a_learned_form_finds_what_reading_in_full_finds(
    before: list[str | tuple[str, str]],
    behind: list[str | tuple[str, str]],
    ahead: bool,
    said: tuple[str, tuple[str, str]],
    opened: str,
    closed: str,
) -> None:
    before, behind = ([*before, *said, " "], behind) if ahead else (before, [*said, *behind])

    def line(number: int, asked: str) -> str:
        left, right = (
            "".join(piece if isinstance(piece, str) else piece[number] for piece in part) for part in (before, behind)
        )
        return f"{left}{opened}{asked}{closed}{right}"

    texts = line(0, "POST /wx?timestamp=1700000000"), line(1, "GET /wx/a?timestamp=1700000999&x=200")
    known = {"request_method", "request_uri", "status"}
    keys = [key for key in read(texts[0]) or {} if key not in known][:2]
    learned = form(texts[0], {f"g{number}": key for number, key in enumerate(keys)})
    for match in (learned.fullmatch(text) for text in texts if learned is not None):
        right = read(match.string) if match is not None else None
        if match is not None:
            assert right is not None
            assert {name: match[name] for name in known} == {name: right[name] for name in known}
            assert [match[f"g{number}"] for number, _ in enumerate(keys)] == [right[key] for key in keys]


@pytest.mark.parametrize(
    ("sample", "other"),
    [
        ("7 POST /wx status=200", "404 POST /wx status=200"),  # a number that may be a status
        ("POST /wx code 7 status 200", "POST /wx code 404 status 200"),
        ("code 7 status 200 of POST /wx", "code 404 status 200 of POST /wx"),
        ("POST /wx 200 at 1.5 of it", "POST /wx 200 at 1.55 of it"),  # one that may be a duration
        ("ran 5ms, then, after 7, it was: 200 POST /wx", "ran 5ms, then, after 7777777777, it was: 200 POST /wx"),
        (f"POST /wx 200 took={'1' * 21}", f"POST /wx 200 took={'2' * 25}"),  # cut off
        ("POST /wx 200 p9=7", "POST /wx 200 p8=7"),
    ],
)
def test_no_form_is_learned_where_other_numbers_would_mean_other_things(sample: str, other: str) -> None:
    said = read(sample)
    assert said is not None
    assert said != read(other)
    keys = said.keys() - {"request_method", "request_uri", "status"}
    assert form(sample, {f"g{number}": key for number, key in enumerate(keys)}) is None


def test_a_form_does_not_read_a_line_that_says_more() -> None:
    learned = form("POST /wx -> 200 in 12ms", {"took": "duration_human"})
    assert learned is not None
    assert learned.fullmatch("POST /wx -> 200 in 12ms bytes=7") is None
    assert learned.fullmatch("POST /wx HTTP/1.1 -> 200 in 12ms") is None
    found = learned.fullmatch("GET /other?a=1 -> 502 in 1m2.5s")
    assert found is not None
    assert found.groupdict() == {
        "request_method": "GET", "request_uri": "/other?a=1", "status": "502", "took": "1m2.5s",
    }  # fmt: skip
