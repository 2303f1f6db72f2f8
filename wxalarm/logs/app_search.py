"""What is kept of an application's log: the lines about one push with their neighbours, and those that speak of errors.

Sans-IO: a reader in probes/ feeds it chunks, whole lines behind one line break, and where the first of them stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from wxalarm.logs import app, mask, senders
from wxalarm.logs.access import lines_with
from wxalarm.logs.app import AppLines
from wxalarm.logs.bans import MARKS, bans, drops
from wxalarm.logs.place import Log, Place
from wxalarm.logs.pods import killed
from wxalarm.logs.restarts import MARKS as RESTARTS
from wxalarm.logs.stacks import goes_on
from wxalarm.wechat.limits import WAIT

MOST_HITS = 20
NEAR = 15.0
"""Seconds after the push within which a line may still be about it."""
LONGEST_WAIT = 120.0
"""Seconds after the push up to which its request is followed: what it waited for in vain is logged when it ends."""
APART = 2.0
"""Seconds by which the application's clock may be behind WeChat's."""
OWN = ("openid", "push", "id")
"""Needles that no other push of its seconds has; with one second, one event, there may be many."""
MOMENT = 2.0
"""Seconds from the push's own on within which an error that names nobody may be its: its second, and what it takes."""
ENDS = ("oom", "heap")
"""Reasons after which a process is gone, whose ever it was: from then on nothing of it answers."""
EARLIER = 3600.0
"""Seconds before the window in which what lasts is looked for."""
DRAIN = 10.0
"""Seconds after it was told to stop in which a program may still end the requests that it has."""
MINUTE = 60.0
"""Seconds before the alarm's first failure."""
FAR = 60
"""Lines behind one without a time in which that of its request is looked for: a stack may stand between."""
OF_END = 256 * 1024
"""Bytes at the end of a log in which errors without times are looked for."""
MOST_THEN = 20
"""Errors of that moment that are kept."""
_NAMES_PATH = rb"(?<![\w/.-])(?:https?://[\w.:-]{1,255})?%s/?(?![\w/-])"
_AROUND = 8 * 1024
"""Bytes before a line that are looked at, and half of those behind it: a stack may be long."""


def _after(hit: AppHit, time: float | None) -> float:
    """Seconds from a line to a time; 0 where either is not known."""
    return time - hit.time if time is not None and hit.time is not None else 0.0


def _time_of(parser: AppLines, lines: Sequence[bytes], index: int) -> float | None:
    """The time of a line: of one that goes on with the entry before it, that of the entry."""
    while index > 0 and parser.time_of(lines[index]) is None and goes_on(lines[index]):
        index -= 1
    return parser.time_of(lines[index])


def in_its_seconds(time: float, start: float) -> bool:
    """Whether a line of that time may be about the push that began at `start`; Unix seconds."""
    return -APART <= time - start <= NEAR


class AppHit(Struct, frozen=True):
    """One line about the push, with its neighbours."""

    place: str
    line: str
    needle: str
    """openid, push (that and its time), head (of the OpenID, which is cut), stamp, id (MsgId, transaction_id), event;
    of an error that none of them is in: words (the reply's), address (WeChat's), path (the push's), other (path or
    address), second, time."""
    time: float | None = None
    """Unix seconds."""
    context: tuple[str, ...] = ()
    trouble: str | None = None
    """The line that speaks of an error: of the same entry, or of the lines next to it."""
    beside: bool = False
    """It is one of the lines next to it, which may be about another push."""
    tag: str | None = None
    """What the line has in common with others about the same request: its id, or its thread."""
    errcode: int | None = None
    """Of WeChat's API, in the line that speaks of an error."""
    packed: str | None = None
    """How its file is compressed."""
    took: float | None = None
    """Seconds that the line says it took."""
    cause: str | None = None
    """What the error names as its reason, with the stack behind it."""
    next: bool = False
    """The line is the push's own request line, and the error stands beside it, with no other request in between."""
    waited: float | None = None
    """Seconds for which the error says that something was waited for."""
    uncaught: bool = False
    """Nobody caught the error."""
    over: bool = False
    """It is a request line that was written when the request was over."""
    again: bool = False
    """It names another second than the push's own: of another try, or of the same user's next message."""
    step: str | None = None
    """Of the lines about the same request, the one that says that something took longest."""
    step_place: str | None = None
    step_took: float | None = None
    """Seconds."""


class _Followed(Struct):
    """A line about the push, whose request may end badly further down."""

    hit: AppHit
    path: str
    tag: bytes
    """All lines about its request have it."""
    behind: int
    """Where the log goes on behind it."""
    last: float | None = None
    """The time of the last of its lines so far: a thread that was idle since may be at another request."""
    left: int = 300
    """Lines that are looked at."""


class AppPush(Struct, frozen=True):
    """What lines about the push may hold."""

    needles: Mapping[bytes, str]
    """Bytes that identify it, and what they are: openid, stamp, id."""
    user: bytes | None = None
    """The OpenID, when it is not masked: lines that name another are about another push."""
    event: bytes = b""
    """Its event in lower case; for logs that hold nothing else of it."""
    path: bytes = b""
    """The callback's, where one is known that tells anything."""
    address: bytes = b""
    """WeChat's own, from which it came (OuterIP)."""
    words: tuple[bytes, ...] = ()
    """What the reply that the alarm shows says went wrong."""
    any: bool = False
    """There is no alarm: what happened in these minutes may be why."""


class AppSearch:
    """One search for one alarm. Times in Unix seconds; start: the alarm's first failure."""

    def __init__(self, push: AppPush, start: float, low: float, high: float) -> None:
        self.push, self.start, self.low, self.high = push, start, low, high
        self.lines = 0
        """Lines of the window."""
        self.errors = 0
        """Those that speak of an error."""
        self.example: AppHit | None = None
        """The first of them."""
        self.others = 0
        """Entries of the push's own moment that speak of no error and name nothing of it."""
        self._path = re.compile(_NAMES_PATH % re.escape(push.path.rstrip(b"/"))) if len(push.path) > 1 else None
        self.ended: AppHit | None = None
        """The last of those before the push, and in the time that WeChat waits, that ended a process."""
        self.banned: AppHit | None = None
        """The line by which this machine had shut out WeChat's address by then."""
        self._said = float("-inf")
        """The time of the last line about that."""
        self.dropped: AppHit | None = None
        """The first line by which the kernel dropped connections in the minute in which pushes began to fail."""
        self.back: float | None = None
        """When it served again, after the push; Unix seconds."""
        self._stopped: AppHit | None = None
        self._job = False
        """What started last has not said that it serves: it may be a job, whose end is none of the server's."""
        self.starting = False
        """That line says that it starts: nobody was seen to stop it."""
        self._answered = float("-inf")
        self.before: AppHit | None = None
        """The last line before the window with a reason that lasts."""
        self.slow: AppHit | None = None
        """Of the lines of the window that say that something took as long as WeChat waits, the one that says most."""
        self.slows = 0
        """How many there are."""
        self.undated: AppHit | None = None
        """An error whose time nothing says: of a log without times, or behind its last one."""
        self.undated_errors = 0
        """How many there are."""
        self._end: dict[str, tuple[int, bytes]] = {}
        """(offset, bytes) of what logs without times end with, by file."""
        self._onset = self._earlier = False
        self._then: dict[str, AppHit] = {}
        self._hits: dict[str, AppHit] = {}
        self._followed: list[_Followed] = []

    @property
    def hits(self) -> tuple[AppHit, ...]:
        """The lines about the push, in order."""
        return tuple(sorted(self._hits.values(), key=lambda hit: hit.time or 0.0))

    @property
    def then(self) -> tuple[AppHit, ...]:
        """The errors of the push's own moment that name its path, and those that name nobody, in order."""
        return tuple(self._then.values())

    @property
    def stopped(self) -> AppHit | None:
        """The line by which the application stopped, when it did not serve again before the push, and none of its
        instances has answered a request since."""
        hit = self._stopped
        if self.starting and self.back is None:  # what only starts may be no server at all
            return None
        return hit if hit is not None and self._answered <= (hit.time or 0.0) + DRAIN else None

    @property
    def restarted(self) -> bool:
        """Whether it stopped in the minute in which pushes began to fail, and served again after that."""
        hit = self.stopped
        near = hit is not None and hit.time is not None and -MINUTE <= hit.time - self.start <= WAIT
        return near and self.back is not None and self.back > self.start

    @property
    def onset(self) -> bool:
        """Whether the errors of the window begin in the seconds in which WeChat waited for the push."""
        return self._onset and not self._earlier

    def window(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of the window: keep the lines about the push; count all, and those that speak of an error."""
        self._search(parser, log, offset, chunk)
        self._follow(parser, log, offset, chunk)
        self._bans(parser, log, offset, chunk)
        self._drops(parser, log, offset, chunk)
        self._restarts(parser, log, offset, chunk)
        inside = False
        place, now = 1, float("-inf")
        lines = chunk[1:].split(b"\n")[:-1]
        for index, line in enumerate(lines):
            at = parser.time_of(line)
            if at is None and app.told_before(line):
                times = map(parser.time_of, islice(lines, index, index + FAR))
                at = next((time for time in times if time is not None), None)
            # A line without a time belongs to the one before.
            inside = inside if at is None else self.low <= at <= self.high
            now = now if at is None else at
            if inside:
                self.lines += 1
                then = 0 <= now - self.start < MOMENT
                begins = not self.errors and 0 <= now - self.start <= WAIT
                if self._answered < now <= self.start + WAIT and app.request(line):
                    self._answered = now
                if app.trouble(line):
                    self.errors += 1
                    self._onset |= begins
                    self._earlier |= now < self.start
                    then |= begins
                    if now - self.start <= WAIT and app.cause(line) in ENDS:
                        self.ended = self._hit(parser, log, offset, chunk, place, line, "time")
                    if self.example is None or (then and len(self._then) < MOST_THEN):
                        self._error(self._hit(parser, log, offset, chunk, place, line, "time"), now if then else None)
                elif then and at is not None and not self._names_push(line) and not app.is_step(line):
                    self.others += 1
                if (took := app.took_long(line)) is not None and not self._names_push(line):
                    self._slow(parser, log, offset, chunk, place, line, took)
            place += len(line) + 1

    def _error(self, hit: AppHit, then: float | None) -> None:
        """An error of the window. then: its time, when that is the push's own moment."""
        self.example = self.example or replace(hit, needle="other" if hit.needle == "other" else "time")
        if then is not None and hit.needle != "another":
            self._then.setdefault(hit.place, replace(hit, time=then))

    def _slow(
        self, parser: AppLines, log: Log, offset: int, chunk: bytes, place: int, line: bytes, took: float
    ) -> None:
        """A line that says that something took long: what another path's request took is no matter of the push."""
        if took > LONGEST_WAIT or (
            app.request(line) is not None and (self._path is None or self._path.search(line) is None)
        ):
            return
        self.slows += 1
        if self.slow is None or took > (self.slow.took or 0.0):
            self.slow = replace(self._hit(parser, log, offset, chunk, place, line, "time"), took=took)

    def untimed(self, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of a log without times: keep the lines that name the push; a second alone says nothing there."""
        self.lines += chunk.count(b"\n") - 1
        for needle, kind in self.push.needles.items():
            for place, line in lines_with(chunk, [needle]):
                if len(self._hits) < MOST_HITS and kind != "stamp":
                    self._keep(self._hit(None, log, offset, chunk, place, line, kind))
        self._keep_end(log, offset, chunk)

    def behind(self, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk of a log whose last time is before the window: what stands behind that may be of the window."""
        self._keep_end(log, offset, chunk)

    def _keep_end(self, log: Log, offset: int, chunk: bytes) -> None:
        _, kept = self._end.get(log.path, (0, b""))
        text = kept + chunk[bool(kept) :]
        cut = text.find(b"\n", len(text) - OF_END) if len(text) > OF_END else 0
        self._end[log.path] = offset + len(chunk) - len(text) + max(cut, 0), text[max(cut, 0) :]

    def ends(self, parser: AppLines | None, log: Log) -> None:
        """Errors at the end of a log whose time nothing says: of those that may be of the push's path one is kept, and
        all are counted. What goes on with a line that has a time has that."""
        offset, chunk = self._end.pop(log.path, (0, b""))
        found: list[tuple[str, int, bytes]] = []
        place, dated = 1, False
        for line in chunk[1:].split(b"\n")[:-1]:
            if parser is not None and parser.time_of(line) is not None:
                found, dated = [], True
            elif not (dated := dated and app.of_entry(line)) and app.trouble(line) and not app.of_entry(line):
                found.append((self._whose([line]), place, line))
            place += len(line) + 1
        found = [one for one in found if one[0] not in ("another", "other")]
        if found:
            _, place, line = next((one for one in found if one[0] == "path"), found[-1])
            self.undated_errors += len(found)
            self.undated = self._hit(None, log, offset, chunk, place, line, "time")

    def _search(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """Keep the lines that hold what identifies the push, or its event in its seconds."""
        for needle, kind in self.push.needles.items():
            for place, line in lines_with(chunk, [needle]):
                if len(self._hits) >= MOST_HITS:
                    return
                if kind != "stamp" or not (self._of_another(line) or parser.is_time(line, needle)):
                    exact = kind == "openid" and self._of_its_second(line)
                    hit = self._hit(parser, log, offset, chunk, place, line, "push" if exact else kind)
                    self._keep_and_follow(log, offset + place + len(line), line, hit)
        user = self.push.user
        for place, line in lines_with(chunk, [user[: app.HEAD]] if user is not None else []):
            if user and len(self._hits) < MOST_HITS and app.names_head(line, user):
                self._keep(self._hit(parser, log, offset, chunk, place, line, "head"))
        if len(self.push.event) > 3 and all(hit.needle == "event" for hit in self._hits.values()):
            self._events(parser, log, offset, chunk)

    def _events(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """Keep the first line in the push's seconds with its event, and the first that says what became of it."""
        told = any(hit.trouble is not None and not hit.beside for hit in self._hits.values())
        for place, lowered in () if told else lines_with(chunk.lower(), [self.push.event]):
            line = chunk[place : place + len(lowered)]
            at = parser.time_of(line)
            if at is None or self._of_another(line):
                continue
            # What took long is logged when it ends.
            began = at - (app.waited(line) or app.spent(line) or 0.0)
            if any(0 <= time - self.start + 1 <= NEAR for time in (at, began)):
                hit = self._hit(parser, log, offset, chunk, place, line, "event")
                ends = hit.trouble is not None and not hit.beside
                if ends or not self._hits:
                    self._keep(hit)
                if ends:
                    return

    def _follow(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """How the requests of the push's lines end: by the lines behind that have their tag, until it is another's."""
        for one in [one for one in self._followed if one.path == log.path]:
            for place, line in lines_with(chunk, [one.tag]):
                if offset + place - 1 < one.behind or app.tag(line) != one.tag:
                    continue
                at = parser.time_of(line)
                one.left -= 1
                if one.left < 0 or self._of_another(line) or _after(one.hit, at) > LONGEST_WAIT:
                    self._followed.remove(one)
                    break
                since = app.waited(line) or app.spent(line) or 0.0
                at_once = at is None or one.last is None or at - since - one.last <= MOMENT
                if _after(one.hit, at) > NEAR and not (since and at_once):
                    continue
                if at_once:
                    self._step(one.hit.place, log.place(offset + place - 1), line)
                one.last = at if at is not None else one.last
                ended = self._hit(parser, log, offset, chunk, place, line, one.hit.needle)
                if ended.trouble is not None and not ended.beside:
                    names = ("trouble", "errcode", "context", "cause", "waited", "uncaught")
                    bad = {name: getattr(ended, name) for name in names}
                    self._hits[one.hit.place] = replace(self._hits[one.hit.place], beside=False, **bad)
                    self._followed.remove(one)
                    break

    def _bans(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """What stood of WeChat's address when the push came."""
        for place, line in lines_with(chunk, [self.push.address] if self.push.address else []):
            at, shut = parser.time_of(line), bans(line, self.push.address)
            if shut is not None and at is not None and self._said <= at <= self.start + APART:
                self._said = at
                self.banned = self._hit(parser, log, offset, chunk, place, line, "time") if shut else None

    def earlier(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """A chunk from before the window: what was so by then, and goes on until somebody ends it."""
        self._bans(parser, log, offset, chunk)
        for found in app.LASTS.finditer(chunk):
            begin = chunk.rfind(b"\n", 0, found.start()) + 1
            end = chunk.find(b"\n", found.end())
            line = chunk[begin : end if end >= 0 else len(chunk)]
            at = parser.time_of(line)
            if at is not None and self.low - EARLIER <= at < self.low and app.cause(line) in app.LASTING:
                self.before = self._hit(parser, log, offset, chunk, begin, line, "time")

    def pods(self, log: Log, text: bytes) -> None:
        """The beginning of a file: whether a container was ended before the push and did not run again by then, or was
        ended while WeChat waited for it."""
        for offset, said, at, back in killed(text):
            if self.low <= at <= self.start + WAIT and (back is None or back > self.start):
                self.ended = AppHit(log.place(offset).text, said, "time", at, trouble=said, cause="oom")

    def _drops(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        for place, line in lines_with(chunk, MARKS) if self.dropped is None else ():
            at = parser.time_of(line)
            if at is not None and -MINUTE <= at - self.start <= WAIT and drops(senders.cut(line[:4096])):
                self.dropped = self._hit(parser, log, offset, chunk, place, line, "time")
                return

    def _restarts(self, parser: AppLines, log: Log, offset: int, chunk: bytes) -> None:
        """Whether the application was stopped when the push came, and when it served again."""
        for found in RESTARTS.finditer(chunk):
            begin = chunk.rfind(b"\n", 0, found.start()) + 1
            line = chunk[begin : chunk.find(b"\n", found.end())]
            at, mark = parser.time_of(line), RESTARTS.search(senders.cut(line[:4096]))
            if at is None or not self.low <= at <= self.high or mark is None:
                continue
            says = mark.lastgroup
            if says in ("serves", "runs"):
                # A job that runs is no server that serves.
                counts = says == "serves" or not self.starting
                if at <= self.start:
                    self._stopped = None if counts else self._stopped
                elif self._stopped is not None and self.back is None and counts:
                    self.back = at
                self._job = self._job and says != "serves"
                continue
            of_job = says == "ends" and self._job
            self._job = says == "starts" or of_job  # whose end takes several lines
            # That something stops counts more than that something starts, which may be a job.
            free = self._stopped is None or (self.starting and says != "starts")
            by_then = at <= self.start + (0.0 if says == "starts" else WAIT)
            if free and not of_job and (self.push.any or by_then):
                self._stopped = self._hit(parser, log, offset, chunk, begin, line, "time")
                self.starting = says == "starts"

    def _step(self, of: str, place: Place, line: bytes) -> None:
        """A line of the same request that says how long something took: the longest is kept."""
        if self._names_push(line):  # it is about the whole of the push
            return
        hit, took = self._hits[of], app.spent(line)
        if took is not None and took > (hit.step_took or 0.0) and app.request(line) is None:
            self._hits[of] = replace(hit, step=mask.shown(app.telling(line)), step_place=place.text, step_took=took)

    def _names_push(self, line: bytes) -> bool:
        return any(needle in line for needle in self.push.needles)

    def _of_its_second(self, line: bytes) -> bool:
        return any(one in line for one, kind in self.push.needles.items() if kind == "stamp")

    def _of_another(self, line: bytes) -> bool:
        """Whether a line is about another user's push: it names an OpenID, but not the alarm's."""
        return self.push.user is not None and app.names_another(line, self.push.user)

    def _keep(self, hit: AppHit) -> None:
        self._hits.setdefault(hit.place, hit)

    def _keep_and_follow(self, log: Log, behind: int, line: bytes, hit: AppHit) -> None:
        """Keep a line of the push, and look how its request ends when the line itself does not say."""
        if hit.place not in self._hits and (hit.trouble is None or hit.beside) and (tag := app.tag(line)) is not None:
            self._followed.append(_Followed(hit, log.path, tag, behind, hit.time))
        self._keep(hit)

    def _hit(
        self, parser: AppLines | None, log: Log, offset: int, chunk: bytes, place: int, line: bytes, needle: str
    ) -> AppHit:
        """A line as evidence; of a step of an error's stack the line with which that begins."""
        around = chunk.rfind(b"\n", 0, max(1, place - _AROUND)) + 1
        lines = chunk[around : place + len(line) + 2 * _AROUND].split(b"\n")
        index = app.first_of(lines, chunk.count(b"\n", around, place))
        line, place = lines[index], around + sum(len(above) + 1 for above in lines[:index])
        first, own, end = app.entry(lines, index)
        theirs = next((at for at in range(own, end) if self._of_another(lines[at])), max(own, end))
        tag = app.tag(line)
        others = {at for at in range(own, theirs) if app.tag(lines[at]) not in (None, tag)} if tag else set()
        bad = next(
            (at for at in range(index, theirs) if at not in others and app.troubled(lines, at, index, own)), None
        )
        error: Sequence[bytes] = lines[bad : app.entry(lines, bad)[1]] if bad is not None else ()
        beside = bad is not None and bad >= own and (tag is None or app.tag(lines[bad]) != tag)
        by = (
            self._next_to(parser, lines, index, own)
            if parser and needle in ("openid", "push") and (beside or not error)
            else []
        )
        error = by or error
        text = app.said(error)
        where = log.place(offset + place - 1)
        over = needle in OWN and app.request(line) is True
        # Without a tag only the next lines above tell what its request did.
        step = self._above(parser, lines, index) if parser and over and tag is None else None
        stepped = log.place(offset + around - 1 + sum(len(above) + 1 for above in lines[:step])) if step else None
        return AppHit(
            where.text,
            mask.shown(app.headline(lines[index:own])),
            needle if needle != "time" else self._whose(lines[index:own]),
            _time_of(parser, lines, index) if parser else None,
            tuple(mask.shown(found) for found in lines[first:end]),
            mask.shown(app.headline(error)) if error else None,
            beside or bool(by),
            tag.decode("utf-8", "replace") if tag is not None else None,
            app.errcode(text),
            where.packed,
            app.spent(line) if needle != "time" else None,
            app.cause(text) or app.aborted(error),
            bool(by),
            app.waited(text),
            app.uncaught(text),
            over,
            needle == "openid" and app.names_second(line) and not self._of_its_second(line),
            mask.shown(app.telling(lines[step])) if step else None,
            stepped.text if stepped else None,
            app.spent(lines[step]) if step else None,
        )

    def _above(self, parser: AppLines, lines: Sequence[bytes], index: int) -> int | None:
        """Of the lines above a request line, up to the one before it, the one that says that something took longest;
        none from before the push, and none of another thread."""
        longest, found = 0.0, None
        for at in range(index - 1, 0, -1):
            time = parser.time_of(lines[at])
            early = time is not None and time < self.start - APART
            if early or app.request(lines[at]) is not None or self._of_another(lines[at]):
                break
            if app.tag(lines[at]) is not None:
                continue
            if (took := app.spent(lines[at]) or 0.0) > longest:
                longest, found = took, at
        return found

    def _whose(self, lines: Sequence[bytes]) -> str:
        """What an error of the push's moment says of whose it is: words, address, path, another (user), other (path or
        address), second when it says nothing."""
        if any(self._of_another(line) for line in lines):
            return "another"
        text = app.said(lines)
        if any(word in text for word in self.push.words):
            return "words"
        if self.push.address and re.search(rb"(?<![\d.])" + re.escape(self.push.address) + rb"(?![\d.])", text):
            return "address"
        if self._path is None and not self.push.address:
            return "second"
        if self._path is not None and self._path.search(text) is not None:
            return "path"
        return "other" if app.whom(text) is not None else "second"

    def _next_to(self, parser: AppLines, lines: Sequence[bytes], index: int, own: int) -> Sequence[bytes]:
        """The error with a reason that stands beside a request line, with no other request in between: above a line
        that says how it ended, else below."""
        over = app.request(lines[index])
        if over is None:
            return ()
        at, tag = _time_of(parser, lines, index), app.tag(lines[index])
        found: list[bytes] = []
        for line in reversed(lines[:index]) if over else lines[own:]:
            time = parser.time_of(line)
            apart = time is not None and at is not None and abs(time - at) >= MOMENT
            if apart or self._of_another(line) or app.request(line) is not None or app.tag(line) not in (None, tag):
                break
            found.append(line)
        found = found[::-1] if over else found
        bad = [place for place, line in enumerate(found) if app.trouble(line)]
        if not bad:
            return ()
        begin = app.first_of(found, bad[-1]) if over else bad[0]
        error = found[begin : app.entry(found, begin)[1]]
        text = app.said(error)
        named = app.cause(text) is not None or app.errcode(text) is not None or app.uncaught(text)
        return error if named else ()
