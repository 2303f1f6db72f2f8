"""Tells trouble of this machine from that of the network: the one place that knows which errors are our own.

Who runs out of file handles, memory, threads or ports, or may not open a socket, has asked nobody: nothing is known of
the other side, so no failure of it may be reported.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from wxalarm.messages import ReasonError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
LOOP = 6
"""Files that an event loop opens for itself, and what wakes it at a signal."""
SPENT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.ENOSPC})
"""What any system call says on a machine that has run out of something."""
BARRED = frozenset({errno.EACCES, errno.EPERM, errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EINVAL})
"""What a socket says on a machine that forbids it, or has no port or address left for it. Of a file they mean that
this user may not read it, which is a fact and no trouble."""
DISCARD = 9
"""A port: any will do where nothing is sent."""
_NO_THREAD = "can't start new thread"


class CannotAskError(ReasonError):
    """This machine could not ask: a check that meets it is unknown, and says why."""


def spent(error: BaseException) -> bool:
    """Whether an error only tells that this machine has run out of something, or cannot load a part of this program."""
    if isinstance(error, OSError):
        return _number(error) in SPENT
    return isinstance(error, MemoryError | ImportError) or (
        isinstance(error, RuntimeError) and _NO_THREAD in str(error)
    )


def ours(error: BaseException) -> bool:
    """The same for an error of a socket, which this machine may also have been forbidden."""
    return spent(error) or (isinstance(error, OSError) and _number(error) in BARRED)


def _number(error: OSError) -> int | None:
    """The system's number of an error; OpenSSL's errors have numbers of their own in its place."""
    return None if isinstance(error, ssl.SSLError) else error.errno


def no_ipv6(address: str, error: OSError) -> bool:
    """Whether this machine just has no IPv6, or no route for it, as many: the IPv4 addresses beside it can be asked."""
    if ":" not in address:
        return False
    missing = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return missing or (error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH) and _unrouted(address))


def _unrouted(address: str) -> bool:
    """Whether this machine itself knows no way to an IPv6 address: nothing is sent to learn it, so no router's word."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.connect((address, DISCARD))
    except OSError:
        return True
    return False


def told(error: BaseException) -> str:
    """Such an error in the system's own words."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error) or type(error).__name__


def handles(wanted: int = 1) -> None:
    """Nothing while this process may still open so many files. Raises CannotAskError when it may not."""
    opened: list[int] = []
    try:
        for _ in range(wanted):
            opened.append(os.open(os.sep, os.O_RDONLY))
    except OSError as error:
        asked(error)
    finally:
        for number in opened:
            os.close(number)


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What `main` gives, run in an event loop of its own. Raises CannotAskError where this machine has no files left
    for one: asyncio would leave a half-made loop behind, which complains at the exit."""
    # The commands that need no loop start without it.
    import asyncio

    async def awake() -> T:
        with _woken_by_signals(asyncio.get_running_loop()):
            return await main()

    handles(LOOP)
    return asyncio.run(awake())


@contextlib.contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Any signal ends the loop's wait inside. Without this only one that comes while the main thread waits does: what
    comes just before, or is given to another thread, is not heard before something else happens, and a Ctrl-C is lost
    (Python's signal.set_wakeup_fd)."""
    # Only the main thread may have it so. The loop of Windows is woken by itself.
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return
    ours, signals = socket.socketpair()
    with ours, signals:
        ours.setblocking(False)
        signals.setblocking(False)
        before = signal.set_wakeup_fd(signals.fileno(), warn_on_full_buffer=False)
        loop.add_reader(ours, ours.recv, 4096)
        try:
            yield
        finally:
            loop.remove_reader(ours)
            signal.set_wakeup_fd(before)


def asked(error: BaseException, *, socket: bool = False) -> None:
    """Nothing when somebody was asked and this is what came of it. Raises CannotAskError when it was this machine."""
    if ours(error) if socket else spent(error):
        raise CannotAskError("cannot-ask", error=told(error)) from error
