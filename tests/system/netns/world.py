"""A small Internet in two network namespaces: a developer's machine, and everything else, on its real addresses.

Nothing leaves them: no interface of theirs leads outside. Resolvers are unbound, name servers too (auth-zone), the
callback hosts stand behind nginx on ports 80 and 443.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.paths import ROOT as ROOT_FOLDER
from wxalarm.lab.certificates import Authority

RESOLVER = "182.254.116.116"
"""The resolver of the official guide: our own, here."""
SYSTEM = "198.51.100.9"
ROOT, COM, NS1, NS2, NS3, LAME = (f"198.51.100.{last}" for last in (1, 2, 53, 54, 55, 56))
API = "198.51.100.80"
CALLBACK = "198.51.100.7"
"""WeChat's callback address: it answers ping."""
BLACKHOLE = "203.0.113.99"
"""A host that swallows every packet."""
SLOW_CONNECT = "203.0.113.20"
GONE = "198.51.100.200"
"""An address that nobody has, in another network than the hosts."""
OLD, NEW = "203.0.113.29", "203.0.113.30"
"""A callback that moved to the neighbouring address: nobody has the old one."""
HOSTS = {
    "healthy": "203.0.113.10",
    "expired": "203.0.113.11",
    "chain": "203.0.113.12",
    "redirect": "203.0.113.13",
    "getonly": "203.0.113.14",
    "slow": "203.0.113.15",
    "echo": "203.0.113.16",
    "quoted": "203.0.113.17",
    "refused": "203.0.113.18",
    "gateway": "203.0.113.19",
    "delay": SLOW_CONNECT,
    "dropped": BLACKHOLE,
    "moved": "203.0.113.10",
    "neighbour": NEW,
}
REFUSES, SERVFAILS, SILENT = "refuses", "servfails", "silent"
"""Names on which the guide's resolver alone fails; their host is the healthy one."""
SERVERS = Path(__file__).parent / "servers.py"
NEEDED = ("ip", "unbound", "nginx", "unshare")

_HEAD = "$TTL 60\n@ IN SOA {ns} hostmaster.example.com. 1 3600 600 86400 60\n@ IN NS {ns}\n"
ZONES = {
    "root": _HEAD.format(ns="a.root.")
    + f"a.root. IN A {ROOT}\ncom. IN NS a.com-servers.com.\na.com-servers.com. IN A {COM}\n",
    "com": _HEAD.format(ns="a.com-servers.com.")
    + f"a.com-servers IN A {COM}\n"
    + "example IN NS ns1.example.com.\nexample IN NS ns2.example.com.\n"
    + f"ns1.example IN A {NS1}\nns2.example IN A {NS2}\n"
    + f"api.weixin.qq IN A {API}\n",
    "example": _HEAD.format(ns="ns1.example.com.")
    + f"@ IN NS ns2.example.com.\nns1 IN A {NS1}\nns2 IN A {NS2}\n"
    + "".join(f"{name} IN A {ip}\n" for name, ip in HOSTS.items())
    + "".join(f"{name} IN A {HOSTS['healthy']}\n" for name in ("split", REFUSES, SERVFAILS, SILENT))
    + f"stale IN A {NEW}\n"
    + "six IN AAAA 2001:db8::10\n"
    + f"cdn IN CNAME edge.cdn\nedge.cdn IN A {HOSTS['healthy']}\n"
    + f"lame IN NS ns3.example.com.\nlame IN NS ns4.example.com.\nns3 IN A {NS3}\nns4 IN A {LAME}\n",
    "lame": _HEAD.format(ns="ns3.example.com.") + f"@ IN NS ns4.example.com.\nwx IN A {HOSTS['healthy']}\n",
}


WECHATS = f"""\
  local-zone: "split.example.com" always_nxdomain
  local-zone: "{REFUSES}.example.com" always_refuse
  local-zone: "{SILENT}.example.com" always_deny
  local-zone: "stale.example.com" redirect
  local-data: "stale.example.com 300 IN A {OLD}"
"""
"""What the guide's resolver does otherwise than the others."""
BROKEN = f'forward-zone:\n  name: "{SERVFAILS}.example.com"\n  forward-addr: {LAME}\n'
"""It asks one that refuses, and says SERVFAIL."""


def missing() -> str | None:
    """Why there can be no such world on this machine; None when there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    gone = [name for name in NEEDED if shutil.which(name) is None]
    return f"needs {', '.join(gone)}" if gone else None


class World:
    """The two namespaces while they exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mark = secrets.token_hex(4)  # not the process's number: another suite in a container may have the same
        self.server, self.client = (f"wxa-{role}-{mark}" for role in ("srv", "cli"))
        self.authority = Authority()
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(self.authority.root.public_bytes(Encoding.PEM))

    def run(self, arguments: list[str], cwd: Path, stdin: str, environment: dict[str, str]) -> tuple[int, str, str]:
        """Run wxalarm on the developer's machine: exit code, stdout, stderr."""
        command = (sys.executable, "-m", "wxalarm", *arguments)
        done = subprocess.run(
            # A process namespace too: the servers' nginx must not look as if it ran on the developer's machine.
            ["ip", "netns", "exec", self.client, *["unshare", "--pid", "--fork", "--mount-proc"], *command],
            input=stdin,
            cwd=cwd,
            env={
                **os.environ,
                **environment,
                "PYTHONPATH": str(ROOT_FOLDER),
                "SSL_CERT_FILE": str(self.roots),
                "XDG_CACHE_HOME": str(cwd),
                "LANG": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, *command: str, inside: str | None = None) -> subprocess.Popen[bytes]:
        """A process in a namespace (the servers' by default)."""
        with open(self.folder / "processes.log", "ab") as log:
            return subprocess.Popen(["ip", "netns", "exec", inside or self.server, *command], stdout=log, stderr=log)


@contextlib.contextmanager
def world(folder: Path) -> Iterator[World]:
    """Make the namespaces, start the servers, and take all of it away again."""
    made = World(folder)
    resolv = Path("/etc/netns") / made.client
    running: list[subprocess.Popen[bytes]] = []
    try:
        _network(made, resolv)
        running += [made.start("unbound", "-d", "-c", str(path)) for path in _unbounds(made)]
        running.append(made.start("nginx", "-c", str(_nginx(made)), "-p", str(folder)))
        pem = folder / "api.pem"
        pem.write_bytes(made.authority.issue("api.weixin.qq.com").pem)
        others = [SLOW_CONNECT, API, str(pem), HOSTS["healthy"]]
        running.append(made.start("env", f"PYTHONPATH={ROOT_FOLDER}", sys.executable, str(SERVERS), *others))
        _ready(made)
        yield made
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(10)
        for name in (made.server, made.client):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        shutil.rmtree(resolv, ignore_errors=True)


def _network(made: World, resolv: Path) -> None:
    addresses = {RESOLVER, SYSTEM, ROOT, COM, NS1, NS2, NS3, LAME, API, CALLBACK, *HOSTS.values()} - {BLACKHOLE}
    dead = (BLACKHOLE, GONE, OLD)
    client, server = ("ip", "-n", made.client), ("ip", "-n", made.server)
    for command in (
        ("ip", "netns", "add", made.server),
        ("ip", "netns", "add", made.client),
        (*client, "link", "add", "wxa0", "type", "veth", "peer", "name", "wxa1", "netns", made.server),
        *((*side, "link", "set", "lo", "up") for side in (client, server)),
        (*client, "link", "set", "wxa0", "up"),
        (*server, "link", "set", "wxa1", "up"),
        (*client, "address", "add", "192.0.2.2/24", "dev", "wxa0"),
        (*server, "address", "add", "192.0.2.1/24", "dev", "wxa1"),
        (*client, "route", "add", "default", "via", "192.0.2.1"),
        *((*server, "address", "add", f"{address}/32", "dev", "lo") for address in sorted(addresses)),
        *((*server, "route", "add", "blackhole", address) for address in dead),
    ):
        subprocess.run(command, check=True, capture_output=True)
    resolv.mkdir(parents=True)
    (resolv / "resolv.conf").write_text(f"nameserver {SYSTEM}\noptions timeout:5 attempts:1\n")


def _unbounds(made: World) -> Iterator[Path]:
    """A configuration file for every DNS server of the world."""
    for name, text in ZONES.items():
        (made.folder / f"{name}.zone").write_text(text)
    (made.folder / "root.hints").write_text(f". 3600 IN NS a.root.\na.root. 3600 IN A {ROOT}\n")
    roles = {
        "root": (ROOT, [(".", "root")], ""),
        "com": (COM, [("com", "com")], ""),
        "ns1": (NS1, [("example.com", "example")], ""),
        "ns2": (NS2, [("example.com", "example")], ""),
        "ns3": (NS3, [("lame.example.com", "lame")], ""),
        "lame": (LAME, [], "access-control: 0.0.0.0/0 refuse"),
        "wechat": (RESOLVER, [], WECHATS),
        "system": (SYSTEM, [], ""),
    }
    for name, (address, zones, extra) in roles.items():
        recursive = name in ("wechat", "system")
        path = made.folder / f"unbound-{name}.conf"
        path.write_text(
            "server:\n"
            f'  interface: {address}\n  do-daemonize: no\n  use-syslog: no\n  chroot: ""\n  username: ""\n'
            f'  pidfile: "{made.folder}/unbound-{name}.pid"\n  directory: "{made.folder}"\n'
            f"  access-control: 0.0.0.0/0 {'allow' if recursive or zones else 'refuse'}\n"
            f'  module-config: "iterator"\n  do-ip6: no\n  outgoing-interface: {address}\n  num-threads: 1\n'
            f'  root-hints: "{made.folder}/root.hints"\n  qname-minimisation: no\n'
            + (extra if name == "wechat" else "")
            + "remote-control:\n  control-enable: no\n"
            + (BROKEN if name == "wechat" else "")
            + "".join(
                f'auth-zone:\n  name: "{zone}"\n  zonefile: "{made.folder}/{file}.zone"\n'
                "  for-downstream: yes\n  for-upstream: no\n  fallback-enabled: no\n"
                for zone, file in zones
            )
        )
        yield path


def _nginx(made: World) -> Path:
    """nginx in front of every callback host."""
    good = made.authority.issue(*(f"{name}.example.com" for name in HOSTS))
    identities = {
        "good": good,
        "expired": made.authority.issue("expired.example.com", days=-1, since=-90),
        "chain": good.alone(),
    }
    for name, identity in identities.items():
        (made.folder / f"{name}.pem").write_bytes(identity.pem)
    echo = "location / { default_type text/plain; if ($arg_echostr) { return 200 $arg_echostr; } return 200 success; }"
    proxied = "location / {{ proxy_pass http://127.0.0.1:{port}; proxy_read_timeout 60s; }}"
    sites = {
        "healthy": echo,
        "neighbour": echo,
        "expired": echo,
        "chain": echo,
        "redirect": "return 301 https://$host$request_uri;",
        "getonly": "location / { default_type text/plain; if ($request_method = POST) { return 405; } "
        "return 200 $arg_echostr; }",
        "slow": proxied.format(port=8008),
        "echo": 'location / { default_type text/plain; return 200 "\\"$arg_echostr\\""; }',
        "quoted": "location / { default_type text/plain; if ($arg_echostr) { return 200 $arg_echostr; } "
        'return 200 "\\"success\\""; }',
        "gateway": proxied.format(port=8009),
    }
    servers = []
    for name, body in sites.items():
        file = made.folder / f"{name if name in identities else 'good'}.pem"
        servers.append(
            f"server {{ listen {HOSTS[name]}:80; listen {HOSTS[name]}:443 ssl; server_name {name}.example.com;\n"
            f"ssl_certificate {file}; ssl_certificate_key {file};\n{body} }}"
        )
    path = made.folder / "nginx.conf"
    path.write_text(
        f"user root;\ndaemon off;\nworker_processes 1;\npid {made.folder}/nginx.pid;\n"
        f"error_log {made.folder}/error.log;\nevents {{ worker_connections 256; }}\n"
        f"http {{ access_log off; client_body_temp_path {made.folder}/body; proxy_temp_path {made.folder}/proxy;\n"
        f"fastcgi_temp_path {made.folder}/fastcgi; uwsgi_temp_path {made.folder}/uwsgi;\n"
        f"scgi_temp_path {made.folder}/scgi;\n" + "\n".join(servers) + "\n}\n"
    )
    return path


def _ready(made: World) -> None:
    """Wait until the last of the servers answers."""
    script = (
        "import socket, sys\n"
        f"for place in (({HOSTS['healthy']!r}, 443), ({API!r}, 443), ({RESOLVER!r}, 53), ({SYSTEM!r}, 53),"
        f" ({NS1!r}, 53), ({COM!r}, 53), ({ROOT!r}, 53), ({NS3!r}, 53)):\n"
        "    socket.create_connection(place, 1).close()\n"
    )
    end = time.monotonic() + 20
    while time.monotonic() < end:
        probe = [sys.executable, "-c", script]
        if (
            subprocess.run(["ip", "netns", "exec", made.client, *probe], capture_output=True, check=False).returncode
            == 0
        ):
            return
        time.sleep(0.2)
    raise AssertionError((made.folder / "processes.log").read_text("utf-8", "replace")[-3000:])
