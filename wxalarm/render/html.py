"""Report → one self-contained HTML page: no script, nothing loaded from anywhere, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.incidents import Page, extent, headline, is_page, notes, page_from, title
from wxalarm.render.text import visible
from wxalarm.render.view import counts, view

if TYPE_CHECKING:
    from jinja2 import Template


def render(reports: Sequence[Report], words: Catalogue, settings: Sequence[str] = (), page: Page | None = None) -> str:
    """All reports as one page. settings: sentences on where they came from."""
    page = page or page_from(reports)
    shown = [one for one in page["incidents"] if one["reports"]]
    return _template().render(
        page=page if is_page(page) else None,
        reports=[
            (view(reports[one["reports"][0]], words), extent(one, page, words) if one["alarms"] > 1 else "")
            for one in shown
        ],
        headline=headline(page, words),
        incidents=[(title(one, reports, words), extent(one, page, words)) for one in page["incidents"]],
        notes=notes(page, words),
        ui=words.ui,
        lang=words.lang,
        counts=counts(reports, words),
        settings=settings,
    )


@cache
def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = lambda text: visible(text, keep_newlines=True)
    return environment.from_string(resources.files(__package__).joinpath("report.html.j2").read_text("utf-8"))
