"""What an answer can cause that came after so many seconds; how repeated measurements are summed up."""

from __future__ import annotations

import pytest

from wxalarm.checks.timing import answered, spread
from wxalarm.kinds import BLOCKED, INVALID, LATE
from wxalarm.model import AlarmKind, Basis, Code, Severity

EITHER = Code("either", Severity.ERROR, Basis.REPRODUCED, (*LATE, *INVALID, *BLOCKED))
BAD = Code("bad", Severity.ERROR, Basis.REPRODUCED, INVALID)


@pytest.mark.parametrize(
    ("seconds", "late", "judged"),
    [
        (None, True, True),
        (0.004, False, True),
        (3.9, False, True),
        (4.5, True, True),
        (5.5, True, True),
        (8, True, False),
    ],
)
def test_an_answer_in_time_is_judged_and_a_late_one_is_not(seconds: float | None, late: bool, judged: bool) -> None:
    kinds = answered(EITHER, seconds).explains
    assert (AlarmKind.REQUEST_TIMEOUT in kinds) == late
    assert (AlarmKind.INVALID_RESPONSE in kinds) == judged
    assert AlarmKind.MARK_FAIL in kinds
    assert set(answered(BAD, seconds).explains) <= set(INVALID)
    assert (AlarmKind.INVALID_RESPONSE in answered(BAD, seconds).explains) == judged


def test_a_spread_of_durations() -> None:
    found = spread([0.1, 4.0, 0.2, 6.0])
    assert (found.times, found.p50, found.longest, found.share) == (4, 0.2, 6.0, 0.25)
