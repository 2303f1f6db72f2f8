"""The verdict's order, and that it is the same whatever order results come in within their places."""

from __future__ import annotations

from wxalarm.model import Alarm, AlarmKind, Basis, CheckResult, Code, Finding, Severity, Status, status_of
from wxalarm.verdict import cause

TIMEOUT = (AlarmKind.CONNECT_TIMEOUT,)
ALARM = Alarm(kind=AlarmKind.CONNECT_TIMEOUT)


def result(check: str, *findings: Finding) -> CheckResult:
    return CheckResult(check, status_of(findings), findings)


def best(*results: CheckResult) -> str | None:
    found = cause(ALARM, results, {})
    return found.finding.code.id if found else None


def code(
    name: str,
    severity: Severity = Severity.ERROR,
    basis: Basis = Basis.REPRODUCED,
    explains: tuple[AlarmKind, ...] = TIMEOUT,
) -> Code:
    return Code(name, severity, basis, explains)


def test_what_explains_the_kind_comes_before_everything() -> None:
    other = code("other", basis=Basis.RECORDED, explains=(AlarmKind.DNS_FAILURE,))
    weak = code("weak", Severity.WARNING, Basis.CONDITION)
    assert best(result("a", other()), result("b", weak())) == "weak"


def test_error_before_warning_before_basis_before_place() -> None:
    warning = code("warning", Severity.WARNING, Basis.RECORDED)
    condition = code("condition", basis=Basis.CONDITION)
    first, second = code("first"), code("second")
    assert best(result("a", warning()), result("b", condition())) == "condition"
    assert best(result("a", condition()), result("b", first())) == "first"
    assert best(result("a", first()), result("b", second())) == "first"


def test_a_note_is_never_a_cause() -> None:
    assert best(result("a", code("fact", Severity.NOTE, Basis.RECORDED)())) is None
    assert best() is None


def test_for_and_against() -> None:
    wanted, other, stray = code("wanted"), code("other"), code("stray", explains=())
    found = cause(
        ALARM,
        [result("a", wanted()), result("b"), result("c"), result("d", other(), stray())],
        {"a": frozenset({"wanted"}), "b": frozenset({"wanted"}), "c": frozenset({"other"})},
    )
    assert found is not None
    assert found.contradicts == ("b",)
    assert [finding.code.id for finding in found.supports] == ["other"]


def test_status_is_derived() -> None:
    assert status_of(()) is Status.PASS
    assert status_of((code("n", Severity.NOTE)(),)) is Status.PASS
    assert status_of((code("w", Severity.WARNING)(), code("n", Severity.NOTE)())) is Status.WARN
    assert status_of((code("w", Severity.WARNING)(), code("e")())) is Status.FAIL
