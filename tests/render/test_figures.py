"""What a page draws of a report: of the alarm, all that it says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wxalarm.messages import LANGUAGES, catalogue
from wxalarm.model import Alarm, Report, Sample, Target
from wxalarm.render.figures import alarm_lines

SAID_BY_ITSELF = {"response_truncated"}
"""The body ends with what says that it was cut."""


def some(place: int, kind: Any) -> Any:
    """A value of a field that no other field has."""
    if "bool" in str(kind):
        return True
    if "Mapping" in str(kind):
        return {"Foo": f"value {place}"}
    return 1000 + place if "int" in str(kind) else f"value {place}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_field_of_a_sample_is_shown(lang: str) -> None:
    words = catalogue(lang)
    given = {field.name: some(place, field.type) for place, field in enumerate(msgspec.structs.fields(Sample))}
    shown = list(alarm_lines(Report(Alarm(sample=Sample(**given)), Target(), (), None, 0.0), words))
    assert len(shown) == len(given) - len(SAID_BY_ITSELF)
    for name in given.keys() - SAID_BY_ITSELF - {"decrypt_failed", "extra"}:
        assert str(given[name]) in [value for _, value in shown], name
    assert ("decrypt fail", words.ui("yes")) in shown
    assert ("Foo", given["extra"]["Foo"]) in shown
    assert list(alarm_lines(Report(Alarm(), Target(), (), None, 0.0), words)) == []


def test_a_length_of_nothing_is_shown() -> None:
    sample = Sample(response_length=0, response_content="")
    shown = list(alarm_lines(Report(Alarm(sample=sample), Target(), (), None, 0.0), catalogue("en")))
    assert shown == [("response_length", "0")]
