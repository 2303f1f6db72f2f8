"""TCP on this machine: states, listen queues and what they dropped over a sample, ports, connection tracking."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from wxalarm.bounds import whole
from wxalarm.probes.host import listeners, sockets
from wxalarm.probes.host.listeners import Listening
from wxalarm.probes.host.reading import grew, has_proc, twice, two_lines
from wxalarm.probes.processes import number, read_text

DEFAULT_PORTS = (32768, 60999)


class Counted(Struct, frozen=True):
    """A number of sockets on a local port."""

    port: int
    count: int


class Peer(Struct, frozen=True):
    """Where this machine has most connections to: each takes an ephemeral port."""

    address: str
    ports: int
    """Ephemeral ports in use to it, in every state."""
    time_wait: int = 0


class Network(Struct, frozen=True):
    """TCP over one sample; None: this system does not say."""

    states: dict[str, int] = field(default_factory=dict)
    """Sockets by state, named as netstat names them."""
    complete: bool = True
    """False: there were too many sockets to look at all."""
    listening: tuple[Listening, ...] = ()
    close_wait: tuple[Counted, ...] = ()
    """By local port, most first."""
    syn_recv: int = 0
    peer: Peer | None = None
    port_low: int | None = None
    """The first ephemeral port (ip_local_port_range)."""
    port_high: int | None = None
    overflows: int | None = None
    """Connections dropped because a listen queue was full (ListenOverflows), within the sample."""
    drops: int | None = None
    """ListenDrops within the sample: overflows and all other reasons."""
    overflows_ever: int | None = None
    """Since the start of the machine."""
    cookies: int | None = None
    """SYN cookies sent within the sample: the queue of half-open connections was full."""
    syn_drops: int | None = None
    """SYNs dropped for the same reason (TCPReqQFullDrop)."""
    syn_backlog: int | None = None
    """net.ipv4.tcp_max_syn_backlog."""
    somaxconn: int | None = None
    tracked: int | None = None
    """Connections that the firewall tracks (nf_conntrack_count)."""
    tracked_max: int | None = None
    seconds: float = 0.0

    @property
    def ports(self) -> int | None:
        """How many ephemeral ports there are to one peer."""
        if self.port_low is None or self.port_high is None:
            return None
        return max(1, self.port_high - self.port_low + 1)


async def look(seconds: float, ask_kernel: bool = True, root: str = "") -> Network:
    """TCP now. ask_kernel: by a netlink socket, for the length of the listen queues."""
    if not has_proc(root):
        return _portable()
    before, after, between = await twice(lambda: read(root), seconds)
    return measure(before, after, between, ask_kernel, root)


def read(root: str = "") -> dict[str, int]:
    """The counters of /proc/net/netstat."""
    return two_lines(read_text(f"{root}/proc/net/netstat"))


def measure(
    before: dict[str, int], after: dict[str, int], seconds: float, ask_kernel: bool = False, root: str = ""
) -> Network:
    """Two readings and what has no rate."""
    ipv4, netfilter = f"{root}/proc/sys/net/ipv4", f"{root}/proc/sys/net/netfilter"
    low, high = _port_range(read_text(f"{ipv4}/ip_local_port_range"))
    tables = sockets.scan(low, high, root)

    def counter(name: str) -> int | None:
        return grew(before, after, f"TcpExt.{name}")

    return Network(
        states=dict(sorted(tables.states.items())),
        complete=tables.complete,
        listening=listeners.listeners(tables, ask_kernel),
        close_wait=_by_port(tables.by_port, "CLOSE_WAIT"),
        syn_recv=tables.states["SYN_RECV"],
        peer=_peer(tables),
        port_low=low,
        port_high=high,
        overflows=counter("ListenOverflows"),
        drops=counter("ListenDrops"),
        overflows_ever=after.get("TcpExt.ListenOverflows"),
        cookies=counter("SyncookiesSent"),
        syn_drops=counter("TCPReqQFullDrop"),
        syn_backlog=number(f"{ipv4}/tcp_max_syn_backlog"),
        somaxconn=number(f"{root}/proc/sys/net/core/somaxconn"),
        tracked=number(f"{netfilter}/nf_conntrack_count"),
        tracked_max=number(f"{netfilter}/nf_conntrack_max"),
        seconds=seconds,
    )


def _port_range(text: str | None) -> tuple[int, int]:
    words = (text or "").split()
    numbers = [one for word in words if (one := whole(word)) is not None]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else DEFAULT_PORTS


def _by_port(counted: Counter[tuple[str, int]], wanted: str, most: int = 10) -> tuple[Counted, ...]:
    found = [Counted(port, count) for (state, port), count in counted.items() if state == wanted]
    return tuple(sorted(found, key=lambda one: (-one.count, one.port))[:most])


def _peer(tables: sockets.Tables) -> Peer | None:
    if not tables.peers:
        return None
    peer, ports = max(tables.peers.items(), key=lambda pair: (pair[1], pair[0]))
    return Peer(sockets.printed_peer(peer), ports, tables.waiting_peers[peer])


def _portable() -> Network:
    """What psutil knows on Windows, the BSDs, and as root on macOS."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return Network(complete=False)
    states: Counter[str] = Counter()
    closing: Counter[tuple[str, int]] = Counter()
    listening = []
    for connection in connections:
        states[connection.status.replace("NONE", "CLOSED")] += 1
        if not connection.laddr:
            continue
        if connection.status == "LISTEN":
            listening.append(Listening(connection.laddr.ip, connection.laddr.port, 0))
        elif connection.status == "CLOSE_WAIT":
            closing["CLOSE_WAIT", connection.laddr.port] += 1
    return Network(
        states=dict(sorted(states.items())), listening=tuple(listening), close_wait=_by_port(closing, "CLOSE_WAIT")
    )
