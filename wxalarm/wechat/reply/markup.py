"""Reading the XML of a reply: bounded, without DTD, with the byte offset of every element.

expat decides what is well-formed; slips.py says in which way something is not. Nothing outside the bytes is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

DEEPEST = 32
"""Levels of elements; documented replies have four."""
MOST_ELEMENTS = 2000


class Element:
    """One element: its name, where its start tag and its content begin, its text, its children."""

    __slots__ = ("children", "closed", "name", "offset", "text")

    def __init__(self, name: str, offset: int) -> None:
        self.name = name
        self.offset = offset
        self.text = ""
        self.children: list[Element] = []
        self.closed = False
        """The end tag was there: in a cut body the last elements have none."""

    def get(self, name: str) -> Element | None:
        """The first child of that name."""
        for child in self.children:
            if child.name == name:
                return child
        return None

    def all(self, name: str) -> list[Element]:
        """Every child of that name."""
        return [child for child in self.children if child.name == name]

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)


class Malformed(Exception):
    """The bytes are not well-formed XML, or more than a reply may be."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        """"syntax", "doctype", "deep" or "many"."""
        self.offset = offset


class _Reader:
    __slots__ = ("count", "current", "encoding", "parser", "root", "stack")

    def __init__(self) -> None:
        self.parser = parser = expat.ParserCreate("utf-8")
        self.root: Element | None = None
        self.current: Element | None = None
        self.stack: list[Element] = []
        self.count = 0
        self.encoding: str | None = None
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.XmlDeclHandler = self.declaration
        parser.StartDoctypeDeclHandler = self.doctype

    def start(self, name: str, attributes: dict[str, str]) -> None:
        offset = self.parser.CurrentByteIndex
        element = Element(name, offset)
        self.count += 1
        if len(self.stack) >= DEEPEST:
            raise Malformed("deep", offset)
        if self.count > MOST_ELEMENTS:
            raise Malformed("many", offset)
        if self.current is None:
            self.root = element
        else:
            self.current.children.append(element)
        self.stack.append(element)
        self.current = element

    def end(self, name: str) -> None:
        self.stack.pop().closed = True
        self.current = self.stack[-1] if self.stack else None

    def characters(self, data: str) -> None:
        if self.current is not None:
            self.current.text += data

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self.encoding = encoding

    def doctype(self, name: str, system: str | None, public: str | None, subset: int) -> None:
        raise Malformed("doctype", self.parser.CurrentByteIndex)


def read(data: bytes, *, truncated: bool = False) -> tuple[Element | None, str | None]:
    """(the root element, the declared encoding). Raises Malformed.

    A truncated body is read as far as it reaches: what is still open at its end is not `closed`, and there may be
    no root at all.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(data, not truncated)
    except expat.ExpatError as error:
        offset = reader.parser.ErrorByteIndex
        raise Malformed("syntax", min(max(offset, 0), len(data))) from error
    return reader.root, reader.encoding


_CONTENT = re.compile(rb"<[^>]*>\s*(?:<!\[CDATA\[)?")


def content_span(data: bytes, element: Element) -> tuple[int, int]:
    """(start, end) of the text of an element in the bytes, inside its CDATA; an empty one gives an empty span."""
    opening = _CONTENT.match(data, element.offset)
    start = opening.end() if opening else element.offset
    if opening and opening[0].rstrip().endswith(b"/>"):
        return start, start
    closing = data.find(b"]]>" if opening and opening[0].endswith(b"[CDATA[") else b"<", start)
    return start, closing if closing >= 0 else len(data)


def element_span(data: bytes, element: Element) -> tuple[int, int]:
    """(start, end) of the start tag of an element."""
    end = data.find(b">", element.offset)
    return element.offset, end + 1 if end >= 0 else len(data)


def inner_span(data: bytes, element: Element) -> tuple[int, int]:
    """(start, end) of all that stands between the tags of an element, with the CDATA around its text."""
    start = element_span(data, element)[1]
    end = data.find(f"</{element.name}".encode(), start)
    return start, end if end >= 0 else len(data)
