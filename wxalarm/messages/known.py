"""Names that are not ours: errcodes, libcurl's numbers, HTTP statuses, labels of alarms, notices of the console,
strings of logs. known.tsv says of each what it means, what to do and who says so, in both languages; here is how to
look it up.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

TABLE = "known.tsv"
ERRCODES = ("console", "mp", "component", "wecom", "crypto")
"""Families whose names are numbers that WeChat's servers and libraries give as errcode."""
PUSHED = ("MsgType", "Msg", "Event")
"""Labels whose values are names of pushes."""
WORDS = ("kind", "console", "log")
"""Families whose names are words that stand in texts as they are."""


NOTICE = 400
"""Characters of what somebody copies of the console, or of what a follower sees."""


class Entry(NamedTuple):
    """One meaning of one name. A name may have several: 40001 of an account and of WeCom."""

    name: str
    family: str
    """A key of [words.known_family]."""
    said: str
    """How the other side spells it: errmsg, the constant of a library; of a kind its id."""
    zh: str
    en: str
    do_zh: str
    do_en: str
    source: str

    def in_words(self, lang: str) -> tuple[str, str]:
        """(the meaning, what to do) in "en" or "zh"."""
        return (self.zh, self.do_zh) if lang == "zh" else (self.en, self.do_en)


class Mention(NamedTuple):
    """A name that stands in a text: its entries (none: an errcode that is not in the table), where first, how often."""

    name: str
    entries: tuple[Entry, ...]
    line: int
    times: int = 1


@cache
def entries() -> tuple[Entry, ...]:
    """The whole table, in its order."""
    text = resources.files("wxalarm.messages").joinpath(TABLE).read_text("utf-8")
    rows = csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    next(rows)
    return tuple(Entry(*row) for row in rows)


def find(name: str) -> tuple[Entry, ...]:
    """What a name means: as it is written, by what the other side says, behind its field (errcode=40164, curl 52), or
    as part of a message. Empty when nothing is known."""
    return named(name) or tuple(entry for mention in mentions(name) for entry in mention.entries)


def named(name: str) -> tuple[Entry, ...]:
    """The same for what is a name and nothing else."""
    folded = _folded(name)
    if not folded:
        return ()
    if (pushed := _PUSHED.fullmatch(name.strip())) and (meant := _of(pushed[1], ("push",))):
        return meant
    found = _index().get(folded) or _index().get(folded.strip("[]()（）「」“”\"' :：=,，.。"))
    return found or _index().get(_UNIQUE.sub("", folded)) or _by_template(_UNIQUE.sub("", folded))


_UNIQUE = re.compile(r"[ ,.:]*(?:\brid: ?[\w-]+|\bhints?: ?\[[^\]]*\]).*", re.DOTALL)
"""What every answer of WeChat's API ends with, each with its own."""


def _by_template(said: str) -> tuple[Entry, ...]:
    """The entries whose words have places for an address or a name, and are these but for them."""
    return next((found for words, found in _templates() if words.fullmatch(said)), ())


_PLACE = r"\S{1,64}"


@cache
def _templates() -> list[tuple[re.Pattern[str], tuple[Entry, ...]]]:
    """Words with places, in lower case; and what they say."""
    found = []
    for key, entries_of in _index().items():
        # A server that knows no IPv6 says an address once.
        for form in dict.fromkeys((key, key.replace(" ipv6 ::ffff:<ip>", ""))) if re.search(r"<\w+>", key) else ():
            parts = map(re.escape, re.split(r"<\w+>", form))
            found.append((re.compile(_PLACE.join(parts), re.I), entries_of))
    return found


def mentions(text: str) -> list[Mention]:
    """The names that stand in a text, in the order in which they first come; a line in which none does may be one
    itself."""
    found: dict[tuple[str, tuple[Entry, ...]], Mention] = {}
    line, counted = 1, 0
    places = list(_places(text))
    places += _lines(text, [place for place, _, _ in places])
    for place, name, meant in sorted(places, key=lambda one: one[0]):
        line, counted = line + text.count("\n", counted, place), place
        before = found.get((name, meant))
        found[name, meant] = before._replace(times=before.times + 1) if before else Mention(name, meant, line)
    return list(found.values())


def _lines(text: str, taken: Sequence[int]) -> Iterator[tuple[int, str, tuple[Entry, ...]]]:
    """Of a text of several lines, those that are a name and nothing else, and from which nothing is taken yet."""
    if "\n" not in text.strip():
        return
    for line in islice(_WORDS_ALONE.finditer(text), _MOST_LINES):
        if (meant := named(line[0])) and not any(line.start() <= place < line.end() for place in taken):
            yield line.start(), line[0].strip(), meant


_MOST_LINES = 1000
_WORDS_ALONE = re.compile(r"(?m)^[ \t]{0,9}[^\W\d_][^\n]{1,60}$")


def of_console(text: str) -> Entry | None:
    """What the console, or the client, said on a failure, by the longest of its notices in a text that is no longer
    than what somebody copies of one."""
    if len(text) > NOTICE:
        return None
    found = [entry for mention in mentions(text) for entry in mention.entries if entry.family == "console"]
    worded = [entry for entry in found if not entry.name.lstrip("-").isdigit()]
    return max(worded, key=lambda entry: (entry.name not in _GENERAL, len(entry.name)), default=None)


_GENERAL = ("配置失败", "系统发生错误")
"""Notices that may stand before one that says more."""


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


_WRITTEN = re.compile(r"in the XML (\w+)")
"""The name of a push in its XML, beside the one that alarms print."""


@cache
def _index() -> dict[str, tuple[Entry, ...]]:
    found: dict[str, tuple[Entry, ...]] = {}
    for entry in entries():
        for key in dict.fromkeys((_folded(entry.name), _folded(entry.said))):
            if key and not (key != _folded(entry.name) and entry.family in ("kind", "push")):
                found[key] = (*found.get(key, ()), entry)
    for entry in entries():
        if entry.family == "push" and (written := _WRITTEN.search(entry.said)):
            found.setdefault(_folded(written[1]), (entry,))
    return found


@cache
def _by_name() -> dict[str, tuple[Entry, ...]]:
    return {name: tuple(same) for name, same in groupby(sorted(entries(), key=_NAME), key=_NAME)}


_NAME = attrgetter("name")


def _of(name: str, families: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(entry for entry in _by_name().get(name, ()) if entry.family in families)


_CURL = re.compile(r"curl(?:[ _-]{0,2}(?:error|errno|code)|错误码)?[\"']?[ :=：(]{0,4}\(?(\d{1,2})\b", re.I)
_HTTP = re.compile(r"\bhttp[ _-]?(?:code|status(?:[ _-]?code)?)?[\"']?[ :=：]{1,3}(\d{3})\b", re.I)
_ERRCODE = re.compile(
    r"(?:(?:\b|(?<=\dm))(?:errcode|err_code|error[ _]?code|ret|retcode)|(?<!curl)(?<!CURL)(?<!cURL)错误代?码)"
    r"[\"']?[ :=：]{1,4}[\"']?(-?\d{1,7})\b",
    re.I,
)
_CODE = re.compile(r"(?m)(?:^|[{,(\[\"'])\s{0,8}code[\"']?[:=] ?[\"']?([4-9]\d{4})(?![\w.])")
"""What programs show of an error of the API; theirs may be any, so that only those are taken that are known."""
_CRYPTO = re.compile(r"(?<![\w-])(-400(?:0[1-9]|1[01]))\b")
_SAID = re.compile(r"(?<![\w.:/-])(-?\d{1,7})[ :：,，-]{1,4}(?=([A-Za-z]\w{1,30} \w{2,30}))")
"""A number and the first two words behind it."""
_PAY = re.compile(r"(?:\berr_code|[\"']code[\"'])\W{1,16}(?:CDATA\[)?([A-Z][A-Z_]{3,30})\b")
_PUSHED = re.compile(r"\[?(?:MsgType|Msg|Event)[ :=：]{1,3}([\w ]{1,40}?)\]?", re.I)
_GROUP = re.compile(r"\[([\w 第三方平台]{1,30}?)(?:[=:：]([\w ]{0,40}))?[\]=:：]")


_NUMBERED = (
    (("curl",), _CURL, ("curl",)),
    (("http",), _HTTP, ("http",)),
    (("-400",), _CRYPTO, ("crypto",)),
    (("err_code", 'code"', "code'"), _PAY, ("pay",)),
)
"""What stands in a text that has any, in lower case; the pattern; the families of what it finds."""
_ERRCODES = ("errcode", "err_code", "error code", "errorcode", "error_code", "ret", "错误")


def _places(text: str) -> Iterator[tuple[int, str, tuple[Entry, ...]]]:
    """(place, name, entries) of all names, in no order. A pattern runs only over a text that has its words."""
    folded = text.lower()
    for needles, pattern, families in _NUMBERED:
        for found in pattern.finditer(text) if any(needle in folded for needle in needles) else ():
            if meant := _of(found[1], families):
                yield found.start(1), found[1], meant
    for found in _ERRCODE.finditer(text) if any(needle in folded for needle in _ERRCODES) else ():
        if found[1] != "0" and not _CRYPTO.fullmatch(found[1]):
            yield found.start(1), found[1], _of(found[1], ERRCODES)
    for found in _CODE.finditer(text) if "code" in folded else ():
        if meant := _of(found[1], ERRCODES):
            yield found.start(1), found[1], meant
    yield from _worded(text, folded)
    for found in _SAID.finditer(text):
        begun = found[2].casefold()
        if meant := tuple(entry for entry in _of(found[1], ERRCODES) if _folded(entry.said).startswith(begun)):
            yield found.start(1), found[1], meant
    for found in _GROUP.finditer(text) if "[" in text else ():
        name, value = found[1].strip(), (found[2] or "").strip()
        if meant := _of(name, ("label",)):
            yield found.start(1), name, meant
        if name in PUSHED and (meant := _of(value, ("push",))):
            yield found.start(2), value, meant
    yield from _words(text, folded)


def _worded(text: str, folded: str) -> Iterator[tuple[int, str, tuple[Entry, ...]]]:
    """Errcodes by their words alone, which have places for an address or a name, among other words: behind their number
    that stands for them."""
    if len(text) <= NOTICE and _by_template(_UNIQUE.sub("", _folded(text))):
        return
    for pattern, meant in _templates():
        head = re.sub(r"\\(.)", r"\1", pattern.pattern.partition(_PLACE)[0])
        if len(head) < _TELLING or head not in folded:
            continue
        for found in pattern.finditer(text):
            if not _NUMBER_BEFORE.search(text[max(0, found.start() - 40) : found.start()]):
                yield found.start(), meant[0].name, meant


_NUMBER_BEFORE = re.compile(r"\d{5}\W{1,12}(?:errmsg\W{1,6})?$")
_TELLING = 9
"""Characters before the first place that are no everyday words."""


def _words(text: str, folded: str) -> Iterator[tuple[int, str, tuple[Entry, ...]]]:
    """Names that are words: those that are there at all, the longer ones first."""
    there = [name for name in _names() if name.lower() in folded]
    if not there:
        return
    for found in re.finditer("|".join(map(re.escape, there)), text, re.I):
        meant = tuple(entry for entry in _index()[_folded(found[0])] if entry.family in WORDS)
        yield found.start(), meant[0].name, meant


@cache
def _names() -> list[str]:
    """All names that are words, the longer ones first."""
    names = {entry.name for entry in entries() if entry.family in WORDS and not re.fullmatch(r"-?\d+", entry.name)}
    return sorted(names, key=len, reverse=True)
