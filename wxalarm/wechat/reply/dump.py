"""HTTP responses as `curl -i` and `curl -v` print them → the one that WeChat would have got. Sans-IO, bounded."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from wxalarm.bounds import whole
from wxalarm.patterns import later
from wxalarm.prompts import LONG, PROMPT
from wxalarm.wechat.reply.transport import dechunked, fields, fits

MOST_RESPONSES = 20
MOST_HEADERS = 200
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})([^\r\n]{0,200})\r?\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([^\r\n]{0,16384})\r?(?:\n|\Z)")
_CONNECTED = b"connection established"
_BLANK = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class Response:
    """One response: status, headers as printed, body with chunks joined."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    followed: int | None = None
    """The status of the response after it, when the dump shows that a redirect was followed; WeChat does not."""


@dataclass(frozen=True, slots=True)
class Verbose:
    """What `curl -v` shows besides the response."""

    target: str | None = None
    """Path and query of the request."""
    response: bytes = b""
    """As `curl -i` prints it; empty when none came."""
    curl: int | None = None
    """The number with which curl gave up."""
    unseen: bool = False
    """A body came, and was written elsewhere."""
    said: str = ""
    """What curl printed behind its number."""


_MARKED = re.compile(rb"(?m)^[<>*] ")
_ASKED = re.compile(rb"(?m)^> (?:GET|POST|HEAD) (\S{1,16384}) HTTP/")
_GAVE_UP = re.compile(rb"(?m)^curl: \((\d{1,3})\) ?([^\n]{0,300})")
_HEAD = re.compile(rb"(?m)^<(?: |(?=\r?$))([^\n]*\n?)")
_NOISE = re.compile(
    rb"(?m)^(?:[<>*](?: [^\n]*|\r?$)|  CA(?:path|file): [^\n]*|[{}] \[\d{1,10} bytes data\][^\n]*|"
    rb"curl: \(\d[^\n]*)\r?\n?"
)
_LEFT = re.compile(rb"\* (?:Connection #\d{1,6} to host|Closing connection|shutting down connection)[^\n]{0,300}\r?\n?")
_NOTES = re.compile(rb"\A(?:(?:Note|Warning): [^\n]{0,300}\n)+")
"""What curl says of the command itself."""
_EXCESS = b"* Excess found"
"""What curl says of bytes behind the declared length."""
_LENGTH = re.compile(rb"(?mi)^content-length:[^\n]*\n")
_METER = re.compile(
    rb"(?m)^  % Total[^\n]{0,100}\n[ ]{20,40}Dload[^\n]{0,100}\n"
    rb"|(?:\r|^)[ \d.kMGTP]{20,70}(?:[-\d]{1,4}:[-\d]{2}:[-\d]{2} {1,8}){3}[\d.kMGTP]{1,6}(?:\r?\n)?"
)


_CLIENT = rb" ?(?:sudo |time )?(?:curl(?:\.exe)?|https?|xhs?)"
_COMMAND = later(
    rb"\s{0,99}(?P<prompt>" + PROMPT.encode() + rb")" + _CLIENT + rb"(?P<words>(?: (?:[^\n\\]|\\\r?\n|\\.)*+)?)\r?\n"
)
_PROMPTED = later((LONG + r"|PS [A-Z]:[^\n>]{0,120}>").encode())
"""A prompt behind a body that is as long as declared."""
_UNENDED = re.compile(rb"%(?:[ \t]*\r?\n|[ \t]+\Z)")
"""What zsh puts behind output without a line break at its end: it fills the line."""
_URL = later(rb"https?://[^/\s'\"]{1,300}(/[^\s'\"]{0,16384})")
_CALLS = later(
    rb"(?m)^[^\n]{0,300}?(?:[$#>%]|(?:\xe2\x9e\x9c|\xe2\x9d\xaf|\xce\xbb)[^\n]{0,120}?)" + _CLIENT + rb" [^\n]*://"
)
"""A line that may be a command; the marks of themes are three characters of UTF-8 (➜, ❯, λ)."""
_TALK = later(rb"(?m)^(?:\*   Trying |\* Host |> (?:GET|POST|HEAD) /|< HTTP/)")
"""How curl -v begins."""
_HEAD_BELOW = later(rb"(?m)^HTTP/\d(?:\.\d)? \d{3}[^\r\n]{0,200}\r?\n(?:[A-Za-z][A-Za-z-]{1,60}: ?[^\n]*\n){2}")
_PROSE = later("[一-鿿]|[:：]\\s*\\Z".encode())
_WORDS_ABOVE = 4000
"""Bytes of what somebody wrote above what was copied from a terminal."""


_FIELDS = rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}: ?[^\n]*\n)++"
_REQUEST = later(
    rb"(?m)^(?:GET|POST) (?:https?://[^/\s]{1,300})?(?P<target>/\S{0,16384}) HTTP/\d(?:\.\d)?\r?\n"
    + _FIELDS
    + rb"\r?\n"
)
_CAME = later(rb"HTTP/\d(?:\.\d)? \d{3}[^\r\n]{0,200}\r?\n" + _FIELDS)


def unmetered(data: bytes) -> bytes:
    """The bytes without what a shell mixes in: curl's progress when both streams go to one file, and of what was copied
    from a terminal the command before and the prompt behind."""
    data = _METER.sub(b"", data)
    command = _command(data)
    if command is None:
        return _copied(data)
    prompt = command["prompt"].strip()
    rest = data[command.end() :]
    behind = rest.rstrip(b" \r\n")
    # A long prompt is no line of an answer: whatever stands behind it was typed or written later.
    typed = rest.find(prompt) if len(prompt) > 3 else len(behind) - len(prompt) if behind.endswith(prompt) else -1
    return rest[:typed].removesuffix(b"\n").removesuffix(b"\r") if typed >= 0 else rest


def _command(data: bytes) -> re.Match[bytes] | None:
    """The command at a prompt that curl's output stands below; words of somebody's may stand above."""
    if (command := _COMMAND.match(data)) is not None:
        return command
    for call in _CALLS.finditer(data, 0, _WORDS_ABOVE):
        above = data.rfind(b"\n", 0, max(0, call.start() - 1)) + 1  # some prompts have two lines
        command = _COMMAND.match(data, above) or _COMMAND.match(data, call.start())
        if command is not None:
            return command
    return None


def _copied(data: bytes) -> bytes:
    """What was copied from a terminal, without the words of somebody's above it."""
    if is_dump(data) or _MARKED.match(data.lstrip()) or exchange(data) is not None:
        return data
    for begins in (_TALK, _HEAD_BELOW):
        found = begins.search(data, 0, _WORDS_ABOVE)
        above = data[: found.start()] if found is not None else b""
        apart = begins is _HEAD_BELOW and above.replace(b"\r", b"").endswith(b"\n\n")
        if found is not None and not set(b"<{") & set(above) and (apart or _PROSE.search(above) is not None):
            return data[found.start() :]
    return data


def asked(data: bytes) -> str | None:
    """Path and query that curl was told to ask for, in what was copied from a terminal; None for anything else."""
    command = _command(data)
    url = _URL.search(command["words"]) if command is not None else None
    return url[1].decode("latin-1") if url is not None else None


def verbose(data: bytes) -> Verbose | None:
    """What `curl -v` printed, on both streams or on stderr alone; None when it is no such dump."""
    data = _NOTES.sub(b"", unmetered(data))
    gave_up = _GAVE_UP.search(data)
    if not gave_up and not _MARKED.match(data.lstrip()):
        return None
    asked = _ASKED.search(data)
    plain = _LEFT.sub(b"", data)
    head, rest = b"".join(_HEAD.findall(plain)), _NOISE.sub(b"", plain)
    again = head.replace(b"\r", b"").strip()  # curl -iv prints the head twice
    response = rest if again and rest.replace(b"\r", b"").lstrip().startswith(again) else head + rest
    response = response.lstrip(b"\r\n")
    response = response if is_dump(response) else b""
    unseen = not rest.strip() and b" bytes data]" in data
    if response and not unseen and not gave_up and _EXCESS not in data and _LEFT.search(data) is not None:
        response = _as_received(response)
    return Verbose(
        asked[1].decode("latin-1") if asked else None,
        response,
        int(gave_up[1]) if gave_up and int(gave_up[1]) != 23 else None,  # 23: head closed the pipe
        unseen,
        gave_up[2].decode("utf-8", "replace").strip() if gave_up else "",
    )


def _as_received(response: bytes) -> bytes:
    """The response without a length that its body has not: curl had all of it, else it would have said so, and what
    is missing was lost by whoever copied it."""
    answer = response_of(response)
    length = whole(fields(answer.headers).get("content-length", ""))
    return response if length is None or fits(length, answer.body) else _LENGTH.sub(b"", response, count=1)


def exchange(data: bytes) -> tuple[str, bytes] | None:
    """(path and query, what came) of the last request in a text that shows what was sent above what came: HTTPie's
    --verbose, a stream that Wireshark followed, a proxy's raw view. None for any other text."""
    sent = list(itertools.islice(_REQUEST.finditer(data), MOST_RESPONSES))
    asked = sent[-1] if sent else None
    came = _CAME.search(data, asked.end()) if asked is not None else None
    if asked is None or came is None:
        return None
    return asked["target"].decode("latin-1"), data[came.start() :]


def is_dump(data: bytes) -> bool:
    """Whether bytes begin as an HTTP response does."""
    return _STATUS.match(data) is not None


def response_of(data: bytes) -> Response:
    """The response that counts: the first that is neither interim (1xx) nor a proxy's "Connection established".

    WeChat follows no redirect, so in 301 then 200 (curl -L) it is the 301. A head that stands where the body of an
    answer begins is that body: a handler wrote its response object as text. The data must begin as `is_dump` says.
    """
    position = 0
    for _ in range(MOST_RESPONSES):
        begun = _STATUS.match(data, position)
        assert begun is not None
        status, reason = int(begun[1]), begun[2].strip().lower()
        headers, position = _headers(data, begun.end())
        following = _following(data, position, headers, reason, status)
        if following is None:
            return Response(status, headers, _body(data[position:], headers))
        if status >= 200 and reason != _CONNECTED:
            body = _body(data[position:following], headers)
            then = _STATUS.match(data, following)
            if not then or not 300 <= status < 400:
                return Response(status, headers, body)
            # A client that follows does not show the body of what sent it on.
            kept = tuple(pair for pair in headers if body or pair[0].lower() != "content-length")
            return Response(status, kept, body, int(then[1]))
        position = following
    return Response(status, headers, b"")


def _headers(data: bytes, position: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """(headers, where the body begins)."""
    found = []
    for _ in range(MOST_HEADERS):
        header = _HEADER.match(data, position)
        if header is None:
            break
        found.append((header[1].decode("latin-1"), header[2].decode("utf-8", "replace").strip()))
        position = header.end()
    blank = _BLANK.match(data, position)
    return tuple(found), blank.end() if blank else position


def _following(
    data: bytes, position: int, headers: tuple[tuple[str, str], ...], reason: bytes, status: int
) -> int | None:
    """Where the next response of the dump begins; None when this is the last."""
    length = fields(headers).get("content-length", "")
    bodiless = not 200 <= status < 300 or status == 204 or length == "0" or reason == _CONNECTED
    if bodiless and _STATUS.match(data, position):
        return position
    if length.isascii() and length.isdigit():
        behind = position + int(length[:9])
        for start in (behind, behind + 1, behind + 2):
            if behind < len(data) and not data[behind:start].strip() and _STATUS.match(data, start):
                return start
    return None


def _body(data: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The body: chunks joined if they are printed raw; without what a terminal adds at the end: a line break, and the %
    with which zsh marks that none came."""
    named = fields(headers)
    if "chunked" in named.get("transfer-encoding", "").lower() and (joined := dechunked(data)) is not None:
        return joined
    length = named.get("content-length", "")
    if length.isascii() and length.isdigit():
        rest = data[int(length[:9]) :]
        behind = b"" if _UNENDED.match(rest) is not None else rest.lstrip(b"%").lstrip(b"\r\n")
        if not behind or _PROMPTED.match(behind) is not None:
            return data[: int(length[:9])]
    return data
