"""The words of a verdict's parts that several renderers share: why a step holds, what was not looked at."""

from __future__ import annotations

from collections.abc import Iterator

from wxalarm.messages import Catalogue
from wxalarm.model import Report, Step


def because(step: Step, words: Catalogue) -> str:
    """Why a step stands behind the one above it, and what ties the two; "" for the first."""
    if step.link is None or step.tie is None:
        return ""
    return words.ui("link", because=words.link(step.link), tie=words.tie(step.tie))


def gaps(report: Report, words: Catalogue) -> Iterator[tuple[str, str, str]]:
    """(check, reason, what brings it) of the checks that could have shown what explains the alarm and were not looked
    at, the likeliest first."""
    results = {result.check: result for result in report.results}
    for check in report.untold:
        reason = results[check].reason if check in results else None
        yield words.check(check), words.reason(reason) if reason else "", words.bring(reason) if reason else ""
