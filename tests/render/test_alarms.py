"""One alarm a line: quick, and byte for byte what the standard library writes, all that is unsafe spelled out."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from wxalarm.messages import catalogue
from wxalarm.model import BEIJING, Alarm, AlarmKind, Location, Sample, Whole
from wxalarm.records import alarm_record, escape
from wxalarm.render.alarms import JsonLines, format_of

ANY = st.text(st.characters())  # lone surrogates too
ODD = st.text(st.sampled_from('a"\\/\0\x1f\x7f\x80\x9b\xa0é\u200e\u2028\u202e\u2069\ud800\udfff\ufeff，\U0001f600'))
TEXT = st.none() | ANY | ODD
NUMBER = st.none() | st.integers(0, 2**70)
SAMPLES = st.builds(
    Sample,
    openid=TEXT,
    stamp=NUMBER,
    response_content=TEXT,
    response_truncated=st.booleans(),
    extra=st.dictionaries(ANY | ODD, TEXT, max_size=3),
)


def as_ever(alarm: Alarm) -> str:
    return escape(json.dumps(alarm_record(alarm), ensure_ascii=False)) + "\n"


def text_of(form: JsonLines, alarm: Alarm) -> str:
    line = form.alarm(alarm)
    return line.decode() if isinstance(line, bytes) else line


SEEN = st.none() | st.datetimes(timezones=st.just(BEIJING))
PLACE = st.none() | st.builds(Location, TEXT)


@given(TEXT, NUMBER, st.just(Sample()) | SAMPLES, SEEN, PLACE)
def test_a_line_is_what_json_writes(
    text: str | None, number: int | None, sample: Sample, seen: datetime | None, place: Location | None
) -> None:
    places = None if place is None else Whole(place)
    alarm = Alarm(AlarmKind.MARK_FAIL, text, text, seen, text, number, number, sample, text, places)
    assert text_of(JsonLines(), alarm) == as_ever(alarm)


def test_every_character_is_written_as_ever() -> None:
    form = JsonLines()
    for code in range(sys.maxunicode + 1):
        if code < 0x10000 or code % 0x1000 < 16:
            alarm = Alarm(nickname=chr(code))
            assert text_of(form, alarm) == as_ever(alarm), hex(code)


def test_csv_is_safe_in_a_spreadsheet() -> None:
    """A nickname is anybody's: =HYPERLINK(…) would be run by whoever opens the night in Excel."""
    hostile = [begin + "cmd|'/c calc'!A1" for begin in "=+-@\t\r"]
    for nickname in hostile:
        text = format_of("csv", lambda: catalogue("en"), 80).alarm(Alarm(nickname=nickname))
        (row,) = csv.reader(io.StringIO(str(text)))
        assert row[2] == "'" + nickname
    plain = format_of("csv", lambda: catalogue("en"), 80)
    assert "'" not in str(plain.alarm(Alarm(nickname="a=b", count=3)))
    assert not plain.head().startswith("\ufeff")
    file = format_of("csv", lambda: catalogue("en"), 80, file=True, kinds=catalogue("zh"))
    assert file.head().startswith("\ufeffkind,")
    assert str(file.alarm(Alarm(AlarmKind.DNS_TIMEOUT))).startswith(catalogue("zh").kind(AlarmKind.DNS_TIMEOUT) + ",")
