"""Which parser reads a log: found by a sample of its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

from wxalarm.logs import columns, shaped, shipped, spelled, spread
from wxalarm.logs.answered import UPSTREAM
from wxalarm.logs.formats import KNOWN, LineFormat, Wanted
from wxalarm.logs.frameworks import FRAMEWORKS, Framework
from wxalarm.logs.line_parser import LineParser, Several, Within
from wxalarm.logs.reads import framework_read, json_read, labelled_read, message_read, of_messages, plain_read
from wxalarm.logs.record_parser import STRICT, RecordParser
from wxalarm.logs.records import NAMES, fits, path_of
from wxalarm.logs.spread import SpreadParser
from wxalarm.logs.text_parser import likely, text_parser


def _more(framework: Framework) -> Mapping[str, str]:
    """What all lines of a form have in common."""
    starts = {"starts": ""} if framework.starts else {}
    return starts if framework.passes else {**starts, "by": "application"}


FIELDS = b"#Fields: "
_IIS = b"#Software: Microsoft"
_JSON = RecordParser("json", json_read)


def _records(
    lines: Sequence[bytes], wanted: Wanted | None, local: int | None, units: Mapping[str, str], near: float | None
) -> Iterator[tuple[int, LineParser]]:
    """(how many of the lines it reads, parser) for each form of keys and values that any line has."""
    candidates = [
        RecordParser("json", json_read, wanted, units=units),
        *(
            RecordParser(
                one.name,
                framework_read(one),
                wanted,
                unit=one.unit,
                fraction=one.fraction,
                units=units,
                left=one.left.encode(),
                more=_more(one),
            )
            for one in FRAMEWORKS
        ),
        RecordParser("labelled", labelled_read, wanted, units=units),
    ]
    fields = next((line for line in lines if line.startswith(FIELDS)), None)
    if fields is not None:
        names = fields.decode("utf-8", "replace")[len(FIELDS) :].lower().split()
        if any(line.startswith(_IIS) for line in lines):
            units = {"time-taken": "ms", **units}
        mark = "\t" if any(b"\t" in line for line in lines if not line.startswith(b"#")) else " "
        w3c = RecordParser("W3C", columns.reader(names, mark), wanted, zone=0, units=units, left=b"POST")
        candidates.insert(0, w3c)
    elif (head := columns.header(lines[0])) is not None and set(head[1]) & set(NAMES["status"]):
        candidates.insert(0, RecordParser("CSV", columns.reader(head[1], head[0]), wanted, units=units))
    began = sum(map(spread.is_one, lines))
    if began:
        yield began, SpreadParser(wanted)
    for candidate in candidates:
        known = sum(map(candidate.matches, lines))
        if known and (told := candidate.told(lines, local, near)) is not None:
            yield known, told


NAMED = frozenset({"json", "labelled", "csv", "w3c"} | {one.name.lower() for one in FRAMEWORKS if one.asks})
"""Forms whose durations may be of a unit that only the user can say."""


def detect(
    lines: Sequence[bytes],
    formats: Sequence[LineFormat] = (),
    wanted: Wanted | None = None,
    *,
    local: int | None = None,
    units: Mapping[str, str] | None = None,
    near: float | None = None,
) -> LineParser | None:
    """The parser of a sample of lines: the one of `formats`, then of KNOWN, then documents, labelled lines, columns
    and the request lines of frameworks, that most lines fit.

    None when fewer than half of the lines fit any; of a framework's request lines any share will do, and of others
    when one is a push that is wanted: they stand among what else an application logs. local: this machine's zone,
    for times that nothing else dates. units: of the durations behind these keys, as the user named them. near: Unix
    seconds of the alarm, whose day is taken for times without a date.
    """
    lines = [line for line in lines if line.strip()]
    if not lines:
        return None
    if any(map(shipped.is_docked, lines)):
        inner = detect(list(map(shipped.undocked, lines)), formats, wanted, local=local, units=units, near=near)
        return Within(inner, shipped.undocked) if inner is not None else None
    given, lines = lines, [line for line in lines if not line.startswith(b"#")]
    best: tuple[int, LineParser] | None = None
    for candidate in chain(formats, KNOWN[:-1], spelled.formats(lines), shaped.formats(lines), KNOWN[-1:]):
        parser: LineParser = text_parser(candidate, wanted)
        known = sum(map(parser.matches if candidate in formats else partial(likely, parser), lines))
        if best is None or known > best[0]:
            best = (known, parser)
        if known == len(lines):
            break
    if (best is None or best[0] < len(lines)) and any(shipped.bare(line) != line for line in lines):
        for candidate in chain(formats, KNOWN[:-1], spelled.formats(map(shipped.bare, lines))):
            behind = Within(text_parser(candidate, wanted), shipped.bare)
            fits_it = behind.matches if candidate in formats else partial(likely, behind)
            known = sum(map(fits_it, lines))
            # Of the plain forms others have their own, which say whose they are.
            if known and (best is None or known > best[0]) and set(candidate.fields) & {"request_time", *UPSTREAM}:
                best = (known, behind)
    alone = isinstance(best[1], Within) if best is not None and best[0] else False
    if best is None or best[0] < len(lines) or best[1].name == KNOWN[-1].name:
        for known, parser in _records(given, wanted, local, units or {}, near):
            more = best is not None and known == best[0] and best[1].name == KNOWN[-1].name
            if best is None or known > best[0] or (more and ("request_time" in parser.fields or parser.asked)):
                best, alone = (known, parser), parser.name in STRICT or parser.name == SpreadParser.name
    parsers = (
        (best[1], *(_others(best[1], lines, formats, wanted) if best and 0 < best[0] < len(lines) else ()))
        if best
        else ()
    )
    if not parsers or best is None or not best[0]:
        return _last_resort(lines, formats, wanted, local, units or {}, near)
    found = Several(parsers) if len(parsers) > 1 else best[1]
    if alone or sum(map(found.matches, lines)) * 2 >= len(lines) or _has_push(found, lines, wanted):
        return found
    return None


def _has_push(parser: LineParser, lines: Sequence[bytes], wanted: Wanted | None) -> bool:
    """Whether one of some lines is a push of WeChat's that is wanted, by what the line says."""
    records = filter(None, map(parser.record, lines))
    return wanted is not None and any(fits(record, wanted) and path_of(record) is not None for record in records)


def _last_resort(
    lines: Sequence[bytes],
    formats: Sequence[LineFormat],
    wanted: Wanted | None,
    local: int | None,
    units: Mapping[str, str],
    near: float | None,
) -> LineParser | None:
    """The parser of request lines, among others, in messages of documents, or of a program that nobody has listed."""
    if (message := of_messages(lines)) is not None:
        requests = sum(message_read(line) is not None for line in lines)
        for candidate in (*formats, *KNOWN[:-1]):
            inside = Within(text_parser(candidate, wanted), message)
            fits_it = inside.matches if candidate in formats else partial(likely, inside)
            if requests and sum(map(fits_it, lines)) >= requests:
                return inside
    for name, read in (("json", message_read), ("labelled", plain_read)):
        told = RecordParser(name, read, wanted, units=units).told(lines, local, near)
        if told is not None:
            return told
    return None


def _others(
    best: LineParser, lines: Sequence[bytes], formats: Sequence[LineFormat], wanted: Wanted | None
) -> list[LineParser]:
    """Parsers of lines that the best one does not read: two servers write one log, or its format was changed."""
    found: list[LineParser] = []
    rest = [line for line in lines if not best.matches(line)]
    for candidate in (*formats, *KNOWN[:-1]):
        parser = text_parser(candidate, wanted)
        fits = parser.matches if candidate in formats else partial(likely, parser)
        if any(map(fits, rest)):
            found.append(parser)
            rest = [line for line in rest if not fits(line)]
    if isinstance(best, SpreadParser):  # what else documents say of its requests is no further one
        return found
    return [*found, *(told for told in (_JSON.told(rest, None),) if told is not None and rest)]
