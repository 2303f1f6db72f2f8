"""Report → a few lines of plain text for a group chat (WeChat, WeCom, DingTalk, Feishu): no mark-up, nothing aligned.

A chat wraps lines by itself and shows Markdown raw; whoever reads it has a phone in hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wxalarm.messages import Catalogue
from wxalarm.model import Finding, Report
from wxalarm.render.incidents import Page, extent, headline, is_page, notes, page_from, title
from wxalarm.render.text import shorten, visible
from wxalarm.render.view import Line, View, line, view

MOST = 15
"""Lines."""
LONGEST = 160
"""Characters of a sentence; a command is whole or not there."""
COMMAND = 300
NOTE = 300
PARTS = ("hint", "verify", "ask")


def render(reports: Sequence[Report], words: Catalogue, page: Page | None = None) -> str:
    """All reports in at most MOST lines."""
    page = page or page_from(reports)
    if is_page(page):
        return _text(_incidents(page, reports, words))
    return _text(_one(report, page, words) for report in _firsts(page, reports))


def _firsts(page: Page, reports: Sequence[Report]) -> list[Report]:
    return [reports[one["reports"][0]] for one in page["incidents"] if one["reports"]][:1]


def _text(lines: Iterator[str] | Iterator[list[str]] | list[str]) -> str:
    made: list[str] = []
    for part in lines:
        made += [part] if isinstance(part, str) else part
    return "\n".join(map(visible, made[:MOST])) + "\n"


def _one(report: Report, page: Page, words: Catalogue) -> list[str]:
    seen = view(report, words)
    lines = [seen.summary]
    if page["incidents"][0]["alarms"] > 1:
        lines.append(extent(page["incidents"][0], page, words))
    if seen.url:
        lines.append(shorten(seen.url, LONGEST))
    lines += _answer(seen, seen.cause, words)
    if seen.age:
        lines.append(seen.age)
    lines += [shorten(note, NOTE) for note in notes(page, words)[:2]]
    lines.append(words.ui("seen_from"))
    return lines


def answer(report: Report, words: Catalogue, instead: Finding | None = None) -> list[str]:
    """What is wrong, what to do, the next command, whom to ask, as a chat shows it. instead: the finding that is told
    where there is no cause: a warning need not explain any alarm."""
    seen = view(report, words)
    said = seen.cause or (line(instead, words, report.target) if instead else None)
    return [visible(text) for text in _answer(seen, said, words)]


def _answer(seen: View, said: Line | None, words: Catalogue) -> Iterator[str]:
    def labelled(label: str, text: str) -> str:
        return words.ui("labelled", label=label, text=text)

    if said is None:
        yield labelled(*seen.without)
        yield from (labelled(words.ui("look"), shorten(text, LONGEST)) for text in seen.gaps[:3])
        return
    yield words.ui("cause_line", certainty=seen.certainty, code=said.title) if seen.cause else said.title
    yield shorten(said.text, LONGEST)
    for part, label, text in said.advice:
        if part == "verify" and len(text) <= COMMAND and "\n" not in text:
            yield labelled(label, text)
        elif part in PARTS and part != "verify":
            yield labelled(label, shorten(text, LONGEST))


def _incidents(page: Page, reports: Sequence[Report], words: Catalogue) -> list[str]:
    lines = [headline(page, words)]
    told = notes(page, words)
    room = MOST - 2 - min(len(told), 2)
    for number, one in enumerate(page["incidents"][:room], 1):
        said = words.ui("dot").join((title(one, reports, words), extent(one, page, words)))
        lines.append(f"{number}. {shorten(said, LONGEST)}")
    if page["incidents_in_all"] > room:
        lines.append(words.ui("more_chat", count=page["incidents_in_all"] - room))
    return [*lines, *(shorten(note, NOTE) for note in told[:2])]
