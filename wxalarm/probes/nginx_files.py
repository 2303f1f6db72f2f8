"""Fetches this machine's nginx configuration: `nginx -T` where it may run, else the files at the usual places.

Every read is bounded. What cannot be read is named in the result, not raised.
"""

from __future__ import annotations

import asyncio
import glob
import os
import re
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from wxalarm import nginx
from wxalarm.probes import local, processes
from wxalarm.probes.command import run

MAX_FILE = 1024 * 1024
MAX_TOTAL = 8 * 1024 * 1024
BINARIES = (
    "/usr/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/usr/local/nginx/sbin/nginx",
    "/usr/local/openresty/nginx/sbin/nginx",
    "/usr/local/openresty/bin/openresty",
    "/www/server/nginx/sbin/nginx",
    "/opt/nginx/sbin/nginx",
    "/opt/homebrew/bin/nginx",
    "/usr/local/bin/nginx",
)
PLACES = (
    "/etc/nginx/nginx.conf",
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
    "/etc/openresty/nginx.conf",
    "/www/server/nginx/conf/nginx.conf",
    "/usr/local/etc/nginx/nginx.conf",
    "/opt/homebrew/etc/nginx/nginx.conf",
    "/opt/nginx/conf/nginx.conf",
    "/etc/tengine/nginx.conf",
    "C:/nginx/conf/nginx.conf",
)
_PERMISSION = re.compile(r"\((?:13|1): (?:Permission denied|Operation not permitted)\)|Permission denied")
_EMERG = re.compile(
    r"^(?:nginx: |\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )\[(?:emerg|crit|alert)\] (?:\d++#\d++: )?(.*)$", re.MULTILINE
)
"""As nginx prints it to the terminal; a build whose error log is stderr (Debian's) prints only the second form."""


class ConfFile(Struct, frozen=True):
    """One configuration file as it stands on disk. Bytes that are no UTF-8 are lone surrogates (PEP 383)."""

    path: str
    text: str


class NginxFiles(Struct, frozen=True):
    """A configuration's texts and what `nginx -t` says of them."""

    path: str
    """The main file; "-" for standard input."""
    source: str
    """dump (nginx -T), files (found at a usual place), given (--nginx-conf), stdin."""
    files: tuple[ConfFile, ...] = ()
    prefix: str = ""
    """What relative log paths are relative to."""
    access_log: str = "logs/access.log"
    """The log that this nginx writes when no access_log is given (configure --http-log-path)."""
    error_log: str = "logs/error.log"
    binary: str | None = None
    tested: bool | None = None
    """What `nginx -t` says: True, False, or None when it could not be asked."""
    message: str = ""
    """The first [emerg] line of `nginx -t`, as nginx prints it."""
    unreadable: tuple[str, ...] = ()
    """Files that nginx reads and this user may not."""
    running: processes.Nginx | None = None

    @property
    def usable(self) -> bool:
        """Whether there is any text to judge."""
        return bool(self.files)


class _Reading(Struct):
    """Reads files for `nginx.load`, within the bounds."""

    total: int = 0
    unreadable: list[str] = field(default_factory=list)

    def fetch(self, pattern: str) -> Sequence[tuple[str, str]]:
        paths = sorted(glob.glob(pattern))[: nginx.MAX_FILES] if glob.has_magic(pattern) else [pattern]
        return [(path, text) for path in paths if (text := self.text(path)) is not None]

    def text(self, path: str) -> str | None:
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode) or self.total >= MAX_TOTAL:
                return None
            with Path(path).open("rb") as file:
                data = file.read(MAX_FILE)
        except PermissionError:
            self.unreadable.append(path)
            return None
        except (OSError, ValueError) as error:
            local.asked(error)
            return None
        self.total += len(data)
        return data.decode("utf-8", "surrogateescape")


async def find(given: str | None = None, timeout: float = 4.0) -> NginxFiles | None:
    """The configuration named by the user ("-" = standard input), or this machine's own; None when there is none.

    timeout: seconds for nginx itself.
    """
    if given == "-":
        return await asyncio.to_thread(_from_stdin)
    running = await asyncio.to_thread(_running, given)
    binary = _binary(running)
    built = await _built(binary, timeout) if binary else {}
    if running is not None and running.conf is None:
        running = replace(running, conf=built.get("conf-path"))
    if given is None and binary is not None:
        dumped = await _dump(binary, built, running, timeout)
        if dumped is not None:
            return dumped
    path = given or _usual(running, built)
    if path is None:
        return None
    found = await asyncio.to_thread(_from_files, path, given is not None, binary, built, running)
    if binary is None or not found.files:
        return found
    return _with_test(found, await run([binary, "-t", *_options(running, found.path, given is not None)], timeout))


def disk_fetch() -> nginx.Fetch:
    """Fetches the files of one configuration from this machine's disk, within the bounds."""
    return _Reading().fetch


def _running(given: str | None) -> processes.Nginx | None:
    return processes.nginx(conf=_absolute(given) if given else None)


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the current folder is gone, and no file is in it
        return path


def _from_stdin() -> NginxFiles:
    text = sys.stdin.buffer.read(MAX_TOTAL).decode("utf-8", "surrogateescape")
    try:
        path, files = nginx.from_dump(text)
    except ValueError:
        path, files = "-", {"-": text} if text.strip() else {}
    return NginxFiles(path, "stdin", tuple(ConfFile(*item) for item in files.items()), prefix=_prefix(path))


def _from_files(
    path: str, given: bool, binary: str | None, built: dict[str, str], running: processes.Nginx | None
) -> NginxFiles:
    path = _absolute(path)
    reading = _Reading()
    config = nginx.load(path, reading.fetch)
    own = (running.prefix or built.get("prefix")) if running is not None and running.conf == path else None
    return NginxFiles(
        path=path,
        source="given" if given else "files",
        files=tuple(ConfFile(*item) for item in config.files.items()),
        prefix=(own or _prefix(path)) if given else built.get("prefix") or _prefix(path),
        access_log=built.get("http-log-path", "logs/access.log"),
        error_log=built.get("error-log-path", "logs/error.log"),
        binary=binary,
        unreadable=tuple(reading.unreadable),
        running=running,
    )


async def _dump(
    binary: str, built: dict[str, str], running: processes.Nginx | None, timeout: float
) -> NginxFiles | None:
    """What `nginx -T` prints; None when it does not print the configuration (it does not load, or may not be read)."""
    ended = await run([binary, "-T", *_options(running, None, False)], timeout)
    if ended is None or ended[0] != 0:
        return None
    try:
        path, files = nginx.from_dump(ended[1])
    except ValueError:
        return None
    return NginxFiles(
        path=path,
        source="dump",
        files=tuple(ConfFile(*item) for item in files.items()),
        prefix=(running.prefix if running else None) or built.get("prefix") or _prefix(path),
        access_log=built.get("http-log-path", "logs/access.log"),
        error_log=built.get("error-log-path", "logs/error.log"),
        binary=binary,
        tested=True,
        running=running,
    )


def _with_test(found: NginxFiles, ended: tuple[int, str, str] | None) -> NginxFiles:
    if ended is None:
        return found
    code, _, errors = ended
    message = match[1].strip() if (match := _EMERG.search(errors)) else ""
    if code == 0:
        return replace(found, tested=True)
    if not message or _PERMISSION.search(message):
        return replace(found, message=message)
    return replace(found, tested=False, message=message)


def _options(running: processes.Nginx | None, path: str | None, given: bool) -> list[str]:
    """-c and -p as the running master has them, or the file that was asked for when that is another."""
    if running is None or (given and path != running.conf):
        return ["-c", path] if path else []
    options = ["-c", running.conf] if running.conf else ["-c", path] if path else []
    return [*options, "-p", running.prefix] if running.prefix else options


def _binary(running: processes.Nginx | None) -> str | None:
    """The running nginx's own program, else the one in PATH, else one at a usual place."""
    if running is not None and running.exe and os.access(running.exe, os.X_OK):
        return running.exe
    found = shutil.which("nginx") or shutil.which("openresty")
    return found or next((path for path in BINARIES if os.access(path, os.X_OK)), None)


def _usual(running: processes.Nginx | None, built: dict[str, str]) -> str | None:
    wanted = (running.conf if running else None, built.get("conf-path"), *PLACES)
    return next((path for path in wanted if path and Path(path).is_file()), None)


def _prefix(path: str) -> str:
    """The folder that relative log paths probably start from: …/nginx for …/nginx/conf/nginx.conf."""
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(folder) == "conf" else folder


async def _built(binary: str, timeout: float) -> dict[str, str]:
    """The configure arguments of `nginx -V` by name, without dashes."""
    ended = await run([binary, "-V"], timeout)
    if ended is None:
        return {}
    return dict(re.findall(r"--(prefix|conf-path|http-log-path|error-log-path)=(\S+)", ended[1] + ended[2]))
