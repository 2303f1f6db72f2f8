"""What several test modules share: contexts from plain data, findings as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from wxalarm import config
from wxalarm.checks.check import Context
from wxalarm.model import Alarm, Finding, Target
from wxalarm.records import plain

NOW = datetime.fromisoformat("2026-01-01T12:00:00+08:00")


def widened(base: type) -> Any:
    """A record with one field more, `new`: as if somebody had added it."""
    added = ("new", object, None)
    if not issubclass(base, msgspec.Struct):
        return make_dataclass("Made", [added], bases=(base,), frozen=True, slots=True)
    made = msgspec.defstruct("Made", [added], bases=(base,), module=__name__)
    return dataclass(frozen=True, init=False, repr=False, eq=False, match_args=False)(made)


def context_of(case: Mapping[str, Any], observed: Mapping[str, Any] | None = None) -> Context:
    """A context from a fixture's plain data: "alarm", "target", "settings" (wxalarm.toml tables), "verify" and
    "last_ticket" (what the command line sets), "account", "now"."""
    alarm = msgspec.convert(case.get("alarm", {}), Alarm)
    settings = config.from_mapping(case.get("settings", {}))
    settings = replace(settings, verify=case.get("verify"), last_ticket=case.get("last_ticket"))
    name = case.get("account")
    return Context(
        alarm=alarm,
        target=msgspec.convert(case.get("target", {}), Target),
        settings=settings,
        account=settings.account_for(alarm.appid, alarm.sample.url, name),
        accounts_here=case.get("accounts_here", 1),
        now=datetime.fromisoformat(case["now"]) if "now" in case else NOW,
        observed=observed or {},
    )


def stated(finding: Finding) -> dict[str, Any]:
    """A finding as a fixture states it."""
    code, at = finding.code, finding.location
    evidence = json.loads(json.dumps(plain(dict(finding.evidence))))
    made = {"code": code.id, "severity": str(code.severity), "basis": str(code.basis), "evidence": evidence}
    if at is None or at.path is None:  # what stands in a reply, its evidence says
        return made
    return {**made, "location": [at.path, at.line, at.column, at.end_line, at.end_column]}
