"""`wxalarm diagnose`."""

from __future__ import annotations

import sys


def diagnose() -> None:
    """Find the cause of an alarm: checks DNS, the connection, HTTP, the reply, nginx, its logs and this machine."""
    from wxalarm.checks.check import Context
    from wxalarm.config import load
    from wxalarm.model import Target
    from wxalarm.parser import parse
    from wxalarm.runner import run

    settings = load()
    for report in run([Context(alarm, Target(), settings) for alarm in parse(sys.stdin.read()).alarms]):
        print(report)
