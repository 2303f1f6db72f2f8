"""--fix mends what has one right answer, once, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lint.support import ALARMS, RULES, found, source_of
from wxalarm.lint import ALL, Linter, Source
from wxalarm.lint.codes import FIXABLE
from wxalarm.lint.document import Document
from wxalarm.lint.fix import fix
from wxalarm.model import Finding

CLEAN = (ALARMS / "request-timeout" / "clean.txt").read_bytes()


EVERY = frozenset(rule.id for rule in ALL)


def findings(source: Source, codes: frozenset[str] = EVERY) -> list[Finding]:
    return [problem.finding for problem in Linter(codes).lint(source).problems]


def fixed(source: Source) -> Source:
    return fix(source, findings(source))


CASES = sorted(path for code in FIXABLE for path in (RULES / code / "fires").rglob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.parent.name}/{p.stem}")
def test_fixable_findings_are_gone_and_nothing_new_comes(path: Path) -> None:
    source = source_of(path, RULES)
    once = fixed(source)
    assert findings(once) == ([] if path.stem != "one-byte" else findings(source))
    assert fixed(once) == once


def test_a_clean_fixture_is_left_alone() -> None:
    source = Source("x.txt", CLEAN, "x.json", b"{}")
    assert fixed(source) == source


def test_what_is_ignored_or_not_selected_is_not_fixed() -> None:
    text = CLEAN.replace("内容: ".encode(), "内容：".encode())
    ignored = Source("x.txt", b"# wxalarm: ignore[full-width-label] typed by hand\n" + text)
    assert fixed(ignored) == ignored
    other = Source("x.txt", b"\xef\xbb\xbf" + text)
    only_bom = fix(other, findings(other, frozenset({"bom"})))
    assert only_bom.data == text
    only_label = fix(other, findings(other, frozenset({"full-width-label"})))
    assert only_label.data == b"\xef\xbb\xbf" + CLEAN


def test_line_ends_and_bodies_are_kept() -> None:
    body = "[ip=192.0.2.1][response_length=9][response_content=内容：x\r\n]".encode()
    text = CLEAN.replace(b"\n", b"\r\n").replace(b"[Event=", body + b"[Event=")
    text = text.replace("次数: ".encode(), "次数：".encode())
    mended = fixed(Source("x.txt", text)).data
    assert mended == text.replace("次数：".encode(), "次数: ".encode())


def test_no_fix_changes_what_the_alarm_says() -> None:
    text = CLEAN.decode().replace("昵称: ", "昵称: 昵称：").replace("Appid: ", "Appid：")
    source = Source("a.txt", text.encode(), None)
    once = fixed(source)
    assert Document(once).parsed.alarms == Document(source).parsed.alarms
    assert fixed(once) == once


def test_utf16_becomes_utf8_with_its_expectation() -> None:
    text = CLEAN.decode()
    once = fixed(Source("x.txt", text.encode("utf-16"), "x.json", None))
    assert once.data == CLEAN
    assert once.expectation is not None
    assert json.loads(once.expectation)["count"] == 1860
    assert findings(once) == []


def test_no_byte_is_lost_when_the_encoding_cannot_be_told() -> None:
    source = Source("x.txt", CLEAN.replace("示".encode(), b"\xff"))
    assert fixed(source) == source
    odd = Source("x.txt", CLEAN.decode().encode("utf-16-le")[:-1])
    assert fixed(odd) == odd


def test_two_byte_order_marks() -> None:
    once = fixed(Source("x.txt", b"\xef\xbb\xbf\xef\xbb\xbf" + CLEAN))
    assert once.data == CLEAN


PIECES = [
    *(
        "Appid",
        "昵称",
        "时间",
        "内容",
        "次数",
        "错误样例",
        "报警排查指引，请见",
        ":",
        "：",
        " ",
        "\n",
        "\r\n",
        "\ufeff",
    ),
    *("2026-01-05 09:12:31", "5分钟 31次", "微信服务器向公众号推送消息或事件后，得到的回应不合法"),
    *("[", "]", "[Stamp=1]", "[resp=", "x", "> "),
]
MIXED = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.tuples(
        st.just(CLEAN.decode()),
        st.sampled_from([": ", "\n", "示", "内容"]),
        st.sampled_from(["：", "： ", "\u3000", ""]),
    ).map(lambda parts: parts[0].replace(parts[1], parts[2])),
)


@given(MIXED, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
@settings(max_examples=300, deadline=None)
def test_fixing_twice_is_fixing_once(text: str, encoding: str) -> None:
    once = fixed(Source("x.txt", text.encode(encoding), "x.json", None))
    assert fixed(once) == once


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_linted_and_fixed(noise: bytes, behind: bool) -> None:
    once = fixed(Source("x.txt", CLEAN + noise if behind else noise + CLEAN, "x.json", noise or None))
    assert fixed(once) == once
    assert found([Linter().lint(once)]) == [finding.code.id for finding in findings(once)]
