"""Runs a program of this machine and reads what it prints: bounded in time and size, no input, plain locale."""

from __future__ import annotations

import asyncio
import contextlib
import os

from wxalarm.probes import local

MOST = 16 * 1024 * 1024
"""Bytes of standard output and of standard error each."""


async def run(command: list[str], timeout: float) -> tuple[int, str, str] | None:
    """(exit code, stdout, stderr); None when it could not start or did not end in `timeout` seconds."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        local.asked(error)
        return None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(timeout):
            out, errors = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
            code = await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return code, out, errors


async def _bounded(stream: asyncio.StreamReader) -> str:
    chunks: list[bytes] = []
    size = 0
    while size <= MOST and (chunk := await stream.read(65536)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks).decode("utf-8", "surrogateescape")
