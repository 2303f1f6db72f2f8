"""Faulty servers on loopback, as async context managers: for `wxalarm demo`, for tests, and for users' own tests.

SCENARIOS is the tuple of all scenarios, in the order in which `wxalarm demo --list` shows them; scenarios live in
lab/scenarios/, one module a layer; the servers they start live beside it, one module a protocol.
"""

from __future__ import annotations

from wxalarm.lab.scenario import Scenario as Scenario
from wxalarm.lab.scenario import Staged as Staged

# By other names than the modules': `wxalarm.lab.http` is the module of servers.
from wxalarm.lab.scenarios.api import SCENARIOS as _API
from wxalarm.lab.scenarios.dns import SCENARIOS as _DNS
from wxalarm.lab.scenarios.http import SCENARIOS as _HTTP
from wxalarm.lab.scenarios.logs import SCENARIOS as _LOGS
from wxalarm.lab.scenarios.net import SCENARIOS as _NET
from wxalarm.lab.scenarios.push import SCENARIOS as _PUSH
from wxalarm.lab.scenarios.reply import SCENARIOS as _REPLY
from wxalarm.lab.scenarios.server import SCENARIOS as _SERVER
from wxalarm.lab.scenarios.tls import SCENARIOS as _TLS

SCENARIOS: tuple[Scenario, ...] = (
    # connection; its first is what `wxalarm demo` shows
    *_NET,
    # name
    *_DNS,
    # TLS
    *_TLS,
    # HTTP
    *_HTTP,
    # the push
    *_PUSH,
    # the reply
    *_REPLY,
    # the server
    *_SERVER,
    *_LOGS,
    # WeChat's own view
    *_API,
)
