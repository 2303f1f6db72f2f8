"""Variables that an http block defines: map and geo. Request works them out when they are asked for, as nginx does."""

from __future__ import annotations

import ipaddress

from wxalarm.nginx import pattern
from wxalarm.nginx.syntax import Directive


def define(http: Directive) -> dict[str, Directive]:
    """The map and geo blocks by the variable that each defines."""
    blocks = (block for block in http.all("map", "geo") if block.args)
    return {block.args[-1].removeprefix("$"): block for block in blocks}


def geo(block: Directive, address: str) -> str | None:
    """The value of a geo block for an address: the longest network that holds it, else `default`, else ""."""
    entry = geo_entry(block, address)
    return entry.args[0] if entry is not None and entry.args else ""


def geo_entry(block: Directive, address: str) -> Directive | None:
    """The line of a geo block that decides for an address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    best: Directive | None = None
    best_length = -1
    for entry in block.block or ():
        if entry.name == "default":
            best = best or entry
            continue
        length = _holds(entry.name, ip)
        if length is not None and length >= best_length:
            best, best_length = entry, length
    return best


def _holds(text: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int | None:
    """The prefix length of a network or range that holds the address; None when it does not."""
    first, dash, last = text.partition("-")
    try:
        if dash:
            low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
            inside = low.version == high.version == ip.version and int(low) <= int(ip) <= int(high)
            return ip.max_prefixlen - (int(high) - int(low)).bit_length() if inside else None
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return network.prefixlen if network.version == ip.version and ip in network else None


def holds(text: str, address: str) -> bool:
    """Whether a network of allow, deny or geo ("all", "192.0.2.0/24", a range) holds an address."""
    if text == "all":
        return True
    try:
        return _holds(text, ipaddress.ip_address(address)) is not None
    except ValueError:
        return False


def lookup(block: Directive, source: str) -> str | None:
    """The value of a map block, as written, for a source: exact, then wildcard names, then patterns, then default.

    Raises Beyond for a pattern that takes too many steps.
    """
    default = ""
    exact: str | None = None
    matched: str | None = None
    names: list[tuple[int, str]] = []
    hostnames = any(entry.name == "hostnames" and not entry.args for entry in block.block or ())
    for entry in block.block or ():
        if len(entry.args) != 1:
            continue
        key, value = entry.name, entry.args[0]
        if key == "default":
            default = value
        elif key.startswith("~"):
            ignore = key.startswith("~*")
            compiled = pattern.compile(key[2 if ignore else 1 :], ignore) if matched is None else None
            if matched is None and (compiled is None or compiled.search(source)):
                matched = value if compiled is not None else "$"
        elif key.removeprefix("\\").lower() == source.lower():
            exact = value if exact is None else exact
        elif hostnames and key.startswith(("*.", ".")) and source.lower().endswith(key.lstrip("*").lower()):
            names.append((len(key), value))
        elif hostnames and key.endswith(".*") and source.lower().startswith(key[:-1].lower()):
            names.append((-1000 + len(key), value))
    if exact is None and not names and matched is not None:
        return None if "$" in matched else matched  # what was captured, or a pattern that cannot be judged
    return exact if exact is not None else max(names)[1] if names else default
