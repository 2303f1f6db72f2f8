"""Files written whole or not at all: beside their place, then renamed. Their one home, and the user's cache's."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path


class Draft:
    """A file in the making: written beside its place and renamed when it is whole. A device or a pipe (/dev/null,
    >(jq .)) is written as it is and never replaced."""

    def __init__(self, path: Path, mode: int | None = None, *, own: bool = False) -> None:
        """Open it; a link stays, and the file behind it is replaced. mode: of a new file, in place of the umask's. own:
        a file that is ours alone (a cache), put in the place of whatever stands there. Raises OSError."""
        if not own and path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        self._beside: Path | None = None
        if not own and path.exists() and not path.is_file():
            self._path = path
            self._file = path.open("wb")
            return
        self._path = path if own else Path(os.path.realpath(path))
        self._beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.new")
        try:
            descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666)
        except OSError:
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
            self._beside.replace(self._path)

    def drop(self) -> None:
        """Leave nothing of it; what stood in its place stays."""
        with contextlib.suppress(OSError):  # what was still buffered has no room either
            self._file.close()
        self._unlink()

    def _unlink(self) -> None:
        if self._beside is not None:
            with contextlib.suppress(OSError):
                self._beside.unlink(missing_ok=True)


def replace(path: Path, data: bytes, mode: int | None = None, *, own: bool = False) -> None:
    """Write a file whole, as `Draft` does. Raises OSError, and then nothing is changed."""
    draft = Draft(path, mode, own=own)
    try:
        draft.write(data)
        draft.finish()
    except OSError:
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
