"""Whole reports, word for word: a change of one word, one severity or one line's place shows in review.

Each report is made of observations of the fixtures, so that no clock, machine or network is in it.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import msgspec
import pytest

from tests.paths import FIXTURES, ROOT
from tests.support import context_of
from wxalarm.checks import CHECKS
from wxalarm.checks.check import Check, Context
from wxalarm.messages import LANGUAGES, Catalogue, catalogue
from wxalarm.model import Reason, Report
from wxalarm.render import json as render_json
from wxalarm.render import markdown, terminal
from wxalarm.runner import Ended, Run

GOLDEN = ROOT / "tests" / "golden" / "reports"
BY_ID = {check.id: check for check in CHECKS}
REPORTS = {
    "port-refused": ("tcp-connect/refused",),
    "half-dead-pool": ("tcp-connect/half-dead-pool",),
    "certificate-expired": ("tls-handshake/expired",),
    "certificate-chain": ("tls-handshake/chain-incomplete",),
    "everything-of-tls": ("tls-handshake/everything-at-once",),
    "bad-gateway": ("http-request/bad-gateway",),
    "empty-answer": ("http-request/empty",),
    "name-servers-differ": ("dns-resolve/authorities-differ",),
    "reply-with-bom": ("reply-format/bom-success",),
    "nginx-body-size": ("nginx-config/body-size",),
    "nginx-connections": ("nginx-config/connections-low",),
    "log-burst": ("access-log/burst",),
    "log-and-errors": ("access-log/closed-and-gave-up", "error-log/connections"),
    "load-high": ("host-cpu/load-high", "host-memory/swapping"),
    "callback-unset": ("wechat-view/callback-unset",),
    "ticket-ended": ("ticket-age/ended",),
    "address-private": ("sample/address-private",),
    "healthy": ("tcp-connect/healthy",),
}


def report_of(names: tuple[str, ...]) -> Report:
    """The report on the alarm of the first fixture, with the observations of all."""
    cases = [json.loads((FIXTURES / "observations" / f"{name}.json").read_text("utf-8")) for name in names]
    seen: dict[str, Any] = {}
    for name, case in zip(names, cases, strict=True):
        for check, value in {**case.get("observed", {}), name.split("/")[0]: case["observation"]}.items():
            seen.setdefault(check, msgspec.convert(value, BY_ID[check].observation))

    def saved(ctx: Context, check: Check[Any]) -> Ended:
        if check.id not in seen:
            return Ended(None, Reason("not-saved"), False)
        return Ended(seen[check.id], None, False, 0.1, 0.25)

    async def run() -> list[Report]:
        return await Run([context_of(cases[0])], saved=saved).reports()

    (report,) = asyncio.run(run())
    return report


def texts(report: Report, words: Catalogue) -> dict[str, str]:
    return {
        "txt": terminal.render([report], words, width=80),
        "md": markdown.render([report], words),
        "json": render_json.render([report], (), words),
    }


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", REPORTS)
def test_report(name: str, lang: str) -> None:
    for suffix, text in texts(report_of(REPORTS[name]), catalogue(lang)).items():
        path = GOLDEN / f"{name}.{lang}.{suffix}"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")
        assert text == path.read_text("utf-8"), f"{path.name} changed; UPDATE_GOLDEN=1 writes it anew"


def test_no_golden_file_is_left_over() -> None:
    assert {path.name.split(".")[0] for path in GOLDEN.iterdir()} == set(REPORTS)
