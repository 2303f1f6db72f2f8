"""Fetches this machine's nginx configuration: `nginx -T` where it may run, else the files at the usual places.

nginx runs code that a configuration names, makes folders and logs, and looks names up. So only the machine's own
configuration is given to it (the one that the running master uses, or that `nginx -V` says is compiled in), by the user
whom it belongs to, when nobody else can change anything in it; any other is judged by our reader alone.
Every read is bounded. What cannot be read is named in the result, not raised.
"""

from __future__ import annotations

import asyncio
import glob
import os
import re
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from wxalarm import bounds, nginx
from wxalarm.deadline import in_thread
from wxalarm.probes import command, local, processes
from wxalarm.probes.command import NGINX_BUILT, NGINX_DUMP, NGINX_TEST, run

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


_CODE = ("load_module", "perl_require", "js_import", "js_include", "js_preload_object", "_by_lua_file")
"""Directives whose arguments name files with code, or how they end."""


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
    absent: tuple[str, ...] = ()
    """Patterns of includes whose folder is not here: what they name elsewhere is not known."""
    running: processes.Nginx | None = None

    @property
    def usable(self) -> bool:
        """Whether there is any text to judge."""
        return bool(self.files)


class _Reading(Struct):
    """Reads files for `nginx.load`, within the bounds: raises Beyond."""

    total: int = 0
    unreadable: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Every name and pattern, whether there is such a file or not."""
    whole: bool = True
    """No bound was met: what nginx would read has been read."""

    def fetch(self, pattern: str) -> Sequence[tuple[str, str]]:
        self.asked.append(pattern)
        paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        self.whole = self.whole and len(paths) <= bounds.NGINX_FILES
        paths = paths[: bounds.NGINX_FILES]
        return [(path, text) for path in paths if (text := self.text(path)) is not None]

    def text(self, path: str) -> str | None:
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                self.whole = False
                return None
            with Path(path).open("rb") as file:
                data = file.read(bounds.NGINX_FILE + 1)
        except PermissionError:
            self.unreadable.append(path)
            return None
        except (OSError, ValueError) as error:
            local.asked(error)
            return None
        self.total += len(data)
        # A part of a configuration says something else than the whole.
        if len(data) > bounds.NGINX_FILE:
            raise bounds.Beyond("nginx-file", bounds.NGINX_FILE)
        if self.total > bounds.NGINX_TOTAL:
            raise bounds.Beyond("nginx-size", bounds.NGINX_TOTAL)
        return data.decode("utf-8", "surrogateescape")


async def find(given: str | None = None, timeout: float = 4.0, *, ask: bool = True) -> NginxFiles | None:
    """The configuration named by the user ("-" = standard input), or this machine's own; None when there is none.

    timeout: seconds for nginx itself. ask: nginx may be given a configuration (not with --offline).
    """
    if given == "-":
        return await asyncio.to_thread(_from_stdin)
    running = await asyncio.to_thread(_running, given)
    binary = await asyncio.to_thread(_binary, running)
    built = await _built(binary, timeout) if binary else {}
    if running is not None and running.conf is None:
        running = replace(running, conf=built.get("conf-path"))
    path = given or await asyncio.to_thread(_usual, running, built)
    if path is None:
        return None
    found, own = await in_thread(lambda: _from_files(path, given is not None, binary, built, running))
    if binary is None or own is None or not ask:
        return found
    values = {"conf": found.path, "prefix": own}
    if given is None and (dumped := _dumped(found, await run(NGINX_DUMP, timeout, binary, **values))) is not None:
        return dumped
    return _with_test(found, await run(NGINX_TEST, timeout, binary, **values)) if found.files else found


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
    data = sys.stdin.buffer.read(bounds.NGINX_TOTAL + 1)
    if len(data) > bounds.NGINX_TOTAL:
        raise bounds.Beyond("nginx-size", bounds.NGINX_TOTAL)
    text = data.decode("utf-8", "surrogateescape")
    try:
        path, files = nginx.from_dump(text)
    except ValueError:
        path, files = "-", {"-": text} if text.strip() else {}
    return NginxFiles(path, "stdin", tuple(ConfFile(*item) for item in files.items()), prefix=_prefix(path))


def _from_files(
    path: str, given: bool, binary: str | None, built: dict[str, str], running: processes.Nginx | None
) -> tuple[NginxFiles, str | None]:
    """The files as they stand on disk; and the prefix to give to nginx beside them, None when they are not its own."""
    path = _absolute(path)
    reading = _Reading()
    if given and (dumped := _copied(path, reading.text(path))) is not None:
        return dumped, None
    config = nginx.load(path, reading.fetch)
    runs = running if running is not None and running.conf == path else None
    own = (runs.prefix if runs is not None else None) or built.get("prefix")
    found = NginxFiles(
        path=path,
        source="given" if given else "files",
        files=tuple(ConfFile(*item) for item in config.files.items()),
        prefix=((own if runs is not None else None) or _prefix(path))
        if given
        else built.get("prefix") or _prefix(path),
        access_log=built.get("http-log-path", "logs/access.log"),
        error_log=built.get("error-log-path", "logs/error.log"),
        binary=binary,
        unreadable=tuple(reading.unreadable),
        absent=tuple(pattern for pattern in reading.asked if _is_elsewhere(pattern)) if given else (),
        running=running,
    )
    its_own = (runs is not None and runs.uid in (0, _euid())) or built.get("conf-path") == path
    return found, own if its_own and own is not None and _ours(reading, path, config, own) else None


def _is_elsewhere(pattern: str) -> bool:
    """Whether a pattern is of a folder that this machine does not have: the configuration is another's."""
    folder = os.path.dirname(pattern[: next((at for at, char in enumerate(pattern) if char in "*?["), 0)])
    return glob.has_magic(pattern) and not os.path.isdir(folder)


def _copied(path: str, text: str | None) -> NginxFiles | None:
    """What a file holds that was printed by `nginx -T`; None for any other."""
    try:
        main, files = nginx.from_dump(text or "")
    except ValueError:
        return None
    return NginxFiles(main, "given", tuple(ConfFile(*item) for item in files.items()), prefix=_prefix(main))


def _ours(reading: _Reading, path: str, config: nginx.Config, prefix: str) -> bool:
    """Whether this user may let nginx read a configuration, which runs the code that it names: the main file is this
    user's, and nobody but root and this user can change any file of it, or any program in it, or add to them."""
    try:
        owner = Path(path).stat().st_uid
    except OSError:
        return False
    folders = {os.path.dirname(pattern) for pattern in reading.asked if not glob.has_magic(os.path.dirname(pattern))}
    names = [argument for one in config.walk() if one.name.endswith(_CODE) for argument in one.args]
    code = [os.path.join(folder, name) for name in names for folder in (prefix, os.path.dirname(path))]
    there = [name for name in (*folders, *code) if os.path.lexists(name)]
    return owner == _euid() and reading.whole and all(map(command.ours, (prefix, path, *config.files, *there)))


def _euid() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else -1


def _dumped(found: NginxFiles, ended: tuple[int, str, str] | None) -> NginxFiles | None:
    """What `nginx -T` printed; None when it did not print the configuration (it does not load, or may not be read)."""
    if ended is None or ended[0] != 0:
        return None
    try:
        path, files = nginx.from_dump(ended[1])
    except ValueError:
        return None
    running = found.running
    return replace(
        found,
        path=path,
        source="dump",
        files=tuple(ConfFile(*item) for item in files.items()),
        prefix=(running.prefix if running else None) or found.prefix,
        unreadable=(),
        tested=True,
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


def _binary(running: processes.Nginx | None) -> str | None:
    """The running nginx's own program, else the one of the system."""
    exe = running.exe if running is not None else None
    if exe and os.path.basename(exe) in command.NAMES["nginx"] and command.usable(exe):
        return exe
    return command.find("nginx")


def _usual(running: processes.Nginx | None, built: dict[str, str]) -> str | None:
    wanted = (running.conf if running else None, built.get("conf-path"), *PLACES)
    return next((path for path in wanted if path and Path(path).is_file()), None)


def _prefix(path: str) -> str:
    """The folder that relative log paths probably start from: …/nginx for …/nginx/conf/nginx.conf."""
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(folder) == "conf" else folder


async def _built(binary: str, timeout: float) -> dict[str, str]:
    """The configure arguments of `nginx -V` by name, without dashes; nginx's own defaults where it names none."""
    ended = await run(NGINX_BUILT, timeout, binary)
    if ended is None or ended[0] != 0:
        return {}
    built = dict(re.findall(r"--(prefix|conf-path|http-log-path|error-log-path)=(\S+)", ended[1] + ended[2]))
    prefix = built.setdefault("prefix", "/usr/local/nginx")
    built["conf-path"] = os.path.join(prefix, built.get("conf-path", "conf/nginx.conf"))
    return built
