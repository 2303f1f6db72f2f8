"""What is repaired of a text: the stretch that needs it, and nothing else is read another way for it."""

from __future__ import annotations

import random

import pytest

from tests.parser.clothes import ALL
from tests.parser.mix import Mix
from tests.parser.test_dressed import corpus
from wxalarm.parser import parse, stream
from wxalarm.parser.locate import Lines, Source
from wxalarm.parser.scan import Scan


def clean(count: int, seed: int = 1) -> list[str]:
    mixer = Mix(seed)
    return [mixer.clean(with_body=bool(number % 2)) for number in range(count)]


def repaired(text: str) -> int:
    """Characters that were repaired."""
    return sum(source.end - source.begin for source in Scan(Source(Lines(text, None)))._repaired)


def test_one_dressed_alarm_is_repaired_alone() -> None:
    alarms = clean(100)
    alarms[50] = alarms[50].replace("内容:", "**内容**：").replace("次数:", "**次数**：")
    text = "\n\n".join(alarms)
    assert len(parse(text).alarms) == 100
    assert 0 < repaired(text) <= sum(len(alarm) + 2 for alarm in alarms[49:52])
    assert repaired("\n\n".join(clean(100))) == 0


@pytest.mark.parametrize("seed", [*range(12), 114, 193, 292])
def test_the_others_are_what_they_are_without_it(seed: int) -> None:
    draw = random.Random(seed)
    alarms = clean(30, seed)
    for place in draw.sample(range(30), 4):
        alarms[place] = ALL[draw.choice(sorted(ALL))](draw.choice(corpus()))
    apart = [parse(text) for text in alarms]
    text = "\n\n".join(alarms)
    whole = parse(text)
    assert list(whole.alarms) == [alarm for one in apart for alarm in one.alarms]
    assert [problem.code.id for problem in whole.problems] == [one.code.id for each in apart for one in each.problems]
    step = draw.randrange(50, 5000)
    parts = [text[at : at + step] for at in range(0, len(text), step)]
    assert [alarm for alarm, _ in stream.stream(parts)] == list(whole.alarms)
    begins = [1 + sum(one.count("\n") + 2 for one in alarms[:number]) for number in range(30)]
    for alarm, begin, one in zip(whole.alarms, begins, alarms, strict=True):  # in the text as given
        assert alarm.location is not None
        assert begin <= alarm.location.line <= alarm.location.end_line <= begin + one.count("\n") + 1
