"""The page: an overview, a target, a pasted alarm and its report. Readable without script."""

from __future__ import annotations

import asyncio
import re
import secrets
import time as clock
from collections.abc import AsyncIterator, Sequence
from functools import cache, partial
from html import unescape
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from wxalarm import deadline
from wxalarm.cases import from_text
from wxalarm.checks.check import Context
from wxalarm.diagnosis import contexts
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import Report
from wxalarm.parser import parse
from wxalarm.render import html
from wxalarm.render.case import case_of
from wxalarm.render.redact import Redactor, leak
from wxalarm.render.text import visible
from wxalarm.runner import Run
from wxalarm.watch.rounds import said_by
from wxalarm.watch.service import Service, Subject
from wxalarm.watch.states import Level
from wxalarm.watch.store import DAY, Store, packed
from wxalarm.watch.web import charts, data
from wxalarm.watch.words import brief

PAGE = 200
"""Targets on one page."""
TEXT = 10.0
"""Seconds that reading a pasted text, and writing a report, may take."""
ALARMS = 100
"""Alarms of one paste that are diagnosed."""
AT_ONCE = 2
"""Diagnoses under way."""
WAITING = 8
"""Those that wait for them; more are sent away."""
FOLLOWERS = 100
PAUSE = 2.0
"""Seconds between two events for whoever follows live."""
ALIVE = 15.0
WEEK = 7 * DAY
BODY = re.compile(r"<body[^>]*>")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
AROUND = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What a page cannot say of itself, or need not."""


class Pages:
    """All of the page. store: a connection of its own, only read from."""

    def __init__(self, service: Service, store: Store) -> None:
        self.service, self.store = service, store
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._reading = asyncio.Lock()

    async def read(self, call: Any, *args: Any) -> Any:
        """A question to the history, where it keeps nobody waiting. call: a method of Store, not of one of them."""
        async with self._reading:
            return await deadline.in_thread(partial(self._alone, call, args))

    def _alone(self, call: Any, args: Sequence[Any]) -> Any:
        with self.store.mutex:
            return call(self.store, *args)

    async def unreadable(self, request: Request, error: Exception) -> Response:
        """The history does not answer: it was put aside, or somebody holds it. The next request asks the new one."""
        self.store = Store(self.store.path, read_only=True)
        return PlainTextResponse(words_for(request, self.service).ui("watch_store", error=error), 503)

    # --- pages ---

    async def overview(self, request: Request, error: str = "", status: int = 200) -> Response:
        """All targets, the worst first."""
        words, service = words_for(request, self.service), self.service
        subjects = data.ordered(service)
        pages = max(1, -(-len(subjects) // PAGE))
        page = min(pages, _number(request.query_params.get("page", "1")))
        counted = dict.fromkeys(map(data.word, data.ORDER), 0)
        for subject in subjects:
            counted[data.word(subject.state.level)] += 1
        return self._page(
            request,
            "overview.html.j2",
            words,
            status,
            rows=[self._row(subject, words) for subject in subjects[(page - 1) * PAGE : page * PAGE]],
            counts=list(counted.items()),
            ways=[
                (label, outlet.error, len(outlet.queue))
                for label, outlet in service.outlets.by_label.items()
                if outlet.error is not None
            ],
            every=service.plan.every,
            now=_moment(clock.time()),
            page=page,
            pages=pages,
            error=error,
            server=_server(service, words),
        )

    def _row(self, subject: Subject, words: Catalogue) -> dict[str, Any]:
        numbers, state = subject.numbers, subject.state
        total = numbers.total if numbers else None
        said = said_by(subject.report) if subject.report else None
        since = data.since(subject, self.service)
        return {
            "key": subject.target.key,
            "name": subject.target.name,
            "url": subject.target.url,
            "level": data.word(state.level),
            "flapping": state.flapping,
            "since": words.ui("page_since", time=_moment(since)) if since is not None and state.level else "",
            "text": words.finding(said, "text") if said is not None and state.level else "",
            "total": _seconds(total),
            "strip": charts.strip(
                subject.strip.parts, clock.time(), words.ui("page_day_label", name=subject.target.name)
            ),
        }

    async def target(self, request: Request) -> Response:
        """One target."""
        words = words_for(request, self.service)
        subject = self.service.subjects.get(request.path_params["key"])
        if subject is None:
            return self.nothing(request)
        key, now = subject.target.key, clock.time()
        rounds = await self.read(Store.last, key, now - DAY)
        changes = await self.read(Store.changes, key, 100)
        days = await self.read(Store.days, key)
        numbers = subject.numbers
        phases = {name: words.ui(f"page_phase_{name}") for name in charts.PHASES}
        points = [(time, _slowest(found)) for time, _, _, found in rounds]
        bad = subject.report is not None and numbers is not None and numbers.level not in (None, Level.UP)
        return self._page(
            request,
            "target.html.j2",
            words,
            row=self._row(subject, words),
            verdict="\n".join(brief(subject.report, words)) if bad and subject.report else "",
            chart=charts.phases(points, now - DAY, now, words.ui("page_chart_label", name=subject.target.name), phases),
            phases=phases,
            addresses=[
                {
                    "address": one.address,
                    **{name: _seconds(getattr(one, name)) for name in charts.PHASES},
                    "answer": one.failure or f"HTTP {one.status}",
                }
                for one in (numbers.phases if numbers else ())
            ],
            ends=_ends(subject, words),
            changes=[{**one, "time": _moment(one["time"]), "level": Level(one["after"]).word} for one in changes],
            days=[
                {
                    "day": day,
                    "available": "—" if sums.available is None else f"{sums.available:.2%}",
                    "p50": _seconds(sums.times.quantile(0.5)),
                    "p95": _seconds(sums.times.quantile(0.95)),
                    "most": _seconds(sums.times.most or None),
                }
                for day, sums in reversed(days[-31:])
            ],
        )

    async def alarms(self, request: Request) -> Response:
        """Pasted alarms."""
        words = words_for(request, self.service)
        pastes = await self.read(Store.pastes)
        shown = [{**one, "time": _moment(one["time"]), "kind": words.kind(one["kind"])} for one in pastes]
        return self._page(request, "alarms.html.j2", words, pastes=shown, error="")

    # --- a pasted alarm ---

    async def paste(self, request: Request) -> Response:
        """Diagnose what was pasted, keep it, and show its report."""
        words = words_for(request, self.service)
        try:
            fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=4)
        except ValueError:
            return PlainTextResponse("", 400)
        text = fields.get("text", [""])[0]
        if self._waiting >= AT_ONCE + WAITING:
            return await self.overview(request, words.ui("page_busy"), 503)
        self._waiting += 1
        try:
            async with self._slots:
                return await self._diagnosed(request, text, words)
        finally:
            self._waiting -= 1

    async def _diagnosed(self, request: Request, text: str, words: Catalogue) -> Response:
        try:
            async with asyncio.timeout(TEXT):
                parsed = await deadline.in_thread(lambda: parse(text, "paste"))
        except TimeoutError:
            return await self.overview(request, words.ui("page_no_alarm"), 422)
        if not parsed.alarms:
            return await self.overview(request, words.ui("page_no_alarm"), 422)
        if len(parsed.alarms) > ALARMS:
            said = words.ui("page_too_many", count=len(parsed.alarms), limit=ALARMS)
            return await self.overview(request, said, 422)
        made = contexts(parsed.alarms, self.service.pasting)
        reports = await Run(made).reports()
        id = secrets.token_urlsafe(12)
        saved = packed(case_of(reports, made, parsed.problems, Redactor(reveal=True)))
        first, ctx = reports[0], made[0]
        code = first.cause.finding.code.id if first.cause else None
        kept = (str(first.alarm.kind), _who(ctx), code, saved)
        await self.service.stored(self.service.store.paste, id, clock.time(), *kept)
        return RedirectResponse(f"/alarm/{id}", 303)

    async def alarm(self, request: Request) -> Response:
        """The report of a pasted alarm, with what was like it before."""
        id = request.path_params["id"]
        saved = await self.read(Store.pasted, id)
        if saved is None:
            return self.nothing(request)
        words = words_for(request, self.service)
        reports, made = await _replayed(saved, id)
        kind, who = str(reports[0].alarm.kind), _who(made[0])
        like = await self.read(Store.like, kind, who, clock.time() - WEEK)
        before = [words.ui("page_like_one", time=_moment(time), code=code or "—") for time, code in like[1:4]]
        said = words.ui("page_like", count=len(like), before=words.ui("list_comma").join(before)) if before else ""
        return await self._report(reports, words, said, f"/alarm/{id}/send")

    async def change(self, request: Request) -> Response:
        """The report of a state change."""
        id = request.path_params["id"]
        saved = await self.read(Store.saved, id)
        if saved is None:
            return self.nothing(request)
        reports, _ = await _replayed(saved, str(id))
        return await self._report(reports, words_for(request, self.service), "", f"/change/{id}/send")

    async def send(self, request: Request) -> Response:
        """A report to send on: a file without personal data."""
        of, id = request.path_params["of"], request.path_params["id"]
        number = int(id) if of == "change" and id.isascii() and id.isdigit() and len(id) < 18 else -1
        saved = await self.read(*((Store.pasted, id) if of == "alarm" else (Store.saved, number)))
        if saved is None:
            return self.nothing(request)
        words = words_for(request, self.service)
        reports, _ = await _replayed(saved, id)
        text = await _written(Redactor().reports(reports), words)
        if (found := leak(text, personal=True)) is not None:
            place = {"path": "report.html", "line": found.line, "column": found.column, "kind": found.kind}
            return PlainTextResponse(words.ui("output_refused", **place), 500)
        return HTMLResponse(text, headers={"Content-Disposition": f'attachment; filename="wxalarm-{of}.html"'})

    async def _report(self, reports: Sequence[Report], words: Catalogue, said: str, send: str) -> Response:
        """A report as `diagnose -f html` writes it, with a bar above it."""
        text = await _written(Redactor(reveal=True).reports(reports), words)
        links = f'<a href="/">wxalarm</a> · <a href="{send}" id="send">{escape(words.ui("page_send"))}</a>'
        note = f"<p>{escape(visible(said))}</p>" if said else ""
        bar = f'<nav style="padding:.75rem 0">{links}{note}</nav>'
        # The report names what it needs (a hash of its script); a stricter policy of ours would be obeyed beside it.
        own = POLICY.search(text)
        policy = f"{unescape(own[1])}; {AROUND}" if own else AROUND
        page = BODY.sub(lambda found: found[0] + bar, text, count=1)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    # --- live ---

    async def events(self, request: Request) -> Response:
        """Server-sent events: one whenever rounds have ended, at most every PAUSE seconds."""
        if len(self.service.followers) >= FOLLOWERS:
            return PlainTextResponse("busy", 503)
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        event = asyncio.Event()
        self.service.followers.add(event)
        try:
            yield "retry: 3000\n\n"
            while not self.service.stopping.is_set():
                try:
                    async with asyncio.timeout(ALIVE):
                        await event.wait()
                except TimeoutError:
                    yield ": alive\n\n"
                    continue
                event.clear()
                yield f"data: {self.service.counts.rounds}\n\n"
                await asyncio.sleep(PAUSE)
        finally:
            self.service.followers.discard(event)

    # --- shared ---

    def nothing(self, request: Request) -> Response:
        """What is not there."""
        return PlainTextResponse(words_for(request, self.service).ui("page_not_found"), 404)

    def _page(self, request: Request, name: str, words: Catalogue, status: int = 200, **values: Any) -> Response:
        text = _templates().get_template(name).render(words=words, ui=words.ui, **values)
        answer = HTMLResponse(text, status)
        chosen = request.query_params.get("lang")
        if chosen in LANGUAGES:
            answer.set_cookie("lang", chosen, max_age=int(400 * DAY), samesite="strict", httponly=True)
        return answer


def words_for(request: Request, service: Service) -> Catalogue:
    """The language that the reader chose, else that of the browser, else that of the service."""
    for wanted in (request.query_params.get("lang"), request.cookies.get("lang")):
        if wanted in LANGUAGES:
            return catalogue(wanted)
    first = request.headers.get("accept-language", "")[:2].lower()
    return catalogue(first) if first in LANGUAGES else service.catalogue


@cache
def _templates() -> jinja2.Environment:
    folder = resources.files(__package__).joinpath("templates")
    texts = {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".j2")}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = lambda text: visible(str(text), keep_newlines=True)
    return environment


async def _replayed(saved: str, name: str) -> tuple[list[Report], tuple[Context, ...]]:
    case = from_text(saved, name)
    return await Run(case.contexts, saved=case.outcome).reports(), case.contexts


async def _written(reports: Sequence[Report], words: Catalogue) -> str:
    async with asyncio.timeout(TEXT):
        return await deadline.in_thread(lambda: html.render(reports, words))


def _who(ctx: Context) -> str | None:
    return ctx.account.name if ctx.account else ctx.alarm.appid


def _slowest(phases: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Of each phase the longest time of all addresses."""
    return {name: max(times) for name in charts.PHASES if (times := [one[name] for one in phases if name in one])}


def _ends(subject: Subject, words: Catalogue) -> list[str | Markup]:
    numbers = subject.numbers
    ends = {"certificate": numbers and numbers.certificate, "registration": numbers and numbers.registration}
    found: list[str | Markup] = [
        words.ui(f"page_{name}", date=end.date().isoformat(), days=data.days_left(end))
        for name, end in ends.items()
        if end
    ]
    return found or [words.ui("page_no_ends")]


def _server(service: Service, words: Catalogue) -> list[tuple[str, str]]:
    """(label, value) of the pushes in this machine's access log; () where none is followed."""
    server = service.server
    if server.follower is None:
        return []
    if server.error is not None:
        said = words.ui("watch_log", path=server.follower.path, error=server.error)
        return [(words.ui("page_log"), said)]
    found = []
    for path, seen in server.minutes(clock.time()).items():
        statuses = words.ui("list_comma").join(f"{status}: {count}" for status, count in sorted(seen.statuses.items()))
        said = words.ui(
            "page_pushes",
            rate=seen.per_second,
            p50=_seconds(seen.p50),
            p95=_seconds(seen.p95),
            most=_seconds(seen.most),
            close=seen.close or 0.0,
            statuses=statuses or "—",
            gave_up=seen.closed.get("gave_up", 0),
            closed=seen.closed.get("closed", 0),
        )
        found.append((path, said))
    return found


def _moment(time: float) -> str:
    return clock.strftime("%Y-%m-%d %H:%M:%S", clock.localtime(time))


def _seconds(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
