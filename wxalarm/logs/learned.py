"""Reading no more of a line than what is counted, once a sample has told where that stands. A line that is not as those
of the sample is left to be read in full: what is counted of it is the same either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from wxalarm.logs import durations, moments, plain
from wxalarm.logs.documents import MESSAGES, NGINX, Path, Values, decoder, document, flat_of, paths
from wxalarm.logs.formats import TALLIED, Key, Wanted
from wxalarm.logs.frameworks import Framework
from wxalarm.logs.records import HOST, NAMES
from wxalarm.logs.shipped import OF_DAY, PREFIX, PREFIXED

Quick = Callable[[bytes], tuple[bytes, Key] | Literal[False] | None]
"""Time and key of a line; False for one that does not count, None for one that has to be read in full."""
_COUNTED = ("time", "status", "request_method", "request_uri", *TALLIED[1:])
_OF_ALL = ("request_method", "request_uri", "status")
"""What every request line says."""
_STOPS = ("", "?", "#")
_TOOK = TALLIED.index("request_time")
_FORMS = 8
"""Forms of messages that are learned of one log."""


class Learner(Struct, frozen=True):
    """What a parser of keys and values counts."""

    wanted: Wanted
    fields: Sequence[str]
    absent: Mapping[str, str]
    """What is counted, by name, where a line lacks it."""
    units: Mapping[str, str]
    """Of durations, by key, as the user named them."""
    took: Callable[[Mapping[str, str]], durations.Took | None]
    """Reads the duration of a line."""

    def documents(self, lines: Sequence[bytes]) -> Quick | None:
        """Documents whose keys give the request: the others of their kind are decoded no further than that."""
        found: dict[str, Path] = {}
        units = dict(self.units)
        for value in filter(None, map(document, lines)):
            flat = flat_of(value)
            places, took = paths(value), self.took(flat)
            if took is not None and took.unit is not None:
                units.setdefault(took.key, took.unit)
            for name in (*_COUNTED, "request"):
                keys = NAMES.get(name, ()) if name != "request_time" else (took.key,) if took is not None else ()
                # A "request" that is no line is a duration or an id.
                there = (key for key in keys if key in places and (name != "request" or " " in flat[key]))
                place = next((places[key] for key in there), None)
                if place is not None:
                    found.setdefault(name, place)
        if "request" in found:
            found = {name: place for name, place in found.items() if name not in ("request_method", "request_uri")}
        asked = {"request"} if "request" in found else {"request_method", "request_uri"}
        if not {"time", "status", *asked} <= set(found) or "args" in self.fields:
            return None
        key = found["request_time"][-1].lower() if "request_time" in found else ""
        return self._reader(list(found), decoder(list(found.values())), self._spent(key, units))

    def messages(self, lines: Sequence[bytes]) -> Quick | None:
        """Documents with a message that is a request line of a program that nobody has listed."""
        order: tuple[str, ...] | None = None
        forms: dict[str, re.Pattern[str]] = {}
        places: list[Path] = []
        spent = self._spent("", self.units)
        for value in filter(None, map(document, lines)):
            flat, there = flat_of(value), paths(value)
            behind = next((key for key in MESSAGES if key in flat and plain.read(flat[key]) is not None), None)
            said = plain.read(flat[behind]) if behind is not None else None
            if behind is None or said is None or NGINX in flat[behind].encode():
                continue
            merged = {**flat, **said}
            took = self.took(merged)
            keys = {name: next((key for key in NAMES.get(name, ()) if key in merged), None) for name in _COUNTED}
            keys["request_time"] = took.key if took is not None else None
            counted = {name: key for name, key in keys.items() if key is not None and name not in _OF_ALL}
            outside = {name: there[key] for name, key in counted.items() if key not in said}
            inside = {name: key for name, key in counted.items() if key in said}
            form = plain.form(flat[behind], inside)
            own = (*outside, *_OF_ALL, *inside)
            dated = "time" in counted and not re.match(OF_DAY, merged[counted["time"]])
            if form is None or not dated or (order is not None and order != own):
                continue
            if order is None:
                order, places = own, [*outside.values(), there[behind]]
                if took is not None:
                    spent = self._spent(took.key, {**({took.key: took.unit} if took.unit else {}), **self.units})
            if [*outside.values(), there[behind]] == places and len(forms) < _FORMS:
                forms.setdefault(form.pattern, form)
        if order is None:
            return None
        decode, patterns = decoder(places), list(forms.values())
        names = order[len(places) - 1 :]

        def values(line: bytes) -> tuple[Any, ...] | None:
            got = decode(line)
            if got is None or not isinstance(text := got[-1], str):
                return None
            for pattern in patterns:
                if (match := pattern.fullmatch(text)) is not None:
                    return (*got[:-1], *match.group(*names))
            return None

        return self._reader(order, values, spent)

    def form(self, framework: Framework) -> Quick | None:
        """Request lines of a framework, whose time may stand before them."""
        pattern = framework.pattern
        parts = {name: name for name in _COUNTED} | {"request_time": "took"}
        order = [name for name, part in parts.items() if part in pattern.groupindex and name in self.fields]
        if not {"request_method", "request_uri"} <= set(order):
            return None
        names = [parts[name] for name in order]
        dated = "time" in order

        def values(line: bytes) -> tuple[Any, ...] | None:
            if b"\x1b" in line:
                return None
            text = line.decode("utf-8", "replace")
            match = pattern.search(text)
            if match is None:
                return ()
            if "left" in pattern.groupindex and match["left"]:
                return None
            got = match.group(*names)
            if dated and not re.match(OF_DAY, got[0]):
                return got
            if (before := PREFIX.search(line[:PREFIXED].decode("utf-8", "replace"))) is not None:
                return (before[0], *got[dated:])
            if (stamp := moments.STAMP.search(line)) is not None:
                return (stamp[1].decode(), *got[dated:])
            return got if dated else None

        return self._reader(order if dated else ["time", *order], values, lambda text: self.took({"took": text}))

    def _spent(self, key: str, units: Mapping[str, str]) -> Callable[[str], durations.Took | None]:
        return lambda text: durations.took({key: text}, units)

    def _reader(self, order: Sequence[str], values: Values, spent: Callable[[str], durations.Took | None]) -> Quick:
        """A reader of lines by the values that are named in `order`. spent: reads a duration."""
        at = {name: order.index(name) for name in order}
        time, status, whole = at["time"], at["status"], "request" in at
        method, uri = (at["request"],) * 2 if whole else (at["request_method"], at["request_uri"])
        took = at.get("request_time")
        rest = [(at.get(name), self.absent[name].encode()) for name in TALLIED]
        wanted = self.wanted

        # Typed: 1, 1.0 and True are equal, and are written in different ways.
        @lru_cache(4096, typed=True)
        def text(value: object) -> bytes:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise TypeError(value)
            return str(value).encode("utf-8", "replace")

        @lru_cache(65536, typed=True)
        def seconds(value: object) -> bytes | None:
            made = spent(str(value))
            return f"{round(made.seconds, 6):g}".encode() if made is not None and made.seconds is not None else None

        def read(line: bytes) -> tuple[bytes, Key] | Literal[False] | None:
            try:
                return counted(values(line))
            except TypeError:  # a list or another document where the sample has a value
                return None

        def counted(got: tuple[Any, ...] | None) -> tuple[bytes, Key] | Literal[False] | None:
            if not got or None in got:
                return None if got is None or got else False
            target = got[uri]
            if not isinstance(target, str) or not got[time] or (whole and " " not in target):
                return None
            if whole:
                asked, _, target = target.partition(" ")
                target = target.partition(" ")[0]
            else:
                asked = got[method]
            if asked != "POST":
                return False if isinstance(asked, str) else None
            if not target.startswith("/") and not (target := HOST.sub("", target)).startswith("/"):
                return None
            if wanted.path is not None:
                if not target.startswith(wanted.path) or target[len(wanted.path) : len(wanted.path) + 1] not in _STOPS:
                    return False
            elif wanted.signed and "signature=" not in target:
                return False
            if not text(got[status]).isdigit() or text(got[status]) == b"0":
                return None
            key = [absent if place is None else text(got[place]) for place, absent in rest]
            if took is not None:
                duration = seconds(got[took])
                if not duration:
                    return None
                key[_TOOK] = duration
            return text(got[time]), tuple(key)

        return read
