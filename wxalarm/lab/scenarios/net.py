"""Scenarios of the connection: a closed port, a full listen queue, a half-dead pool, a slow handshake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wxalarm.lab import http, tcp
from wxalarm.lab.scenario import Scenario, Staged
from wxalarm.lab.scenarios.alarms import CONNECT_TIMEOUT, IMPATIENT, INVALID_RESPONSE, staged

DEAD = "127.0.0.2"
"""The other half of the pool; all of 127.0.0.0/8 is loopback."""
FULL = 2.8
"""Seconds for which the queue is full: a SYN sent at once is dropped, and so are those 1 s and 2 s later."""


@asynccontextmanager
async def _refused() -> AsyncIterator[Staged]:
    async with tcp.refused() as port:
        yield staged(INVALID_RESPONSE, port)


@asynccontextmanager
async def _full_queue() -> AsyncIterator[Staged]:
    async with tcp.full_queue() as port:
        yield staged(CONNECT_TIMEOUT, port, settings=IMPATIENT)


@asynccontextmanager
async def _half_dead() -> AsyncIterator[Staged]:
    async with http.serve(http.respond()) as port:
        yield staged(INVALID_RESPONSE, port, addresses=(tcp.LOOPBACK, DEAD))


@asynccontextmanager
async def _slow() -> AsyncIterator[Staged]:
    async with tcp.full_for(FULL) as port:
        yield staged(CONNECT_TIMEOUT, port)


SCENARIOS = (
    Scenario("port-closed", "tcp-refused", _refused),
    Scenario("listen-queue-full", "tcp-timeout", _full_queue),
    Scenario("half-dead-pool", "tcp-refused", _half_dead),
    Scenario("syn-dropped", "tcp-slow", _slow),
)
