"""sar's records of the alarm's time: the output of sadf, whatever it holds, and a file that sysstat itself wrote."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paths import FIXTURES
from tests.support import context_of
from wxalarm.checks.host import host_history
from wxalarm.probes.host import sar

OUTPUT = (FIXTURES / "sar" / "sadf.json").read_text("utf-8")
ALARM = datetime.fromisoformat("2025-12-31T20:12:00+08:00")  # 12:12 UTC
SADC = next((path for path in ("/usr/lib/sysstat/sadc", "/usr/lib64/sa/sadc") if Path(path).is_file()), None)


def test_only_records_that_overlap_the_window_count() -> None:
    found = sar.moments(OUTPUT, ALARM, ALARM + timedelta(minutes=5))
    assert [f"{one.at:%H:%M}" for one in found] == ["12:15", "12:25"]
    assert [one.load1 for one in found] == [23.4, 4.2]
    assert found[0].cores == 4
    assert found[0].busy == pytest.approx(0.945)
    assert found[0].available == pytest.approx(102000 / (8060000 / 0.9868), rel=0.001)
    assert (found[0].disk, found[0].wait_ms) == ("vda", 640.2)
    assert sar.moments(OUTPUT, ALARM + timedelta(days=31), ALARM + timedelta(days=31, minutes=5)) == ()


KEYS = ("timestamp", "date", "time", "interval", "cpu-load", "cpu", "disk", "await")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@given(statistics=JSON, cores=JSON)
def test_any_output_is_no_error(statistics: Any, cores: Any) -> None:
    text = json.dumps({"sysstat": {"hosts": [{"number-of-cpus": cores, "statistics": statistics}]}})
    sar.moments(text, ALARM, ALARM + timedelta(minutes=5))


@given(
    key=st.sampled_from(["timestamp", "cpu-load", "memory", "queue", "disk", "swap-pages"]),
    value=JSON,
    cut=st.integers(0, len(OUTPUT)),
)
def test_odd_records_are_left_out(key: str, value: Any, cut: int) -> None:
    data = json.loads(OUTPUT)
    data["sysstat"]["hosts"][0]["statistics"][1][key] = value
    found = sar.moments(json.dumps(data), ALARM, ALARM + timedelta(minutes=5))
    list(host_history.evaluate(sar.History("x", found), context_of({})))
    sar.moments(OUTPUT[:cut], ALARM, ALARM + timedelta(minutes=5))


def test_the_file_of_the_alarms_day_is_named_in_two_ways(tmp_path: Path) -> None:
    day = ALARM.astimezone()
    assert sar.file_of(ALARM, str(tmp_path)) is None
    (tmp_path / f"sa{day:%d}").touch()
    assert sar.file_of(ALARM, str(tmp_path)) == str(tmp_path / f"sa{day:%d}")
    (tmp_path / f"sa{day:%Y%m%d}").touch()
    assert sar.file_of(ALARM, str(tmp_path)) == str(tmp_path / f"sa{day:%Y%m%d}")


@pytest.mark.oracle
@pytest.mark.skipif(SADC is None or shutil.which("sadf") is None, reason="needs sysstat")
def test_a_file_that_sysstat_wrote(tmp_path: Path) -> None:
    assert SADC is not None
    begin = datetime.now(UTC)
    path = tmp_path / f"sa{begin.astimezone():%d}"
    subprocess.run([SADC, "-S", "DISK", "1", "3", str(path)], check=True)
    end = datetime.now(UTC)
    found = asyncio.run(sar.look(begin, end + timedelta(seconds=2), 20.0, [str(tmp_path)]))
    assert found is not None
    assert found.moments
    assert all(
        one.cores and one.load1 is not None and one.busy is not None and one.steal is not None for one in found.moments
    )
    assert all(one.available is not None and 0 < one.available <= 1 for one in found.moments)
    assert all(begin - timedelta(seconds=2) <= one.at <= end + timedelta(seconds=2) for one in found.moments)
    before = asyncio.run(sar.look(begin - timedelta(hours=1), begin - timedelta(minutes=30), 20.0, [str(tmp_path)]))
    assert before is None or before.moments == (), "of another time of that day"
