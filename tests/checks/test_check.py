"""How long an attempt may take: silence must be an answer before the run cuts the probe off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from wxalarm.checks.check import MARGIN, Context
from wxalarm.config import Settings
from wxalarm.model import Alarm, Target


def test_an_attempt_ends_before_the_run_does() -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time()
        free = Context(Alarm(), Target(), Settings())
        assert free.limit(5.0) == 5.0
        assert replace(free, deadline=now + 20).limit(5.0) == 5.0
        assert replace(free, deadline=now + 20).limit(0.1) == 0.1
        assert replace(free, deadline=now + 4).limit(5.0) <= 4 - MARGIN
        assert 0 < replace(free, deadline=now + 0.1).limit(5.0) < 0.1
        assert replace(free, deadline=now - 1).limit(5.0) == 0
        assert replace(free, deadline=now + 4).left(5.0) > replace(free, deadline=now + 4).limit(5.0)

    asyncio.run(main())
