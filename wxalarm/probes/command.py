"""The programs of this machine that are run, each with its arguments, and the one place that starts them.

A program is taken from the system's own folders, never from PATH or the current folder, and only when nobody but root
and this user can change it. It gets no input, a fixed environment, and as its folder the root; what it prints is
bounded in time and size.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wxalarm import trust
from wxalarm.probes import local

MOST = 16 * 1024 * 1024
"""Bytes of standard output and of standard error each."""
FOLDERS = (
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/run/current-system/sw/bin",
)
"""Where programs are looked for. The last two: macOS, NixOS."""
NGINX_FOLDERS = (
    "/usr/local/nginx/sbin",
    "/usr/local/openresty/nginx/sbin",
    "/usr/local/openresty/bin",
    "/www/server/nginx/sbin",
    "/opt/nginx/sbin",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A program and its arguments; {name} among them is filled when it is run."""

    program: str
    arguments: tuple[str, ...]
    offline: bool = False
    """It is run with --offline too: it opens no socket, whatever it is given."""

    def vector(self, path: str, **values: str) -> list[str]:
        """What is run. Raises ValueError for a value that the program would take for an option, or that has a NUL."""
        for value in values.values():
            if value.startswith("-") or "\0" in value:
                raise ValueError(value)
        return [path, *(values[word[1:-1]] if word.startswith("{") else word for word in self.arguments)]


NGINX_BUILT = Call("nginx", ("-V",), offline=True)
NGINX_DUMP = Call("nginx", ("-T", "-c", "{conf}", "-p", "{prefix}"))
NGINX_TEST = Call("nginx", ("-t", "-c", "{conf}", "-p", "{prefix}"))
PING = Call("ping", ("-n", "-c", "{count}", "-i", "{interval}", "-W", "{wait}", "{address}"))
SADF = Call("sadf", ("-j", "{file}", "--", "-u", "-q", "-r", "-W", "-d"), offline=True)
"""CPU, load, memory, swapping, disks. Not "-q ALL": sysstat before 12.3 does not know it."""
ZSTD = Call("zstd", ("-dcq",), offline=True)
CALLS = (NGINX_BUILT, NGINX_DUMP, NGINX_TEST, PING, SADF, ZSTD)
"""Every program that is ever run; no other module starts one."""
NAMES = {"nginx": ("nginx", "openresty")}
"""Names under which a program is installed, where it has several."""


def find(program: str) -> str | None:
    """Where a program stands; None when it is nowhere, or others than root and this user can change it."""
    folders = FOLDERS + NGINX_FOLDERS if program == "nginx" else FOLDERS
    paths = (f"{folder}/{name}" for name in NAMES.get(program, (program,)) for folder in folders)
    return next((path for path in paths if usable(path)), None)


def usable(path: str) -> bool:
    """Whether this is a program that may be run, and nobody but root and this user can change it."""
    return os.access(path, os.X_OK) and Path(path).is_file() and ours(path)


def ours(path: str) -> bool:
    """Whether nobody but root and this user can change what stands at an absolute path: neither that, nor a folder
    above it, nor what a link on the way leads to. False where the system has no owners (Windows), and for nothing."""
    return os.name == "posix" and path.startswith("/") and "\0" not in path and trust.unsafe(Path(path)) is None


def _environment() -> dict[str, str]:
    """A plain locale, and the user's time zone, in which times are read back."""
    zone = {"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}
    return {"PATH": ":".join(FOLDERS[:4]), "LC_ALL": "C", **zone}


async def run(call: Call, timeout: float, program: str | None = None, **values: str) -> tuple[int, str, str] | None:
    """(exit code, stdout, stderr); None when it is not here, could not start or did not end in `timeout` seconds.

    program: a path that was found `usable`, when it is another than the one that `find` gives.
    """
    try:
        path = program or await asyncio.to_thread(find, call.program)
        if path is None:
            return None
        process = await asyncio.create_subprocess_exec(
            *call.vector(path, **values),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            cwd="/",
        )
    except (OSError, ValueError) as error:
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


def stream(call: Call, file: IO[bytes], size: int) -> Iterator[bytes]:
    """What a program makes of an opened file, in blocks. Raises FileNotFoundError when the program is not here,
    ValueError when it fails."""
    path = find(call.program)
    if path is None:
        raise FileNotFoundError(call.program)
    with subprocess.Popen(
        call.vector(path),
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd="/",
    ) as process:
        assert process.stdout is not None
        try:
            while block := process.stdout.read(size):
                yield block
            if process.wait() != 0:
                raise ValueError(f"{call.program}: exit {process.returncode}")
        finally:
            process.kill()


def on_path(program: str) -> str | None:
    """Where PATH has a program that a flag of the user's asks for by what it does (--clipboard, --ocr)."""
    return shutil.which(program)


def asked_for(command: Sequence[str], timeout: float, data: bytes = b"", **more: str) -> tuple[int, bytes, str]:
    """(exit code, stdout, stderr) of such a program, in the user's own environment: by that a display is found. more:
    variables besides.

    Raises OSError when it cannot be started, TimeoutError when it did not end in `timeout` seconds.
    """
    try:
        env = {**os.environ, **more}
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout, check=False, env=env)
    except subprocess.TimeoutExpired:
        raise TimeoutError(command[0]) from None
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip()
