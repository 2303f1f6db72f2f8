"""What holds for every text: both ways of parsing agree, values stand where they are said to, nothing raises."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.parser.generate import ANY, NOISE, Made, made, mutated
from tests.parser.mix import alarms
from wxalarm.model import Alarm, Finding, Location
from wxalarm.parser import fast, parse
from wxalarm.parser.build import build
from wxalarm.parser.cluster import Cluster, Clusters
from wxalarm.parser.encoding import Decoder, decode
from wxalarm.parser.fast import Found
from wxalarm.parser.locate import Lines, Source
from wxalarm.parser.stream import stream


def slice_of(text: str, place: Location) -> str:
    """The text at a location."""
    lines = text.split("\n")
    found = lines[place.line - 1 : place.end_line]
    found[-1] = found[-1][: place.end_column - 1]
    found[0] = found[0][place.column - 1 :]
    return "\n".join(found)


def value_of(alarm: Alarm, name: str) -> object:
    """A field by its dotted name."""
    if name.startswith("sample.extra."):
        return alarm.sample.extra[name.removeprefix("sample.extra.")]
    return getattr(alarm.sample, name[7:]) if name.startswith("sample.") else getattr(alarm, name)


def as_printed(name: str, value: object, printed: str) -> object:
    """What a field must be for what is printed."""
    if name == "first_seen":
        return datetime.fromisoformat(printed + "+08:00")
    if isinstance(value, int) and not isinstance(value, bool):
        return int(printed)
    return printed


def test_a_nickname_in_the_middle_of_somebodys_line_was_not_cut() -> None:
    chat = '{"Appid": "wx0000000000000001"}\n快递: 时间: 16:00 内容: 文件 昵称: 前台小张\n好的\n'
    (alarm,) = parse(
        chat + "时间: 2026-01-01 12:00:00\n内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法"
    ).alarms
    assert alarm.nickname is None


@given(made(), NOISE, NOISE)
def test_values_and_places_come_back(alarm: Made, before: str, behind: str) -> None:
    # A line between: somebody's "昵称: 小王" right before a fragment could be its own.
    assume(not parse(f"{before}\n{behind}").alarms)  # some lines of chat are an alarm when they stand together
    assume(not before.endswith(":"))  # "昵称:" with 好的 below is a nickname
    text = f"{before}\n好的\n{alarm.text}\n好的\n{behind}"
    (got,) = parse(text).alarms
    assert got.kind == alarm.kind
    values = alarm.values()
    assert set(got.fields) == set(values)
    for name, printed in values.items():
        value = value_of(got, name)
        assert value == as_printed(name, value, printed), name
        assert slice_of(text, got.fields[name]) == printed, name
    absent = {"appid", "nickname", "first_seen", "guide_url"} - set(values)
    assert all(value_of(got, name) is None for name in absent)


@given(st.lists(made(whole=True), min_size=2, max_size=5), st.sampled_from(["\n", "\n\n", " ", "\n好的\n"]))
def test_neighbours_come_back_one_by_one(alarms: list[Made], separator: str) -> None:
    text = separator.join(alarm.text for alarm in alarms)
    assert [alarm.text for alarm in alarms] == [
        slice_of(text, alarm.location) for alarm in parse(text).alarms if alarm.location
    ]


def facts(found: Found) -> tuple[object, ...]:
    """All that is known of an alarm."""
    alarm, problems, *_ = found
    return alarm, alarm.location, dict(alarm.fields), list(problems)


def by_tokens(source: Source, start: int, end: int) -> list[Found]:
    """The alarms of a stretch of text without the fast path."""
    found: list[Found] = []
    for cluster in Clusters(source.text).find(start, end):
        alarm, problems = build(cluster, source)
        found.append((alarm, [*problems, *source.mended(*cluster[:2])], *cluster[:2]))
    return found


def same_by_tokens(text: str) -> int:
    """Compare what the fast path takes with the tokens, on the same extents. How many it took."""
    source = Source(Lines(text, None))
    taken = 0
    for match in fast.CLEAN.finditer(text):
        quick = fast.read(match, source)
        if quick is not None:
            taken += 1
            assert [facts(quick)] == [facts(found) for found in by_tokens(source, *match.span())]
    return taken


@given(made())
def test_the_fast_path_gives_what_the_tokens_give(alarm: Made) -> None:
    same_by_tokens(alarm.text)


@given(st.one_of(mutated(), ANY))
@example(
    "内容:推送“支付完成事件”给开发者后,开发者5秒内]没有返回\n次数:1分钟 0次\n"
    "报警排查指引，请见:https:/[/mmbizurl.cn/s/x"
)
def test_the_fast_path_gives_what_the_tokens_give_on_damaged_text(text: str) -> None:
    same_by_tokens(text)


def test_the_fast_path_takes_the_clean_form() -> None:
    from tests.parser.test_forms import WHOLE

    for text in (WHOLE, WHOLE.replace("\n", " "), WHOLE.replace("\n", "\n\n"), WHOLE.replace("，", ",")):
        assert same_by_tokens(text) == 1


@given(ANY)
@example("Appid: wx1\n昵称: a\n内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 3次")
@example("*Appid: wx1\n昵称: a\n内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 3次")
@example("*[Appid: wx1\n昵称: a\n内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法\n次数: 5分钟 3次")
@example("昵称: a\n内容: 微信服务器向公众号 推送消息或事件后，得到的回应不合法\n次数: 5分钟 3次")
def test_tokens_alone_give_the_same_alarms(text: str) -> None:
    parsed = parse(text)
    source = Source(Lines(text, None))
    source.repair()
    slow = by_tokens(source, 0, len(source.text))
    assert [alarm for alarm, *_ in slow] == list(parsed.alarms)
    assert [alarm.location for alarm, *_ in slow] == [alarm.location for alarm in parsed.alarms]
    assert [problem for _, problems, *_ in slow for problem in problems] == list(parsed.problems)


LATE = (
    "Appid: w[resp=x000[第三方平台:000 昵称: 示例 时间: 2026-01-09 04:46:30 "
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法 次数: 5分钟 121次"
    " 错误样例: [OpenID=oW][Stamp=1767905190][IP=198.51.100.91][response_content=<html>]"
)
"""A bracket that closes late takes in the beginning of what had seemed to be the alarm."""
NESTED = (
    "昵称: a\n[OuterIP=921[3rdUrl=/]s次数:\n\n"
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法错误样例: [IP=1]"
    "错误样例: [IP=1]"
    "内容: 微信服务器向公众号推送消息或事件后，得到的回应不合法错误样例: [IP=1]][Stamp=1767240000]"
)
"""A group within a group, before a last bracket."""


@given(ANY, st.lists(st.integers(1, 60), min_size=1, max_size=40))
@example(LATE, [11] * 40)
@example(NESTED, [1])
def test_a_stream_gives_the_same_alarms(text: str, sizes: list[int]) -> None:
    parts: list[str] = []
    at = 0
    while at < len(text):
        size = sizes[len(parts) % len(sizes)]
        parts.append(text[at : at + size])
        at += size
    whole = parse(text)
    streamed = list(stream(parts))
    assert [alarm for alarm, _ in streamed] == list(whole.alarms)
    assert [alarm.location for alarm, _ in streamed] == [alarm.location for alarm in whole.alarms]
    assert [dict(alarm.fields) for alarm, _ in streamed] == [dict(alarm.fields) for alarm in whole.alarms]
    assert [problem for _, problems in streamed for problem in problems] == list(whole.problems)


@given(ANY)
def test_places_are_always_inside_the_text(text: str) -> None:
    lines = text.split("\n")
    for alarm in parse(text).alarms:
        for place in (alarm.location, *alarm.fields.values()):
            assert place is not None
            assert 1 <= place.line <= place.end_line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1
            assert 1 <= place.end_column <= len(lines[place.end_line - 1]) + 1
            assert (place.line, place.column) <= (place.end_line, place.end_column)


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), min_size=1, max_size=9))
def test_bytes_decode_in_parts_as_they_do_whole(data: bytes, sizes: list[int]) -> None:
    parse(decode(data))
    for codec in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"):
        text = "时间: 2026-01-01 12:00:00 示例 内容: x\n" * 200
        encoded = text.encode(codec)
        decoder, out, at = Decoder(), "", 0
        for size in sizes * 3:
            out += decoder.decode(encoded[at : at + size * 37])
            at += size * 37
        out += decoder.decode(encoded[at:]) + decoder.decode(b"", final=True)
        assert out == decode(encoded) == text


def test_hardly_any_alarm_needs_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The throughput path is worth its name only while the shapes that alarms have take it."""
    slow: list[Cluster] = []

    def counted(cluster: Cluster, source: Source) -> tuple[Alarm, list[Finding]]:
        slow.append(cluster)
        return build(cluster, source)

    monkeypatch.setattr("wxalarm.parser.build.build", counted)
    assert len(parse("\n\n".join(alarms(3000))).alarms) > 2990
    assert len(slow) < 150
