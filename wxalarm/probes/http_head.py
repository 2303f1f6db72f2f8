"""The head of an HTTP answer, between the wire and h11: what libcurl lets pass and h11 does not. Sans-IO.

WeChat's client is libcurl, as its error numbers show: an answer that libcurl reads is an answer, however odd.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from wxalarm.patterns import compiled

Fields = tuple[tuple[str, str], ...]
_END = compiled(rb"\n\r?\n")
_TOKEN = compiled(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_QUOTED = compiled(r"""bytearray\((b'(?:[^'\\]|\\.)*+'|b"(?:[^"\\]|\\.)*+")\)""")
"""A line as h11 quotes it: a whole literal, whatever stands in the line."""


def take(data: bytearray) -> bytes | None:
    """The first whole head, off the front of the bytes; None while it has no end."""
    end = _END.search(data)
    if end is None:
        return None
    head = bytes(data[: end.end()])
    del data[: end.end()]
    return head


def legal(head: bytes) -> tuple[bytes, Fields]:
    """(the head for h11, the fields that it leaves out or changes). A field whose name is no token frames nothing for
    libcurl; a Transfer-Encoding of identity is none, and chunked twice is chunked once."""
    start, *lines = head.split(b"\n")
    kept, odd, chunked, left_out = [start], [], False, False
    for line in lines:
        if line[:1] in (b" ", b"\t"):  # goes on with the line before
            kept += [] if left_out else [line]
            continue
        name, colon, value = line.partition(b":")
        left_out = bool(colon) and not _TOKEN.fullmatch(name) and b"\0" not in line and b"\r" not in name
        if name.lower() == b"transfer-encoding":
            codings = {coding.strip().lower() for coding in value.split(b",")} - {b"identity"}
            left_out = not codings or (chunked and codings == {b"chunked"})
            if codings == {b"chunked"} and b"," in value and not left_out:
                odd.append((name, value))
                line = b"Transfer-Encoding: chunked\r"
            chunked = chunked or codings == {b"chunked"}
        if left_out:
            odd.append((name, value))
        else:
            kept.append(line)
    return b"\n".join(kept), tuple((name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in odd)


def oddities(fields: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The fields that only a lenient client lets pass, as lines."""
    encodings = [(name, value) for name, value in fields if name.lower() == "transfer-encoding"]
    for name, value in fields:
        alone = len(encodings) == 1 and value.lower() == "chunked"
        if not _TOKEN.fullmatch(name.encode("latin-1", "replace")) or ((name, value) in encodings and not alone):
            yield f"{name}: {value}"


def offending(message: str, head: bytes) -> str:
    """The line that h11 complains of: it quotes it, or names its header, or means the status line."""
    if quoted := _QUOTED.search(message):
        return _shown(ast.literal_eval(quoted[1]))
    lines = head.split(b"\n")
    named = next((name for name in ("content-length", "transfer-encoding") if name in message.lower()), None)
    if named is not None:
        return " / ".join(_shown(line) for line in lines if line.lower().startswith(named.encode() + b":"))[:200]
    return _shown(lines[1] if "continuation" in message and len(lines) > 1 else lines[0])


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()[:200]
