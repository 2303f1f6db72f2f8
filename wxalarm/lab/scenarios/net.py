"""Scenarios of the connection: a closed port, a full listen queue, a half-dead pool, a slow handshake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wxalarm.lab import tcp
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import CONNECT_TIMEOUT, staged


@asynccontextmanager
async def _refused() -> AsyncIterator[Staged]:
    async with tcp.refused() as port:
        yield staged(CONNECT_TIMEOUT, port)


SCENARIOS = (Scenario("port-closed", "tcp-refused", _refused),)
