"""A scenario: faulty servers on loopback, a made-up alarm about them, the code of the fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from wxalarm.config import Settings


@dataclass(frozen=True, slots=True)
class Staged:
    """A stage whose servers run: what a user would paste, and how names and resolvers lead to loopback."""

    text: str
    """The made-up alarm."""
    settings: Settings = field(default_factory=Settings)
    url: str | None = None
    """As --url; it also makes loopback a permitted target."""
    resolve: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """As --resolve, by "host:port"."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One lesson. Its title and its story are in messages/, under [scenario.NAME]."""

    name: str
    code: str
    """The id of the code of the staged fault: the verdict's cause, or what is also found when it explains no alarm."""
    stage: Callable[[], AbstractAsyncContextManager[Staged]]
    """Starts the servers; leaving it stops them."""
    only: tuple[str, ...] = ()
    """As --only: a stage whose names lead to addresses that exist on paper lets nothing connect to them."""
