"""Text between elements: what is looked for first leaves out no body that has such a text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from wxalarm.wechat.reply import slips, strays

PIECES = (b"<a>", b"</a>", b"<b/>", b" ", b"\n", b"x", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<", b">", b"/")


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@example(b"<a>x<b/></a>")
@example(b"</a><![CDATA[]]>x</a>")
def test_the_quick_look_misses_nothing(data: bytes) -> None:
    tags = strays._BETWEEN.finditer(slips.without_cdata(data))
    stray = [tag for tag in tags if tag[3].strip() and (tag[1] or tag[2] or not tag[4])]
    assert bool(list(strays._spans(data))) == bool(stray)
