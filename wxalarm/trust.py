"""Whose a file is: whether anybody but the user and root could have written it, and which files the user agreed to.

A configuration that is merely found is believed no further than this says. Nothing is written here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from wxalarm import shell
from wxalarm.model import Reason

LINKS = 40
"""Links on the way to one file, as many as Linux follows."""


def home() -> Path | None:
    """The user's folder for wxalarm's configuration; None for a user without a home (a container's bare uid)."""
    if base := os.environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "wxalarm"
    try:
        return Path.home() / ".config" / "wxalarm"
    except RuntimeError:
        return None


def agreement(path: Path, data: bytes) -> Path | None:
    """The file that says, by being there, that the user agreed to `path` as long as it holds `data`; None: no home."""
    folder = home()
    name = hashlib.sha256(os.fsencode(os.path.realpath(path)) + b"\0" + data).hexdigest()
    return folder and folder / "trusted" / name


def agreed(path: Path, data: bytes) -> bool:
    """Whether the user agreed to this file with this content: `wxalarm config trust`."""
    record = agreement(path, data)
    return record is not None and record.is_file() and unsafe(record) is None


def unsafe(path: Path) -> Reason | None:
    """Why somebody else may have written the file: the first thing on the way down to it that is not the user's or
    root's alone. None: nobody else can. Windows has no such bits, and nothing is looked at there."""
    if os.name != "posix":
        return None
    try:
        return _unsafe(path)
    except OSError as error:
        return Reason("trust-unreadable", {"place": str(path), "error": error.strerror or str(error)})


def _unsafe(path: Path) -> Reason | None:
    user = os.geteuid()
    shared = None
    for step, status in _way(path):
        if shared and not stat.S_ISDIR(status.st_mode):
            return Reason("trust-shared", {"place": str(path), "path": shared})
        shared = None
        if status.st_uid not in (user, 0):
            return Reason("trust-owner", {"place": str(path), "path": step, "owner": _name(status.st_uid)})
        if stat.S_ISLNK(status.st_mode) or not _others_write(step, status):
            continue
        # In a sticky folder such as /tmp, what is the user's stays the user's. Only a folder cannot have been put there
        # by somebody else: a file may be a hard link to another one of the user's.
        if not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
            repair = shell.pipeline([["chmod", "go-w", step]])
            return Reason("trust-writable", {"place": str(path), "path": step, "repair": repair})
        shared = step
    return None


def _way(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every folder and link on the way to the file as the system takes it, and the file. Raises OSError."""
    todo = [*reversed(path.absolute().parts)]
    here, links = "/", 0
    while todo:
        part = todo.pop()
        if part == "..":
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, part)
        status = os.lstat(step)
        yield step, status
        if not stat.S_ISLNK(status.st_mode):
            here = step
            continue
        links += 1
        if links > LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        todo += reversed(Path(os.readlink(step)).parts)


def _others_write(step: str, status: os.stat_result) -> bool:
    """Whether anybody but its owner and root may write there."""
    if status.st_mode & stat.S_IWOTH:
        return True
    if not status.st_mode & stat.S_IWGRP:
        return False
    # With an access control list the group's bits are the most that anybody in the list has.
    return _has_list(step) or not _group_of_one(status.st_gid)


def _has_list(step: str) -> bool:
    if not hasattr(os, "listxattr"):
        return False
    try:
        return "system.posix_acl_access" in os.listxattr(step)
    except OSError as error:
        return error.errno != errno.ENOTSUP


def _group_of_one(gid: int) -> bool:
    """Whether a group holds nobody but the user and root: many systems give each user a group, and a umask of 002."""
    # Windows has neither module.
    import grp
    import pwd

    user = os.geteuid()
    try:
        own = {0, pwd.getpwuid(user).pw_gid}
        members = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(gid).gr_mem}
    except KeyError:
        return False
    members |= {entry.pw_uid for entry in pwd.getpwall() if entry.pw_gid == gid}
    return gid in own and members <= {user, 0}


def _name(uid: int) -> str:
    # As above.
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
