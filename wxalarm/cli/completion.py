"""What a shell offers behind an option or an argument: names that only this program knows. Nothing here ever fails:
whoever presses Tab wants no traceback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import typer


def formats(ctx: typer.Context, incomplete: str) -> Iterator[str]:
    """Those of the command."""
    module = import_module(f"wxalarm.cli.{ctx.command.name}")
    return _begun(getattr(module, "FORMATS", ()), incomplete)


def checks(incomplete: str) -> Iterator[str]:
    """Checks, behind commas too."""
    # Only behind Tab.
    from wxalarm.checks import CHECKS

    done, comma, begun = incomplete.rpartition(",")
    return (done + comma + name for name in _begun((check.id for check in CHECKS), begun))


def names(incomplete: str) -> Iterator[str]:
    """What can be explained."""
    # Only behind Tab.
    from wxalarm.render.explain import names as known

    return _begun(known(), incomplete)


def scenarios(incomplete: str) -> Iterator[str]:
    """Those of `demo`."""
    # Only behind Tab.
    from wxalarm.lab import SCENARIOS

    return _begun((scenario.name for scenario in SCENARIOS), incomplete)


def accounts(incomplete: str) -> Iterator[str]:
    """Those of the configuration that would be found."""
    # Only behind Tab.
    from wxalarm.config import ConfigError, load

    try:
        settings: Any = load()
    except (ConfigError, OSError, ValueError):
        return iter(())
    return _begun((account.name for account in settings.accounts), incomplete)


def languages(incomplete: str) -> Iterator[str]:
    """en and zh."""
    # Only behind Tab.
    from wxalarm.messages import LANGUAGES

    return _begun(LANGUAGES, incomplete)


def schemas(incomplete: str) -> Iterator[str]:
    """Those of `schema`."""
    # Only behind Tab.
    from wxalarm.render.schema import schemas as known

    return _begun(known("en"), incomplete)


def _begun(known: Iterable[str], incomplete: str) -> Iterator[str]:
    return (name for name in known if name.startswith(incomplete))
