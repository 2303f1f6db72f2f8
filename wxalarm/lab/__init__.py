"""Faulty servers on loopback, as async context managers: for `wxalarm demo`, for tests, and for users' own tests.

SCENARIOS is the tuple of all scenarios, in the order in which `wxalarm demo --list` shows them; scenarios live in
lab/scenarios/, one module a layer; the servers they start live beside it, one module a protocol.
"""

from __future__ import annotations

from wxalarm.lab.scenario import Scenario as Scenario
from wxalarm.lab.scenario import Staged as Staged
from wxalarm.lab.scenarios import dns, net, reply, server

SCENARIOS: tuple[Scenario, ...] = (
    # name
    *dns.SCENARIOS,
    # connection
    *net.SCENARIOS,
    # the reply
    *reply.SCENARIOS,
    # the server
    *server.SCENARIOS,
)
