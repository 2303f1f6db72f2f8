"""The words of a verdict's parts that several renderers share: why a step holds, what was not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wxalarm.model import Finding, Report, Step, Target

if TYPE_CHECKING:
    from wxalarm.messages import Catalogue


def target_of(target: Target) -> dict[str, Any]:
    """What a command of a report may name besides the evidence: the callback's URL and host."""
    return {"url": target.url, "target_url": target.url, "target_host": target.host}


def because(step: Step, words: Catalogue) -> str:
    """Why a step stands behind the one above it, and what ties the two; "" for the first."""
    if step.link is None or step.tie is None:
        return ""
    return words.ui("link", because=words.link(step.link), tie=words.tie(step.tie))


def adviser(report: Report) -> Finding | None:
    """The finding whose advice is the answer's: the root's, unless the server is somebody else's. Then whatever fails
    there, only its provider can mend it."""
    found = (finding for result in report.results for finding in result.findings if elsewhere(finding))
    return None if report.cause is None else next(found, report.cause.finding)


def elsewhere(advice: Finding | None) -> bool:
    """Whether the server is somebody else's, by the finding that gives the advice."""
    from wxalarm.verdict.links import WHOSE  # `parse` renders findings too, and loads no check

    return advice is not None and advice.code.id == WHOSE


def gaps(report: Report, words: Catalogue) -> Iterator[tuple[list[str], str, str]]:
    """(checks, reason, what brings them) of the checks that could have shown what explains the alarm and were not
    looked at, those of one reason together, the likeliest first."""
    reasons = {result.check: result.reason for result in report.results}
    found: dict[tuple[str, str], list[str]] = {}
    for check in report.untold:
        reason = reasons.get(check)
        key = (words.reason(reason), words.bring(reason)) if reason else ("", "")
        found.setdefault(key, []).append(words.check(check))
    for (why, bring), checks in found.items():
        yield checks, why, bring
