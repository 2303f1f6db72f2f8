"""Is this machine the callback server? One rule for all checks that look at this machine: nginx, logs, host.

wxalarm often runs on a laptop; then its load or its nginx says nothing about the alarm. Behind a NAT or a load balancer
no address proves it, so the rule asks for some evidence and otherwise skips, saying which flag or key would settle it.
"""

from __future__ import annotations

import ipaddress

from wxalarm.checks.check import Context, Skip
from wxalarm.probes.machine import Machine


def by_address(ctx: Context, machine: Machine) -> bool:
    """Whether this machine holds the address that WeChat connects to, or bears the callback's name."""
    target = ctx.target
    own = {_canonical(text) for text in (*machine.addresses, *ctx.settings.host.addresses)}
    if not target.named_by_user:  # a loopback address out of an alarm says nothing: every machine has it
        own = {text for text in own if not _loopback(text)}
    resolved = target.resolve.get(f"{target.host}:{target.port}", ())
    wanted = {_canonical(text) for text in (target.alarm_ip, target.host, *resolved) if text}
    names = {machine.hostname.lower()} | ({"localhost"} if target.named_by_user else set())
    return bool(wanted & own) or target.host in names or (target.named_by_user and any(map(_loopback, wanted)))


def elsewhere(ctx: Context, machine: Machine) -> Skip:
    """The reason for a skip when nothing shows that this machine is the callback server."""
    target = ctx.target
    if target.host is None and target.alarm_ip is None:
        return Skip("no-host")
    address = target.alarm_ip or ", ".join(target.resolve.get(f"{target.host}:{target.port}", ()))
    return Skip("elsewhere", machine=machine.hostname, target=target.host or address, address=address or target.host)


def _canonical(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
