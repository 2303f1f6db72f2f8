"""One round as a plugin of Nagios says it (Icinga, Checkmk, Zabbix …): a line with numbers, and an exit code."""

from __future__ import annotations

from wxalarm.messages import Catalogue
from wxalarm.model import Report
from wxalarm.render.redact import Redactor
from wxalarm.render.text import visible
from wxalarm.watch.rounds import numbers_of
from wxalarm.watch.states import Level
from wxalarm.watch.words import brief
from wxalarm.wechat.limits import SLOW_AFTER, WAIT

CODES = {Level.UP: 0, Level.DEGRADED: 1, Level.DOWN: 2, None: 3}
"""Exit codes by the guidelines of the Monitoring Plugins."""
WORDS = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}


def plugin(report: Report, words: Catalogue) -> tuple[int, str]:
    """(exit code, output)."""
    numbers = numbers_of(report)
    code = CODES[numbers.level]
    said = Redactor(reveal=True).text("\n".join(brief(report, words))) if code else report.target.url or ""
    first, *more = [line.replace("|", "¦") for line in visible(said, keep_newlines=True).splitlines()]
    data = [f"'{one.address}'={one.total:.4f}s;{SLOW_AFTER:g};{WAIT:g};0" for one in numbers.phases]
    data += [f"'dns'={numbers.dns:.4f}s;;;0"] if numbers.dns is not None else []
    return code, "\n".join((f"WXALARM {WORDS[code]} - {first} | {' '.join(data)}", *more)) + "\n"
