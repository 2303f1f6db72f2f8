"""Ordinary chat is no alarm, and it never disturbs the alarms that it stands between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.paths import FIXTURES
from wxalarm.model import Alarm
from wxalarm.parser import parse
from wxalarm.parser.stream import stream

FOLDER = FIXTURES / "alarms"
CHAT = (Path(__file__).parent / "chat.txt").read_text("utf-8").splitlines()


def texts() -> list[str]:
    """Twenty alarms of the corpus: every kind, every layout, with bodies and without."""
    found = []
    for path in sorted(FOLDER.rglob("*.txt")):
        text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff").strip("\r\n")
        if len(parse(text).alarms) == 1 and parse(text).alarms[0].guide_url is not None:
            found.append(text)
    return random.Random(20).sample(found, 20)


def cut(text: str, alarm: Alarm) -> str:
    """The text at an alarm's location."""
    place = alarm.location
    assert place is not None
    lines = text.split("\n")[place.line - 1 : place.end_line]
    lines[-1] = lines[-1][: place.end_column - 1]
    return "\n".join([lines[0][place.column - 1 :], *lines[1:]])


def test_the_chat_is_what_the_promise_speaks_of() -> None:
    assert len(CHAT) >= 200
    assert len(set(CHAT)) >= 200
    for word in ("时间:", "内容:", "次数:", "昵称:", "Appid", "报警", "[x=y]", "错误样例", "报警排查指引", "[resp="):
        assert any(word in line for line in CHAT), word


@pytest.mark.parametrize("separator", ["\n", "\n\n", " ", "\r\n", "\n> "])
def test_chat_holds_no_alarm(separator: str) -> None:
    assert parse(separator.join(CHAT)).alarms == ()


@pytest.mark.parametrize("line", CHAT)
def test_no_line_alone_is_an_alarm(line: str) -> None:
    assert parse(line).alarms == ()
    assert parse(f"{line}\n{line}").alarms == ()


@pytest.mark.parametrize("seed", range(25))
def test_alarms_between_chat_are_found_exactly(seed: int) -> None:
    draw = random.Random(seed)
    alarms = texts()
    draw.shuffle(alarms)
    chat = CHAT[:]
    draw.shuffle(chat)
    places = sorted(draw.sample(range(len(chat) + 1), len(alarms)))
    lines: list[str] = []
    for number, line in enumerate([*chat, ""]):
        lines += [alarm for alarm, place in zip(alarms, places, strict=True) if place == number]
        lines.append(line)
    text = "\n".join(lines)
    found = parse(text).alarms
    assert list(found) == [parse(alarm).alarms[0] for alarm in alarms]
    for alarm, given in zip(found, alarms, strict=True):
        assert cut(text, alarm) in given
        assert cut(text, alarm) == cut(given, parse(given).alarms[0])
        for name, place in alarm.fields.items():
            own = parse(given).alarms[0].fields[name]
            assert place.end_line - place.line == own.end_line - own.line
    assert [alarm for alarm, _ in stream(text[at : at + 999] for at in range(0, len(text), 999))] == list(found)


NEAR = (Path(__file__).parent / "near.txt").read_text("utf-8").splitlines()
"""Chat, source code, mails and logs with the labels that chat tools and people write in place of WeChat's."""


@pytest.mark.parametrize("separator", ["\n", "\n\n", "\r\n", "\n> "])
def test_what_uses_the_words_of_alarms_is_none(separator: str) -> None:
    assert len(NEAR) >= 200
    assert parse(separator.join(NEAR)).alarms == ()


@pytest.mark.parametrize("seed", range(20))
def test_nor_is_it_in_any_order(seed: int) -> None:
    lines = NEAR[:]
    random.Random(seed).shuffle(lines)
    text = "\n".join(lines)
    assert parse(text).alarms == ()
    assert list(stream([text[:3000], text[3000:]])) == []
