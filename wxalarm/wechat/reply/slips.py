"""Why some bytes are not well-formed XML: the slips that people make, by name, with place and repair.

Each pattern is linear: it looks for a fixed beginning and a bounded rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wxalarm.wechat.reply import markup
from wxalarm.wechat.reply.unseen import taken_for

MOST_REPAIRS = 8
"""Slips that are mended one after the other before giving up."""


class Slip(NamedTuple):
    """One slip: a key of [words.reply_slip], its place, and what should stand there (None: cannot be told)."""

    name: str
    start: int
    end: int
    instead: bytes | None = None
    element: str = ""


class _Open(NamedTuple):
    """A start tag whose end has not come: its place, and where its first child begins (0: none)."""

    name: bytes
    start: int
    end: int
    child: int = 0


_CDATA_END = re.compile(rb"(?:\]\][ \t]{1,8}>?|\][ \t]{0,8}\]?|\]{1,3}[ \t]?>)(?=[ \t\r\n]{0,80}</)")
_CDATA_START = re.compile(
    rb"(?!<!\[CDATA\[)<!?[ \t]?\[[ \t]?[Cc][Dd][Aa][Tt][Aa][ \t]?\]?[>\[]|<!CDATA\["
    rb"|<!\[CDATA(?![\[\]>])|(?<!<!)(?<!<)\[CDATA\["
)
_TAG_BLANK = re.compile(rb"<(/?)[ \t\r\n]{1,8}(/?)([A-Za-z_][\w.-]{0,40})[ \t]{0,8}>")
_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_DECLARATION = re.compile(rb"<\?xml[ \t\r\n]")
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w.:-]{0,60})((?:[ \t\r\n][^<>]{0,200})?)(/?)>")
_CDATA = b"<![CDATA["
_WIDE = re.compile("(?:＜|<)／|＜(?=[/!?A-Za-z])|(?<=[]A-Za-z>])＞".encode())
_LESS = re.compile(rb"<(?![A-Za-z_/!?])")


_TOOLBARS = (b"think_page_trace", b"phpdebugbar", b"sf-toolbar", b"yii-debug-toolbar", b"djDebug")
"""Marks of what frameworks put behind a page to debug it: ThinkPHP, Laravel, Symfony, Yii, Django."""


def explain(data: bytes, offset: int) -> Slip:
    """The slip behind a syntax error that expat saw at `offset`: the first that stands before or at that place."""
    found = [slip for slip in _candidates(data) if slip.start <= offset or slip.name == "cdata-end"]
    return min(found, key=lambda slip: slip.start) if found else _last_resort(data, offset)


def mended(data: bytes, offset: int) -> bytes | None:
    """The body with its slips repaired one after the other; None when that does not give well-formed XML."""
    for _ in range(MOST_REPAIRS):
        slip = explain(data, offset)
        if slip.instead is None:
            return None
        data = data[: slip.start] + slip.instead + data[slip.end :]
        try:
            root, _ = markup.read(data)
        except markup.Malformed as error:
            if error.reason != "syntax":
                return None
            offset = error.offset
        else:
            return data if root is not None and root.name == "xml" else None
    return None


def _candidates(data: bytes) -> Iterator[Slip]:
    """Every kind of slip at its first place."""
    if (
        (declaration := _DECLARATION.search(data))
        and declaration.start() > 0
        and not data[: declaration.start()].strip()
    ):
        yield Slip("declaration-late", 0, declaration.start(), b"")
    if control := _CONTROL.search(data):
        yield Slip("control", control.start(), control.end(), b"")
    plain = without_cdata(data)
    yield from _in_cdata(data)
    if start := _CDATA_START.search(plain):
        yield Slip("cdata-start", start.start(), start.end(), b"<![CDATA[")
    if blank := _TAG_BLANK.search(plain):
        slash = blank[1] or blank[2]
        yield Slip("tag-blank", blank.start(), blank.end(), b"<" + slash + blank[3] + b">", blank[3].decode())
    if ampersand := _AMPERSAND.search(plain):
        name = re.match(rb"&[A-Za-z]{1,20};", plain[ampersand.start() : ampersand.start() + 24])
        kind = "entity" if name else "ampersand"
        end = ampersand.start() + (len(name[0]) if name else 1)
        instead = _ENTITIES.get(name[0], b"") if name else b"&amp;"
        yield Slip(kind, ampersand.start(), end, instead, name[0].decode() if name else "")
    if wide := _WIDE.search(plain):
        yield Slip("full-width", wide.start(), wide.end(), taken_for(wide[0].decode()).encode(), wide[0].decode())
    if less := _LESS.search(plain):
        yield Slip("less-than", less.start(), less.end(), b"&lt;")
    yield from _tags(plain)


_ENTITIES = {b"&nbsp;": b"&#160;", b"&copy;": b"&#169;", b"&hellip;": b"&#8230;", b"&mdash;": b"&#8212;"}


def _sections(data: bytes) -> Iterator[tuple[int, int]]:
    """(begin, end) of every CDATA section; end is -1 when it is not closed before the next one begins."""
    begin, end = data.find(_CDATA), 0
    while begin >= 0:
        again = data.find(_CDATA, begin + len(_CDATA))
        if 0 <= end < begin + len(_CDATA):
            end = data.find(b"]]>", begin + len(_CDATA))
        closed = end >= 0 and not 0 <= again < end
        yield begin, end + 3 if closed else -1
        begin = again


def without_cdata(data: bytes) -> bytes:
    """The bytes with well-formed CDATA sections and comments blanked, every offset kept."""
    plain = _blanked(data, ((begin, end) for begin, end in _sections(data) if end >= 0))
    return _blanked(plain, _comments(plain))


def _comments(data: bytes) -> Iterator[tuple[int, int]]:
    begin = data.find(b"<!--")
    while begin >= 0 and (end := data.find(b"-->", begin + 4)) >= 0:
        yield begin, end + 3
        begin = data.find(b"<!--", end + 3)


def _blanked(data: bytes, spans: Iterator[tuple[int, int]]) -> bytes:
    out, position = [], 0
    for begin, end in spans:
        if begin >= position:
            out += [data[position:begin], b" " * (end - begin)]
            position = end
    return b"".join([*out, data[position:]])


def _in_cdata(data: bytes) -> Iterator[Slip]:
    """The first CDATA section that is not closed before the end tag of its element."""
    for begin, end in _sections(data):
        if end >= 0:
            continue
        tag = data.find(b"</", begin)
        stop = tag if tag >= 0 else len(data)
        if torn := _CDATA_END.search(data, max(begin + len(_CDATA), stop - 100), stop + 2):
            yield Slip("cdata-end", torn.start(), torn.end(), b"]]>")
        elif tag >= 0:
            yield Slip("cdata-end", tag, tag, b"]]>")
        return


def _tags(plain: bytes) -> Iterator[Slip]:
    """The first end tag that closes nothing, or the wrong element; text after the root; an end that never comes."""
    open_tags: list[_Open] = []
    for tag in _TAG.finditer(plain):
        name = tag[2]
        if tag[4] or tag[3].rstrip().endswith(b"/"):
            continue
        if not tag[1]:
            if len(open_tags) > markup.DEEPEST * 4:
                return
            if open_tags and not open_tags[-1].child:
                open_tags[-1] = open_tags[-1]._replace(child=tag.start())
            open_tags.append(_Open(name, tag.start(), tag.end()))
            continue
        if not open_tags:
            yield Slip("end-alone", tag.start(), tag.end(), b"", name.decode("utf-8", "replace"))
            return
        if open_tags[-1].name == name:
            open_tags.pop()
            if not open_tags:
                rest = plain[tag.end() :]
                if rest.strip(b" \t\r\n"):
                    begin = tag.end() + len(rest) - len(rest.lstrip())
                    name = "after-root-toolbar" if any(mark in rest for mark in _TOOLBARS) else "after-root"
                    yield Slip(name, begin, len(plain), b"")
                return
            continue
        yield _mismatch(open_tags, tag)
        return
    if open_tags:
        # Only the root is missing its end: that can be put right. More than that was cut, and text with it.
        last = open_tags[-1].name
        missing = b"</" + last + b">" if len(open_tags) == 1 else None
        yield Slip("cut", len(plain), len(plain), missing, last.decode("utf-8", "replace"))


def _mismatch(open_tags: list[_Open], tag: re.Match[bytes]) -> Slip:
    """An end tag that does not close the element which is open."""
    name, last = tag[2], open_tags[-1]
    element, closing = last.name.decode("utf-8", "replace"), b"</" + last.name + b">"
    if len(open_tags) > 1 and last.name != b"xml":
        # <Nonce>…<Nonce> or <Nonce>…<nce>: an end tag that lost its slash, or more, looks like a start tag.
        parent = open_tags[-2].name
        if parent.lower().endswith(last.name.lower()):
            return Slip("slash-missing", last.start, last.end, b"</" + parent + b">", parent.decode("utf-8", "replace"))
    if name.lower() == last.name.lower():
        return Slip("end-case", tag.start(), tag.end(), closing, element)
    if name in [opened.name for opened in open_tags]:
        place = last.child or tag.start()
        return Slip("end-missing", place, place, closing, element)
    return Slip("end-other", tag.start(), tag.end(), closing, element)


def _last_resort(data: bytes, offset: int) -> Slip:
    if offset >= len(data):
        return Slip("end", len(data), len(data))
    return Slip("other", offset, min(offset + 1, len(data)))
