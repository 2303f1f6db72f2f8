"""Report → one self-contained HTML page: no script, nothing loaded from anywhere, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.text import visible
from wxalarm.render.view import counts, folded, others, view

if TYPE_CHECKING:
    from jinja2 import Template


def render(reports: Sequence[Report], words: Catalogue, settings: Sequence[str] = ()) -> str:
    """All reports as one page. settings: sentences on where they came from."""
    return _template().render(
        reports=[(view(report, words), others(like, words) if like else "") for report, like in folded(reports)],
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
