"""What sar recorded of the alarm's time, judged."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.probes.host.test_sar import ALARM, OUTPUT
from tests.support import context_of
from wxalarm.checks.host import host_history
from wxalarm.model import Severity
from wxalarm.probes.host import sar


def test_the_window_decides_what_is_found() -> None:
    def codes(begin: datetime) -> dict[str, Severity]:
        seen = sar.History("sa31", sar.moments(OUTPUT, begin, begin + timedelta(minutes=5)))
        return {one.code.id: one.code.severity for one in host_history.evaluate(seen, context_of({}))}

    assert codes(ALARM - timedelta(minutes=15)) == {}
    busy = codes(ALARM)
    assert set(busy) == {"load-high", "memory-low", "swapping", "disk-slow"}
    assert busy["load-high"] is Severity.ERROR, "at the alarm's own time, more than twice what the cores can do"
