"""Saved cases: alarms and observations as data, so that a diagnosis can be replayed anywhere with no network.

The observations are facts; evaluate, the verdict and the words run again over them. Secrets are never in a case.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from wxalarm import bounds
from wxalarm.checks import CHECKS
from wxalarm.checks.check import Check, Context
from wxalarm.config import Account, Settings
from wxalarm.messages import ReasonError
from wxalarm.model import Alarm, CheckResult, Finding, Location, Reason, Report, Severity, Status, Target, Whole
from wxalarm.parser import PROBLEMS
from wxalarm.runner import Ended

SCHEMA = "wxalarm.case/1"


class CaseError(ReasonError):
    """A file is not a saved case: says the place and what was expected there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A case read back: contexts, and for each the saved outcome of every check."""

    contexts: tuple[Context, ...]
    by_alarm: Mapping[int, Mapping[str, Ended]]
    """Outcomes by check id, by the identity of the context's alarm."""
    problems: tuple[Finding, ...] = ()
    """What could not be read in the alarms."""

    def outcome(self, ctx: Context, check: Check[Any]) -> Ended:
        """What `check` gave for this context, for Run's `saved`."""
        return self.by_alarm[id(ctx.alarm)].get(check.id) or Ended(None, Reason("not-saved"), False)


def to_text(reports: Sequence[Report], contexts: Sequence[Context], problems: Sequence[Finding] = ()) -> str:
    """A case as JSON text."""
    entries = []
    for report, ctx in zip(reports, contexts, strict=True):
        account = ctx.account and dataclasses.replace(ctx.account, secrets={})
        entries.append(
            {
                "alarm": _alarm_record(ctx.alarm),
                "target": ctx.target,
                "account": account,
                "settings": dataclasses.replace(ctx.settings, accounts=()),
                "accounts_here": ctx.accounts_here,
                "now": ctx.now.isoformat(),
                "results": {result.check: _outcome(result) for result in report.results},
            }
        )
    flaws = [
        {"code": flaw.code.id, "severity": flaw.code.severity, "evidence": flaw.evidence, "location": flaw.location}
        for flaw in problems
    ]
    plain = msgspec.to_builtins({"schema": SCHEMA, "cases": entries, "problems": flaws})
    # ASCII only: a lone surrogate out of an alarm survives the file.
    return json.dumps(plain, ensure_ascii=True, indent=1) + "\n"


def from_text(text: str, source: str) -> Case:
    """A case from JSON text. Raises CaseError."""
    # A text of two characters takes fifty times as much memory: counted before any of them is made.
    values = 1 + text.count(",") + text.count("[") + text.count("{")
    if values > bounds.CASE_VALUES:
        raise CaseError("case-values", source=source, limit=bounds.CASE_VALUES)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaseError("case-not-json", source=source, error=str(error)) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise CaseError("case-schema", source=source, schema=SCHEMA, found=repr(found))
    checks = {check.id: check for check in CHECKS}
    contexts, outcomes = [], []
    try:
        problems = tuple(map(_problem, data.get("problems", ())))
        for entry in data["cases"]:
            contexts.append(
                Context(
                    alarm=alarm_of(entry["alarm"]),
                    target=msgspec.convert(entry["target"], Target),
                    settings=msgspec.convert(entry["settings"], Settings),
                    account=msgspec.convert(entry["account"], Account | None),
                    accounts_here=int(entry["accounts_here"]),
                    now=datetime.fromisoformat(entry["now"]),
                )
            )
            outcomes.append(
                {
                    name: _saved(value, checks[name].observation)
                    for name, value in entry["results"].items()
                    if name in checks
                }
            )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise CaseError("case-version", source=source, error=f"{type(error).__name__}: {error}") from None
    if not contexts:
        raise CaseError("case-no-alarm", source=source)
    by_alarm = {id(ctx.alarm): outcome for ctx, outcome in zip(contexts, outcomes, strict=True)}
    return Case(tuple(contexts), by_alarm, problems)


def _problem(record: Mapping[str, Any]) -> Finding:
    code = next((code for code in PROBLEMS if code.id == record["code"]), None)
    if code is None:
        raise ValueError(record["code"])
    location: Location | None = msgspec.convert(record["location"], Location | None)
    evidence: dict[str, Any] = msgspec.convert(record["evidence"], dict[str, Any])
    return Finding(code.variant(severity=Severity(record["severity"])), evidence, location)


def _alarm_record(alarm: Alarm) -> dict[str, Any]:
    """All fields of an alarm, and of its places the one of the whole."""
    record = {f.name: getattr(alarm, f.name) for f in dataclasses.fields(Alarm) if f.name != "places"}
    return record | {"location": alarm.location}


def alarm_of(record: Mapping[str, Any]) -> Alarm:
    """The alarm of a record as a saved case or `parse` writes it. Raises ValueError (msgspec's) and KeyError."""
    where: Location | None = msgspec.convert(record["location"], Location | None)
    alarm = msgspec.convert({name: value for name, value in record.items() if name != "location"}, Alarm)
    return dataclasses.replace(alarm, places=None if where is None else Whole(where))


def _outcome(result: CheckResult) -> dict[str, Any]:
    # A reason that evaluate gave comes with an observation and is found again by evaluating it.
    reason = result.reason if result.observation is None else None
    return {
        "observation": result.observation,
        "reason": reason,
        "unknown": reason is not None and result.status is Status.UNKNOWN,
        "started": result.started,
        "elapsed": result.elapsed,
    }


def _saved(value: Mapping[str, Any], observation: Any) -> Ended:
    return Ended(
        None if value["observation"] is None else msgspec.convert(value["observation"], observation),
        msgspec.convert(value["reason"], Reason | None),
        bool(value["unknown"]),
        float(value["started"]),
        float(value["elapsed"]),
    )
