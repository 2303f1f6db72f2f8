"""Records of the model: structs that are dataclasses, too."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass, replace
from operator import ne

import pytest

from wxalarm.model import Alarm, Location, Sample, Whole

PLACE = Location("alarm.txt", 1, 1, 7, 20)


def test_where_an_alarm_stands_makes_no_difference() -> None:
    here, there = Alarm(appid="wx0000000000000001", places=Whole(PLACE)), Alarm(appid="wx0000000000000001")
    assert here == there
    assert not ne(here, there)
    assert here != Alarm()
    assert here != "wx0000000000000001"
    assert "places" not in repr(here)


def test_an_alarm_without_words_is_none() -> None:
    assert not Alarm(window_minutes=5).told
    assert not Alarm(places=Whole(PLACE)).told
    assert Alarm(count=1).told


@pytest.mark.parametrize("record", [PLACE, Sample(url="http://h/", extra={"New": "1"}), Alarm(sample=Sample(stamp=1))])
def test_what_dataclasses_can_do_goes_on(record: Location | Sample | Alarm) -> None:
    assert is_dataclass(record)
    names = [each.name for each in fields(record)]
    assert list(asdict(record)) == names
    assert replace(record) == record
    assert copy.deepcopy(record) == record
    assert pickle.loads(pickle.dumps(record)) == record
    with pytest.raises(FrozenInstanceError):
        setattr(record, names[0], None)


def test_no_two_records_share_what_can_be_changed() -> None:
    assert Sample().extra is not Sample().extra
    assert Alarm().sample.extra is not Alarm().sample.extra
