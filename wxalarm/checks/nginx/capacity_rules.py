"""Rules on size: connections, open files and processes against what the alarm itself says came in.

The arithmetic: failures a second × the 5 s for which each is held = connections held at once; a proxied push needs
two (client and upstream). That is the least: pushes that succeeded are not in the alarm.
"""

from __future__ import annotations

from collections.abc import Iterable

from wxalarm import mechanisms
from wxalarm.bounds import whole
from wxalarm.checks.check import NO_ANSWER
from wxalarm.checks.nginx.facts import Facts, passes
from wxalarm.model import Basis, Code, Finding, Severity
from wxalarm.nginx.edit import Edit, put_behind, put_first, put_top, rewrite
from wxalarm.nginx.syntax import Directive
from wxalarm.wechat.limits import WAIT

NGINX_CONNECTIONS_LOW = Code("nginx-connections-low", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
NGINX_NOFILE_LOW = Code("nginx-nofile-low", Severity.WARNING, Basis.CONDITION, mechanisms.OVERLOADED)
NGINX_WORKERS_LOW = Code("nginx-workers-low", Severity.NOTE, Basis.CONDITION)
CODES = (NGINX_CONNECTIONS_LOW, NGINX_NOFILE_LOW, NGINX_WORKERS_LOW)

DEFAULT_CONNECTIONS = 512
DEFAULT_BACKLOG = 511
SHARE = 0.5
"""Above this share of what nginx can hold, the alarm's failures alone are worth a warning."""
MAKES = [NO_ANSWER, 500]
"""What a push gets for which there is no connection, or none to the application."""
GUIDE = 102400
"""worker_connections and worker_rlimit_nofile in the guide's sample."""


def findings(known: Facts) -> Iterable[Finding]:
    """Connections, then files, then processes."""
    yield from _connections(known)
    yield from _files(known)
    yield from _workers(known)


def held(known: Facts) -> tuple[float, float, int] | None:
    """(failures a second, connections held at once, connections needed); None when the alarm gives no rate."""
    rate = known.ctx.alarm.rate
    if rate is None:
        return None
    proxied = known.route is None or passes(known.route.chain) is not None
    return rate, rate * WAIT, round(rate * WAIT * (2 if proxied else 1))


def workers(known: Facts) -> int:
    """worker_processes; `auto` and an unknown number of cores count as what runs, else 1."""
    directive = known.config.main("worker_processes")
    observed = known.observation
    running = len(observed.conf.running.workers) if observed.conf.running else 0
    if directive is None or not directive.args:
        return 1
    if (number := whole(directive.args[0])) is not None:
        return max(1, number)
    return observed.cores or running or 1


def connections(known: Facts) -> tuple[int, Directive | None]:
    """worker_connections and its directive; 512 when it is not set."""
    events = known.config.main("events")
    directive = events.last("worker_connections") if events is not None else None
    if directive is not None and directive.args and (number := whole(directive.args[0])) is not None:
        return number, directive
    return DEFAULT_CONNECTIONS, None


def _connections(known: Facts) -> Iterable[Finding]:
    numbers = held(known)
    if numbers is None:
        return
    rate, at_once, need = numbers
    each, directive = connections(known)
    count = workers(known)
    capacity = each * count
    if need <= capacity * SHARE:
        return
    code = NGINX_CONNECTIONS_LOW.variant(severity=Severity.ERROR if need > capacity else Severity.WARNING)
    wanted = max(10240, _round(need * 4 // count))
    yield code(
        None,
        rate=rate,
        limit=WAIT,
        held=round(at_once),
        need=need,
        per_push=2 if need > round(at_once) else 1,
        connections=each,
        workers=count,
        capacity=capacity,
        backlog=_backlog(known),
        makes=MAKES,
        place=directive.place if directive is not None else known.observation.conf.path,
        wanted=wanted,
        diff=known.diff(_more_connections(known, directive, wanted), *_more_files(known, wanted)),
    )


def _files(known: Facts) -> Iterable[Finding]:
    """A connection is an open file: the limit of the process must not be below worker_connections."""
    each, _ = connections(known)
    limit, source, directive = nofile(known)
    if limit is None:
        return
    numbers = held(known)
    need = (numbers[2] // workers(known)) if numbers else 0
    if limit >= each and limit >= need:
        return
    code = NGINX_NOFILE_LOW.variant(severity=Severity.ERROR if need > limit else Severity.WARNING)
    wanted = max(each * 2, 65535)
    yield code(
        None,
        nofile=limit,
        source=source,
        connections=each,
        need=need or None,
        makes=MAKES,
        place=directive.place if directive is not None else known.observation.conf.path,
        wanted=wanted,
        diff=known.diff(*_more_files(known, wanted)),
    )


def nofile(known: Facts) -> tuple[int | None, str, Directive | None]:
    """(open files a worker may have, where that is from, the directive): the running worker's own limit wins."""
    directive = known.config.main("worker_rlimit_nofile")
    running = known.observation.conf.running if known.observation.here else None
    limits = [worker.nofile_soft for worker in running.workers if worker.nofile_soft is not None] if running else []
    if limits:
        return min(limits), "/proc", directive
    if directive is not None and directive.args and (number := whole(directive.args[0])) is not None:
        return number, "worker_rlimit_nofile", directive
    if running is not None and running.nofile_soft is not None:
        return running.nofile_soft, "LimitNOFILE", None
    return None, "", None


def _workers(known: Facts) -> Iterable[Finding]:
    cores = known.observation.cores
    directive = known.config.main("worker_processes")
    count = workers(known)
    if cores is None or count >= cores:
        return
    edit = (
        rewrite(directive, "worker_processes auto;")
        if directive is not None
        else put_top(known.observation.conf.path, "worker_processes auto;")
    )
    yield NGINX_WORKERS_LOW(
        None,
        workers=count,
        cores=cores,
        place=directive.place if directive is not None else known.observation.conf.path,
        diff=known.diff(edit),
    )


def _backlog(known: Facts) -> int:
    """The listen queue of the callback's socket: what `listen` asks for, cut by net.core.somaxconn."""
    wanted = DEFAULT_BACKLOG
    for listen in known.route.choice.server.block.all("listen") if known.route else ():
        for arg in listen.args:
            if arg.startswith("backlog=") and (number := whole(arg[8:])) is not None:
                wanted = number
    allowed = known.observation.somaxconn
    return wanted if allowed is None else min(wanted, allowed)


def _more_connections(known: Facts, directive: Directive | None, wanted: int) -> Edit | None:
    if directive is not None:
        return rewrite(directive, f"worker_connections {wanted};")
    events = known.config.main("events")
    if events is None:
        return put_top(known.observation.conf.path, f"events {{ worker_connections {wanted}; }}")
    return put_first(events, f"worker_connections {wanted};", known.source(events))


def _more_files(known: Facts, wanted: int) -> Iterable[Edit]:
    """worker_rlimit_nofile of at least `wanted`; nothing when it is there already."""
    directive = known.config.main("worker_rlimit_nofile")
    text = f"worker_rlimit_nofile {wanted};"
    if directive is not None:
        limit = whole(directive.args[0]) if directive.args else None
        if limit is not None and limit < wanted:
            yield rewrite(directive, text)
        return
    before = known.config.main("worker_processes")
    if before is not None:
        yield put_behind(before, text, known.source(before))
    else:
        yield put_top(known.observation.conf.path, text)


def _round(number: int) -> int:
    """The next power of two times 1024."""
    result = 1024
    while result < number:
        result *= 2
    return result
