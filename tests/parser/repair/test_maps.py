"""A repaired text leads back to the text as given: every kept character, and both ends of every edit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wxalarm.parser.repair import repair
from wxalarm.parser.repair.maps import Edit, replaced

PIECES = st.lists(
    st.tuples(st.text("abc", max_size=4), st.text("xyz", min_size=1, max_size=4), st.text("ß", max_size=3))
)


@given(PIECES, st.text("abc", max_size=3))
def test_kept_characters_lead_back_to_themselves(pieces: list[tuple[str, str, str]], tail: str) -> None:
    given_text, edits = "", []
    for kept, old, new in pieces:
        given_text += kept
        edits.append(Edit(len(given_text), len(given_text) + len(old), new))
        given_text += old
    given_text += tail
    text, back = replaced(given_text, edits)
    assert text == "".join(kept + new for kept, _, new in pieces) + tail
    if back is None:
        assert not edits
        return
    for offset, char in enumerate(text):
        if char != "ß":
            start = back.start(offset)
            assert given_text[start] == char
            assert back.end(offset + 1) == start + 1
            assert back.parsed(start) == offset
    starts = [back.start(offset) for offset in range(len(text))]
    assert starts == sorted(starts), "what became longer leads no further than to its end"


def test_a_clean_text_is_left_alone() -> None:
    text = "Appid: wx0000000000000001\n内容: a & b < c"
    assert repair(text) == (text, (), ())


def test_what_a_page_did_is_undone() -> None:
    text, (back,), _ = repair("Appid:&nbsp;wx0000000000000001<br>昵称: <b>示例</b>")
    assert text == "Appid: wx0000000000000001\n昵称: 示例"
    assert back is not None
