"""The checks on this machine, one module a resource, in the order of reports: the alarm's own time first."""

from __future__ import annotations

from typing import Any

from wxalarm.checks import (
    host_clock,
    host_cpu,
    host_disk,
    host_history,
    host_limits,
    host_memory,
    host_network,
)
from wxalarm.checks.check import Check

HOST: tuple[Check[Any], ...] = (
    host_history.CHECK,
    host_cpu.CHECK,
    host_memory.CHECK,
    host_disk.CHECK,
    host_limits.CHECK,
    host_network.CHECK,
    host_clock.CHECK,
)
