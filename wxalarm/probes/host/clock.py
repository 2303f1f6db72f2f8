"""Whether this machine's clock is kept right, as far as it knows itself: no network is asked."""

from __future__ import annotations

import ctypes
from pathlib import Path

from msgspec import Struct

from wxalarm.probes import processes
from wxalarm.probes.host.reading import has_proc
from wxalarm.probes.processes import read_text

SERVICES = (
    "chronyd",
    "ntpd",
    "ntpd-rs",
    "openntpd",
    "systemd-timesyn",
    "timemaster",
    "ptp4l",
    "VBoxService",
    "vmtoolsd",
)
"""Names of processes that keep a clock; a process's name has at most 15 characters."""
_UNSYNC, _NANO = 0x0040, 0x2000


class Clock(Struct, frozen=True):
    """The kernel's own view of its clock. None: it does not say."""

    synchronised: bool | None = None
    offset: float | None = None
    """Seconds by which the kernel is being corrected now."""
    error: float | None = None
    """Seconds: the largest error that the time service admits."""
    service: str | None = None
    """The time service that runs."""


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), without what stands behind the fields of interest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def look(root: str = "") -> Clock:
    """The clock now."""
    service = _service(root) if has_proc(root) else None
    kernel = _kernel() if not root else None
    if kernel is None:
        return Clock(synchronised=Path(f"{root}/run/systemd/timesync/synchronized").exists() or None, service=service)
    synchronised, offset, error = kernel
    return Clock(synchronised, offset, error if synchronised else None, service)


def _kernel() -> tuple[bool, float, float] | None:
    """adjtimex(2) without a change: (synchronised, offset, largest error); None where there is none."""
    timex = _Timex()
    try:
        result = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError, TypeError):
        return None
    if result < 0:
        return None
    unit = 1e-9 if timex.status & _NANO else 1e-6
    return not timex.status & _UNSYNC, timex.offset * unit, timex.maxerror * 1e-6


def _service(root: str) -> str | None:
    proc = f"{root}/proc"
    for pid in processes.pids(proc):
        name = (read_text(f"{proc}/{pid}/comm", 64) or "").strip()
        if name in SERVICES:
            return name
    return None
