"""Report → one self-contained HTML page: nothing is loaded from anywhere, everything is escaped, and it reads without
script. The one script copies a command; the page's policy names it by its hash and lets no other run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render import figures
from wxalarm.render.incidents import Page, clock, extent, headline, is_page, notes, page_from, title
from wxalarm.render.text import visible
from wxalarm.render.view import counts, moment, view

if TYPE_CHECKING:
    from jinja2 import Template

SCRIPT = """
for (const button of document.querySelectorAll("button")) {
  const label = button.textContent;
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = label + " \\u2713";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}
"""


def render(
    reports: Sequence[Report],
    words: Catalogue,
    settings: Sequence[str] = (),
    page: Page | None = None,
    run: Mapping[str, Any] | None = None,
) -> str:
    """All reports as one page. settings: sentences on where they came from. run: by which version, when, where."""
    page = page or page_from(reports)
    numbered = enumerate(page["incidents"], 1)
    shown = [(number, one, reports[one["reports"][0]]) for number, one in numbered if one["reports"]]
    made = [{"number": number, **_article(one, report, page, words)} for number, one, report in shown]
    return _template().render(
        page=page if is_page(page) else None,
        page_title=headline(page, words) if is_page(page) or not made else made[0]["view"].summary,
        reports=made,
        headline=headline(page, words),
        incidents=[_incident(one, page, reports, words) for one in page["incidents"]],
        axis=_axis(page, words) if is_page(page) else "",
        notes=notes(page, words),
        ui=words.ui,
        lang=words.lang,
        counts=counts(reports, words),
        settings=settings,
        made_by=_made_by(run, words) if run else "",
        script=SCRIPT,
        script_hash=base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode(),
    )


def _made_by(run: Mapping[str, Any], words: Catalogue) -> str:
    time = moment(datetime.fromisoformat(run["time"]), words)
    return words.ui("made_by", name="wxalarm", version=run["version"], time=time, host=run["host"])


def _article(one: Mapping[str, Any], report: Report, page: Page, words: Catalogue) -> dict[str, Any]:
    seen = view(report, words)
    return {
        "view": seen,
        "extent": extent(one, page, words) if one["alarms"] > 1 else "",
        "layers": figures.layers(report, words),
        "phases": figures.phases(report, words),
        "names": figures.names(report, words),
        "pushes": figures.pushes(report, words),
        "alarm": list(figures.alarm_lines(report, words)),
        "skipped": sum(len(checks) for checks, _ in seen.not_checked),
    }


def _incident(one: Mapping[str, Any], page: Page, reports: Sequence[Report], words: Catalogue) -> dict[str, Any]:
    said, most = extent(one, page, words), max(one["timeline"], default=0)
    shares = [count / most for count in one["timeline"]] if most else []
    return {
        "title": title(one, reports, words),
        "told": bool(one["reports"]),
        "extent": said,
        "timeline": shares,
        "spoken": said,
    }


def _axis(page: Page, words: Catalogue) -> str:
    span = words.ui("page_span", since=clock(page["since"], words), until=clock(page["until"], words))
    return words.ui("dot").join((span, words.ui("timeline", minutes=page["slot"] / 60))) if page["since"] else ""


@cache
def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = lambda text: visible(text, keep_newlines=True)
    return environment.from_string(resources.files(__package__).joinpath("report.html.j2").read_text("utf-8"))
