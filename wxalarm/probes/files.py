"""Files written whole or not at all: beside their place, then renamed. Their one home, and the user's cache's."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import re
import signal
import stat
import sys
from pathlib import Path
from types import FrameType
from typing import BinaryIO

ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
"""Signals that end a process at once, with nothing run behind them. Of Ctrl-C Python makes an exception."""
BEGINNING = 4096
"""Bytes by which a file is told."""
_OPEN_FILE = re.compile(r"/dev/(?:fd/(?P<fd>\d+)|(?P<name>stdin|stdout|stderr))|/proc/self/fd/(?P<proc>\d+)")
_NUMBERS = {"stdin": 0, "stdout": 1, "stderr": 2}


class Draft:
    """A file in the making: written beside its place and renamed when it is whole. A device or a pipe (/dev/null,
    >(jq .)) is written as it is and never replaced."""

    def __init__(self, path: Path, mode: int | None = None, *, own: bool = False) -> None:
        """Open it. A link is replaced, never followed. mode: of a new file, in place of the umask's. own: a file that
        is ours alone (a cache), put in the place of whatever stands there. Raises OSError."""
        self._path = path
        self._beside: str | None = None
        if not own and (standing := _as_it_is(path)) is not None:
            self._file: BinaryIO = standing
            return
        # Nobody can guess the name, and none that a killed run left behind is met again. It does not hold the file's
        # own, which may be as long as a name can be.
        self._beside = str(path.absolute().with_name(f".wxalarm-{os.urandom(12).hex()}"))
        _UNFINISHED.add(self._beside)
        try:
            descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSED, mode or 0o666)
        except BaseException:
            self._unlink()
            raise
        self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Write a part. Raises OSError."""
        self._file.write(data)

    def finish(self) -> None:
        """Put it in its place. Raises OSError; `drop` it then."""
        self._file.close()
        if self._beside is not None:
            os.replace(self._beside, self._path)
            _UNFINISHED.discard(self._beside)

    def drop(self) -> None:
        """Leave nothing of it; what stood in its place stays."""
        with contextlib.suppress(OSError):  # what was still buffered has no room either
            self._file.close()
        self._unlink()

    def _unlink(self) -> None:
        if self._beside is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._beside)
            _UNFINISHED.discard(self._beside)


_CLOSED = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)


def replaced(path: Path) -> bytes | None:
    """The beginning of the file that a draft would take the place of; None: there is none, or it is a link, or what
    stands there is written as it is. Raises OSError for a folder and for what cannot be read."""
    if _OPEN_FILE.fullmatch(str(path)):
        return None
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(kind):
        return None
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _CLOSED | _AT_ONCE)) as file:
        return file.read(BEGINNING)


def needs_folder(path: Path) -> bool:
    """Whether a draft would be made beside the path: it names no device, no pipe, no open file of ours."""
    if _OPEN_FILE.fullmatch(str(path)):
        return False
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return True
    return stat.S_ISREG(kind) or stat.S_ISLNK(kind)


def _as_it_is(path: Path) -> BinaryIO | None:
    """The open device, pipe or descriptor of ours that a path names; None: a file belongs there. Raises OSError."""
    if named := _OPEN_FILE.fullmatch(str(path)):
        number = named["fd"] or named["proc"] or _NUMBERS[named["name"]]
        return os.fdopen(os.dup(int(number)), "wb")
    try:
        standing = os.lstat(path)
    except FileNotFoundError:
        return None
    kind = stat.S_IFMT(standing.st_mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if kind in (stat.S_IFREG, stat.S_IFLNK):
        return None
    folder = os.stat(path.absolute().parent)
    if folder.st_mode & stat.S_ISVTX and standing.st_uid not in (folder.st_uid, os.geteuid()):
        # In /tmp and its like a pipe may have been put there to catch what is written (sysctl fs.protected_fifos).
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    descriptor = os.open(path, os.O_WRONLY | _CLOSED)
    if stat.S_IFMT(os.fstat(descriptor).st_mode) != kind:
        os.close(descriptor)
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return os.fdopen(descriptor, "wb")


class _Unfinished:
    """The drafts of which nothing may be left, whichever way the process ends short of kill -9."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._caught: list[int] = []
        self._at_exit = False

    def add(self, name: str) -> None:
        """From now on the file of this name goes with the process."""
        if not self._at_exit:
            atexit.register(self._remove)
            self._at_exit = True
        if not self._names:
            self._catch()
        self._names.add(name)

    def discard(self, name: str) -> None:
        """It has its place, or is gone."""
        self._names.discard(name)
        if not self._names:
            self._let_go()

    def _catch(self) -> None:
        for number in ENDINGS:
            # What the user has switched off (nohup) or somebody else looks after stays as it is.
            if signal.getsignal(number) is signal.SIG_DFL:
                with contextlib.suppress(ValueError):  # only the main thread may, and only there Python code is run
                    signal.signal(number, self._end)
                    self._caught.append(number)

    def _let_go(self) -> None:
        while self._caught:
            number = self._caught[-1]
            if signal.getsignal(number) == self._end:
                try:
                    signal.signal(number, signal.SIG_DFL)
                except ValueError:  # another thread than the one that began it: at the next draft of the main thread
                    return
            self._caught.pop()

    def _remove(self) -> None:
        if not self._names:
            return
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # nor is this interrupted
        for name in self._names:
            with contextlib.suppress(OSError):
                os.unlink(name)

    def _end(self, number: int, _: FrameType | None) -> None:
        """Remove what there is, and end as the signal would have ended the process."""
        self._remove()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


_UNFINISHED = _Unfinished()


def replace(path: Path, data: bytes, mode: int | None = None, *, own: bool = False) -> None:
    """Write a file whole, as `Draft` does. Raises OSError, and then nothing is changed."""
    draft = Draft(path, mode, own=own)
    try:
        draft.write(data)
        draft.finish()
    except BaseException:
        draft.drop()
        raise


def cache_folder() -> Path | None:
    """The user's cache folder for wxalarm (XDG base directories; LOCALAPPDATA; Library/Caches); None for a user without
    a home (a container's bare uid)."""
    try:
        if sys.platform == "win32":
            root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            root = Path.home() / "Library" / "Caches"
        else:
            root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return root / "wxalarm"


def keep(path: Path, data: bytes) -> None:
    """Write a file of a cache: its folder and itself for the user only. One that cannot be written is no error."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, data, 0o600, own=True)
