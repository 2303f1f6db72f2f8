"""The probes on this machine, and what is left of them where there is no /proc (macOS, Windows)."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

from wxalarm.probes import processes
from wxalarm.probes.host import clock, cpu, disk, limits, memory, network


def test_without_proc_psutil_says_what_it_can(tmp_path: Path) -> None:
    nowhere = str(tmp_path)

    async def look() -> tuple[Any, ...]:
        return (
            await cpu.look(0.05, None, nowhere),
            await memory.look(0.05, None, nowhere),
            await disk.look([nowhere], 0.05, nowhere),
            await network.look(0.05, False, nowhere),
        )

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        one, two, three, four = asyncio.run(look())
        assert server.getsockname()[1] in {entry.port for entry in four.listening}
    assert one.cores >= 1
    assert one.load1 is not None
    assert one.steal is None or one.throttled is None
    assert 0 < two.available <= two.total
    assert three.devices is None
    assert three.spaces[0].total > 0
    assert limits.look(None, (), nowhere).tasks
    assert clock.look(nowhere).service is None


def test_the_program_that_listens_is_found() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(7)
        port = server.getsockname()[1]
        inodes = processes.listening_inodes({port})
        assert len(inodes) == 1
        [holder] = processes.holders(inodes)
        assert holder.open_files
        assert holder.nofile_soft
        seen = asyncio.run(network.look(0.05))
        [queue] = [one for one in seen.listening if one.port == port]
        assert (queue.backlog, queue.waiting) == (7, 0)
        offline = asyncio.run(network.look(0.05, ask_kernel=False))
        assert [one.backlog for one in offline.listening if one.port == port] == [None]
