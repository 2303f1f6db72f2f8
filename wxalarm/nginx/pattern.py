"""Foreign patterns (PCRE, as nginx takes them), matched in bounded time: no state is entered twice at one place.

A subset of PCRE, read by its own rules. What is outside of it, and what its program would be too long for, is not
matched at all: `compile` gives None, and nothing is claimed about the pattern. The engine is RE2's bit-state
backtracker: depth first, in the order of a backtracking engine, so that the first match and its groups are PCRE's; a
state that failed once at a place fails there always.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from wxalarm import bounds

_ALL = frozenset(map(chr, range(256)))
_DIGIT = frozenset("0123456789")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WORD = _LOWER | _UPPER | _DIGIT | {"_"}
_SPACE = frozenset(" \t\n\r\f\v")
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE, "h": frozenset(" \t\xa0")}
_CLASSES |= {name.upper(): _ALL - held for name, held in _CLASSES.items()}
_POSIX = {
    "alnum": _LOWER | _UPPER | _DIGIT,
    "alpha": _LOWER | _UPPER,
    "digit": _DIGIT,
    "lower": _LOWER,
    "upper": _UPPER,
    "space": _SPACE,
    "word": _WORD,
    "xdigit": _DIGIT | frozenset("abcdefABCDEF"),
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "e": "\x1b", "a": "\a"}
_PLACES = {"b": "word", "B": "inside", "A": "start", "z": "end", "Z": "last"}

Node = tuple[Any, ...]
"""("set", chars), ("place", kind), ("cat", nodes), ("alt", nodes), ("repeat", node, least, most, greedy),
("group", number, node), ("look", node, ahead, wanted)."""


class Match(Struct, frozen=True):
    """Where a pattern matches."""

    groups: tuple[str | None, ...]
    """$0, $1, …; None for a group that took no part."""
    names: dict[str, str | None]


class Pattern(Struct, frozen=True):
    """A compiled pattern."""

    program: tuple[tuple[Any, ...], ...]
    groups: int
    names: dict[str, int]

    def search(self, text: str) -> Match | None:
        """The first match. Raises Beyond for a text that would take more than bounds.PATTERN_WORK steps."""
        subject = _octets(text)
        slots = _Search(self.program, subject).first(2 * self.groups)
        if slots is None:
            return None
        pairs = zip(slots[::2], slots[1::2], strict=True)
        groups = tuple(None if end < 0 else _text(subject[start:end]) for start, end in pairs)
        return Match(groups, {name: groups[number] for name, number in self.names.items()})


@lru_cache(1024)
def compile(pattern: str, ignore_case: bool = False) -> Pattern | None:
    """A pattern of nginx; None when it uses what is not supported here, is too long, or is none."""
    reader = _Reader(_octets(pattern), ignore_case)
    try:
        node = reader.whole()
        program = tuple(_program(node, reader.groups))
    except _Unsupported:
        return None
    return Pattern(program, reader.groups, reader.names)


def _octets(text: str) -> str:
    """The text as nginx sees it: bytes, each as one character."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _text(octets: str) -> str:
    return octets.encode("latin-1").decode("utf-8", "surrogateescape")


class _Unsupported(Exception):
    """The pattern cannot be told."""


# --- reading ---


class _Reader:
    def __init__(self, pattern: str, ignore_case: bool) -> None:
        self.text, self.at, self.depth = pattern, 0, 0
        self.ignore_case = ignore_case
        self.groups = 1
        self.names: dict[str, int] = {}

    def whole(self) -> Node:
        if self.text.startswith("(?i)"):
            self.at, self.ignore_case = 4, True
        node = self.alternatives()
        if self.at < len(self.text):
            raise _Unsupported
        return node

    def take(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def next(self) -> str:
        if self.at >= len(self.text):
            raise _Unsupported
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > bounds.PATTERN_NESTING:
            raise _Unsupported
        found = [self.sequence()]
        while self.take("|"):
            found.append(self.sequence())
        self.depth -= 1
        return found[0] if len(found) == 1 else ("alt", found)

    def sequence(self) -> Node:
        found: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            found.append(self.repeated(self.atom()))
        return ("cat", found)

    def atom(self) -> Node:
        if self.counts() is not None:
            raise _Unsupported  # nothing to repeat
        char = self.next()
        match char:
            case "(":
                return self.group()
            case "[":
                return ("set", self.set())
            case ".":
                return ("set", _ALL - {"\n"})
            case "^":
                return ("place", "start")
            case "$":
                return ("place", "last")
            case "\\":
                return self.escape()
            case "*" | "+" | "?":
                raise _Unsupported  # nothing to repeat
        return ("set", self.cased(frozenset(char)))

    def cased(self, chars: frozenset[str]) -> frozenset[str]:
        if not self.ignore_case:
            return chars
        return chars | {char.lower() for char in chars & _UPPER} | {char.upper() for char in chars & _LOWER}

    def escape(self) -> Node:
        char = self.next()
        if char in _CLASSES:
            return ("set", _CLASSES[char])
        if char in _PLACES:
            return ("place", _PLACES[char])
        return ("set", self.cased(frozenset(self.escaped(char))))

    def escaped(self, char: str) -> str:
        """The character behind a backslash."""
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            digits = self.text[self.at : self.at + 2]
            if len(digits) < 2 or not _POSIX["xdigit"].issuperset(digits):
                raise _Unsupported
            self.at += 2
            return chr(int(digits, 16))
        if char in _POSIX["alnum"] or char > "\x7f":
            raise _Unsupported  # a reference, a property, a literal of its own kind
        return char

    def set(self) -> frozenset[str]:
        """From behind `[` to behind its `]`."""
        negated = self.take("^")
        held: frozenset[str] = frozenset()
        first = True
        while first or not self.take("]"):
            first = False
            low = self.member()
            if isinstance(low, frozenset):
                held |= low
            elif self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
                self.at += 1
                high = self.member()
                if isinstance(high, frozenset) or high < low:
                    raise _Unsupported
                held |= frozenset(map(chr, range(ord(low), ord(high) + 1)))
            else:
                held |= {low}
        held = self.cased(held)
        return _ALL - held if negated else held

    def member(self) -> str | frozenset[str]:
        char = self.next()
        if char == "[" and self.text[self.at : self.at + 1] in (":", ".", "="):
            end = self.text.find(":]", self.at)
            name = self.text[self.at + 1 : end]
            if end < 0 or name not in _POSIX:
                raise _Unsupported
            self.at = end + 2
            return _POSIX[name]
        if char != "\\":
            return char
        char = self.next()
        return _CLASSES[char] if char in _CLASSES else "\b" if char == "b" else self.escaped(char)

    def group(self) -> Node:
        """From behind `(` to behind its `)`."""
        if self.text.startswith("*", self.at):
            raise _Unsupported  # a verb
        if not self.take("?"):
            return self.capture(None)
        if self.take(":"):
            return self.closed()
        for mark, ahead, wanted in (("=", True, True), ("!", True, False), ("<=", False, True), ("<!", False, False)):
            if self.take(mark):
                before = self.groups
                inner = self.closed()
                if self.groups > before or (not ahead and _width(inner) is None):
                    raise _Unsupported
                return ("look", inner, ahead, wanted)
        for opening, closing in (("<", ">"), ("P<", ">"), ("'", "'")):
            if self.take(opening):
                name, found, _ = self.text[self.at :].partition(closing)
                if not found or not _WORD.issuperset(name) or not name or name[0] in _DIGIT or name in self.names:
                    raise _Unsupported
                self.at += len(name) + 1
                return self.capture(name)
        raise _Unsupported

    def capture(self, name: str | None) -> Node:
        number = self.groups
        self.groups += 1
        if name is not None:
            self.names[name] = number
        return ("group", number, self.closed())

    def closed(self) -> Node:
        node = self.alternatives()
        if not self.take(")"):
            raise _Unsupported
        return node

    def repeated(self, node: Node) -> Node:
        """The node with the quantifier behind it."""
        if self.take("*"):
            least, most = 0, None
        elif self.take("+"):
            least, most = 1, None
        elif self.take("?"):
            least, most = 0, 1
        elif (counted := self.counts()) is not None:
            least, most = counted
        else:
            return node
        greedy = not self.take("?")
        if self.at < len(self.text) and self.text[self.at] in "*+?{":
            raise _Unsupported  # possessive, or a quantifier of a quantifier
        if node[0] in ("place", "look") or (most is not None and (most < least or most == 0)):
            raise _Unsupported
        if most != 1 and _is_empty(node):
            raise _Unsupported  # engines differ in when they end a loop that may match nothing
        return ("repeat", node, least, most, greedy)

    def counts(self) -> tuple[int, int | None] | None:
        """{least}, {least,} or {least,most}; None when none stands here: another brace is a text."""
        if not self.text.startswith("{", self.at):
            return None
        body, closed, _ = self.text[self.at + 1 : self.at + 13].partition("}")
        first, comma, last = body.partition(",")
        if not closed or not body or not _DIGIT.issuperset(first + last):
            return None
        if not first:
            raise _Unsupported  # {,n} is a text for one PCRE and a count for another
        self.at += len(body) + 2
        return int(first), int(last) if last else None if comma else int(first)


def _is_empty(node: Node) -> bool:
    """Whether it may match nothing."""
    match node[0]:
        case "set":
            return False
        case "cat":
            return all(map(_is_empty, node[1]))
        case "alt":
            return any(map(_is_empty, node[1]))
        case "repeat":
            return node[2] == 0 or _is_empty(node[1])
        case "group":
            return _is_empty(node[2])
    return True


def _width(node: Node) -> int | None:
    """The characters it matches, when that is always the same number."""
    match node[0]:
        case "set":
            return 1
        case "cat":
            widths = [_width(each) for each in node[1]]
            return None if None in widths else sum(width or 0 for width in widths)
        case "alt":
            widths = [_width(each) for each in node[1]]
            return widths[0] if len(set(widths)) == 1 else None
        case "repeat":
            inner = _width(node[1])
            return inner * node[2] if inner is not None and node[2] == node[3] else None
        case "group":
            return _width(node[2])
    return 0


# --- programs ---


def _program(node: Node, groups: int) -> list[tuple[Any, ...]]:
    program: list[tuple[Any, ...]] = [("save", 0)]
    _emit(node, program)
    program += [("save", 1), ("match",)]
    return program


def _emit(node: Node, out: list[tuple[Any, ...]]) -> None:
    """Append the instructions of a node. Jumps are absolute."""
    if len(out) > bounds.PATTERN:
        raise _Unsupported
    match node[0]:
        case "set" | "place":
            out.append(node)
        case "cat":
            for each in node[1]:
                _emit(each, out)
        case "alt":
            _alternatives(node[1], out)
        case "group":
            out.append(("save", 2 * node[1]))
            _emit(node[2], out)
            out.append(("save", 2 * node[1] + 1))
        case "look":
            inner: list[tuple[Any, ...]] = []
            _emit(node[1], inner)
            inner.append(("match",))
            out.append(("look", tuple(inner), 0 if node[2] else _width(node[1]), node[3]))
        case "repeat":
            _repeat(node, out)
    if len(out) > bounds.PATTERN:
        raise _Unsupported


def _alternatives(nodes: Sequence[Node], out: list[tuple[Any, ...]]) -> None:
    ends = []
    for each in nodes[:-1]:
        split = len(out)
        out.append(())
        _emit(each, out)
        ends.append(len(out))
        out.append(())
        out[split] = ("split", split + 1, len(out))
    _emit(nodes[-1], out)
    for end in ends:
        out[end] = ("split", len(out), None)


def _repeat(node: Node, out: list[tuple[Any, ...]]) -> None:
    _, inner, least, most, greedy = node
    for _ in range(least):
        _emit(inner, out)
    if most is None:
        loop = len(out)
        out.append(())
        _emit(inner, out)
        out.append(("split", loop, None))
        out[loop] = ("split", loop + 1, len(out)) if greedy else ("split", len(out), loop + 1)
        return
    splits = []
    for _ in range(most - least):
        splits.append(len(out))
        out.append(())
        _emit(inner, out)
    for split in splits:
        out[split] = ("split", split + 1, len(out)) if greedy else ("split", len(out), split + 1)


# --- matching ---


class _Search:
    """One search of one text."""

    def __init__(self, program: Sequence[tuple[Any, ...]], text: str) -> None:
        self.program, self.text = program, text
        self.left = bounds.PATTERN_WORK

    def first(self, slots: int) -> list[int] | None:
        """Starts and ends of all groups of the first match."""
        size = len(self.text) + 1
        if size * len(self.program) > bounds.PATTERN_WORK:
            raise bounds.Beyond("pattern", bounds.PATTERN_WORK)
        seen = bytearray(size * len(self.program))
        for start in range(1 if self.program[1] == ("place", "start") else size):
            found = [-1] * slots
            if self.run(self.program, start, found, seen):
                return found
        return None

    def run(self, program: Sequence[tuple[Any, ...]], start: int, slots: list[int], seen: bytearray) -> bool:
        """Whether the program matches from `start` on; then the slots are those of the match."""
        text, size = self.text, len(self.text) + 1
        stack = [(0, start)]
        while stack:
            at, place = stack.pop()
            if at < 0:
                slots[~at] = place
                continue
            while True:
                state = at * size + place
                if seen[state]:
                    break
                seen[state] = 1
                self.left -= 1
                if self.left < 0:
                    raise bounds.Beyond("pattern", bounds.PATTERN_WORK)
                step = program[at]
                match step[0]:
                    case "set":
                        if place + 1 == size or text[place] not in step[1]:
                            break
                        place += 1
                    case "split":
                        if step[2] is not None:
                            stack.append((step[2], place))
                        at = step[1]
                        continue
                    case "save":
                        stack.append((~step[1], slots[step[1]]))
                        slots[step[1]] = place
                    case "place":
                        if not self.holds(step[1], place):
                            break
                    case "look":
                        begin = place - step[2]
                        inner = bytearray(size * len(step[1]))
                        self.left -= len(inner) // 100  # what it costs to lay out
                        if (begin >= 0 and self.run(step[1], begin, [], inner)) is not step[3]:
                            break
                    case _:
                        return True
                at += 1
        return False

    def holds(self, kind: str, place: int) -> bool:
        """Whether an assertion of width 0 holds at a place."""
        text = self.text
        match kind:
            case "start":
                return place == 0
            case "end":
                return place == len(text)
            case "last":
                return place == len(text) or (place == len(text) - 1 and text[place] == "\n")
        around = [0 <= index < len(text) and text[index] in _WORD for index in (place - 1, place)]
        return (around[0] != around[1]) == (kind == "word")
