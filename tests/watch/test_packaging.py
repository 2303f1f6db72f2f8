"""What is shipped to run it for good: read by the programs that it is for, where they are here."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.paths import ROOT
from wxalarm.config import from_mapping
from wxalarm.watch.targets import plan_of

PACKAGING = ROOT / "packaging"


def test_the_configuration_of_the_container_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXALARM_WATCH_TOKEN", "made-up")
    plan = plan_of(from_mapping(tomllib.loads((PACKAGING / "docker" / "wxalarm.toml").read_text())))
    assert (plan.listen, plan.token) == (("0.0.0.0", 9420), "made-up")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_unit_is_right_and_well_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "wxalarm-watch.service"
    text = (PACKAGING / "systemd" / "wxalarm-watch.service").read_text()
    unit.write_text(text.replace("/usr/local/bin/wxalarm", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "wxalarm-watch.service" in line] == []
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs prometheus")
def test_the_configurations_of_prometheus_and_alertmanager_are_right() -> None:
    config, alerts = PACKAGING / "prometheus" / "prometheus.yml", PACKAGING / "prometheus" / "alertmanager.yml"
    for command in (f"promtool check config --syntax-only {config}", f"amtool check-config {alerts}"):
        done = subprocess.run(command.split(), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
