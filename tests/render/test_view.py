"""What a report without a cause says first: what its kind alone tells to look at."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from wxalarm.config import Settings
from wxalarm.diagnosis import contexts
from wxalarm.messages import catalogue
from wxalarm.model import Alarm, AlarmKind, Sample
from wxalarm.render.view import without
from wxalarm.runner import Run

URL = "http://wx.example.com/cb"


def said(alarm: Alarm, lang: Literal["en", "zh"]) -> str:
    (report,) = asyncio.run(Run(contexts([alarm], Settings(offline=True))).reports())
    return without(report, catalogue(lang))[1]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "kind", [AlarmKind.DNS_FAILURE, AlarmKind.DNS_TIMEOUT, AlarmKind.DNS_INVALID_DOMAIN, AlarmKind.CONNECT_TIMEOUT]
)
def test_a_name_or_a_connection_is_looked_at_where_it_is(kind: AlarmKind, lang: Literal["en", "zh"]) -> None:
    connect = kind is AlarmKind.CONNECT_TIMEOUT
    text = said(Alarm(kind=kind, sample=Sample(url=URL, ip="198.51.100.20")), lang)
    assert ("198.51.100.20" in text) is connect
    assert ("getcallbackip" in text) is connect
    assert ("wx.example.com" in text and "182.254.116.116" in text) is not connect


@pytest.mark.parametrize(
    "alarm",
    [
        Alarm(kind=AlarmKind.REQUEST_TIMEOUT, sample=Sample(url=URL, ip="198.51.100.20")),
        Alarm(kind=AlarmKind.CONNECT_TIMEOUT, sample=Sample(url=URL)),
        Alarm(kind=AlarmKind.CONNECT_TIMEOUT, sample=Sample(url=URL, ip="198.51.*.*")),
        Alarm(kind=AlarmKind.DNS_FAILURE, sample=Sample(url="/cb")),
    ],
)
def test_what_an_alarm_does_not_name_is_not_asked_for(alarm: Alarm) -> None:
    assert said(alarm, "en") == catalogue("en").ui("untold_text")
