"""Rules for alarm fixtures: each gives the same Findings as the checks do."""

from __future__ import annotations

from wxalarm.model import Code

RULES: tuple[Code, ...] = ()
"""Every rule, in the order of the documentation."""
