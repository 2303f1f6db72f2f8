"""The specification: it holds the parser to it, and says what goes on with an alarm where it goes wrong."""

from __future__ import annotations

from hypothesis import given

from tests.parser.generate import Made, made
from tests.parser.mix import alarms
from tests.parser.test_forms import LINES, WHOLE
from wxalarm.parser import grammar, parse
from wxalarm.parser import words as w


def printed(text: str) -> list[tuple[str, str]] | None:
    """What the grammar reads, in the parser's terms: fields and stripped values."""
    found = grammar.values(text)
    if found is None:
        return None
    fields = []
    for name, value in found:
        field = name if name in w.PRINTED else f"sample.{w.field_of(name) or 'platform'}"
        if name != "sample":
            fields.append((field, value if name in w.BODY_KEYS else value.strip(w.EDGES)))
    return fields


def agrees(text: str) -> bool:
    """Whether the grammar takes a text; then the parser reads the same fields with the same values."""
    specified = printed(text)
    if specified is None:
        return False
    (alarm,) = parse(text).alarms
    for name, value in specified:
        if name in ("count", "first_seen", "sample.decrypt_failed"):
            continue
        read = getattr(alarm.sample, name[7:]) if name.startswith("sample.") else getattr(alarm, name)
        assert str(read) == value, name
    return True


def test_the_parser_reads_what_the_grammar_reads() -> None:
    taken = [agrees(text) for text in alarms(400, seed=9)]
    assert sum(taken) > 300, "the grammar takes most posted alarms"


@given(made())
def test_generated_alarms_are_read_alike(alarm: Made) -> None:
    if "sample.extra.Foo bar" not in alarm.spans and parse(alarm.text).alarms:
        agrees(alarm.text)


def test_what_is_expected_follows_the_order_of_the_lines() -> None:
    labels = list(w.PRINTED.values())
    for number in range(1, len(LINES)):
        text = "\n".join(LINES[:number]) + "\n???"
        wanted = grammar.expected(text).wanted
        assert wanted == (*([grammar.GROUP] if number == 6 else []), *labels[number:])
        assert text[grammar.expected(text).offset :] == "???"


def test_what_is_expected_between_groups() -> None:
    found = grammar.expected(WHOLE.replace("[MsgType", "此处有误[MsgType"))
    assert found.wanted == (grammar.GROUP, "报警排查指引，请见:")
    assert found.after == "[IP=…]"
