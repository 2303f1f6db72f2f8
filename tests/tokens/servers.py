"""Real stores for tests: MariaDB, PostgreSQL and Redis from Debian's packages, on loopback, in a folder of their own.

Where a program is missing its tests are skipped with the reason; in CI, whose script installs them all, that is an
error.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tests.ports import free_ports
from wxalarm.tokens.stores import open_store
from wxalarm.tokens.stores.base import Clock, Store

KINDS = ("sqlite", "mariadb", "postgresql", "redis")
NEEDED = {"sqlite": "python3", "mariadb": "mariadbd", "postgresql": "postgres", "redis": "redis-server"}
PASSWORD = "made-up-store-password"


def program(name: str) -> str | None:
    """The path of a program; Debian keeps those of PostgreSQL where nobody looks."""
    newest = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)]
    return shutil.which(name) or shutil.which(name, path="/usr/sbin") or next(iter(newest), None)


def missing(what: str) -> NoReturn:
    """Skip the test for want of a program; where .ci/run has installed them all, that is a failure."""
    said = f"{what} is not installed"
    if os.environ.get("WXALARM_TESTS") == "all":
        pytest.fail(said)
    pytest.skip(said)


def need(kind: str) -> None:
    """Skip the test when the server is not installed."""
    if program(NEEDED[kind]) is None:
        missing(NEEDED[kind])


class Server:
    """One server, or for SQLite a file, with an empty database. It can be killed and started again."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self.port = 0
        self._pid = 0
        self._log = folder / "server.log"
        self._as: str | None = None
        self._opened: list[Store] = []
        folder.mkdir(parents=True, exist_ok=True)
        if kind != "sqlite":
            self.port = free_ports(1)[0]
            getattr(self, f"_make_{kind}")()
            self.start()

    @property
    def url(self) -> str:
        """Without the password."""
        host = f"127.0.0.1:{self.port}"
        return {
            "sqlite": f"sqlite:///{self.folder}/tokens.db",
            "mariadb": f"mysql://wxalarm@{host}/wxalarm",
            "postgresql": f"postgresql://wxalarm@{host}/wxalarm",
            "redis": f"redis://{host}/0",
        }[self.kind]

    @property
    def password(self) -> str | None:
        return None if self.kind == "sqlite" else PASSWORD

    def store(self, clock: Clock | None = None, key: str | None = None) -> Store:
        """A store there; `empty` closes it."""
        self._opened.append(open_store(self.url, self.password, key, clock))
        return self._opened[-1]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self.kind == "sqlite":
            return
        # No child of ours: other tests tell by their children whether a program still works (tests/clock.py).
        with self._log.open("ab") as log:
            done = subprocess.run(
                ["/bin/sh", "-c", 'setsid "$@" <&- >&2 & echo $!', "sh", *self._command()],
                stdout=subprocess.PIPE,
                stderr=log,
                user=self._as,
                cwd=self.folder,
                check=True,
            )
        self._pid = int(done.stdout)
        for _ in range(1200):
            assert self._runs(), self._log.read_text("utf-8", "replace")[-3000:]
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                if self._answers():
                    return
            time.sleep(0.05)
        raise AssertionError(self._log.read_text("utf-8", "replace")[-3000:])

    def kill(self) -> None:
        """As a power failure does it: no good-bye to anybody."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL if self.kind != "postgresql" else signal.SIGQUIT)
            # Its first thread may be a zombie while others still hold the port.
            while self._runs() or not self._is_free():
                time.sleep(0.02)
            self._pid = 0

    def _is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True

    def _runs(self) -> bool:
        """Whether the process is there and no zombie that waits for its parent."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        return False

    def restart(self) -> None:
        """Kill it and start it again, on what is on its disk."""
        self.kill()
        self.start()

    def empty(self) -> None:
        """Nothing in it, and nobody with it, any more."""
        for store in self._opened:
            store.close()
        self._opened.clear()
        if self.kind == "sqlite":
            for path in self.folder.glob("tokens.db*"):
                path.unlink()
        elif self.kind == "redis":
            self._run("redis-cli", "-p", str(self.port), "-a", PASSWORD, "--no-auth-warning", "flushall")
        else:
            self._sql("DROP TABLE IF EXISTS wxalarm_tokens")
            self._sql("DROP TABLE IF EXISTS wxalarm_schema")

    # --- each of them -------------------------------------------------------------------------------------------------

    def _command(self) -> list[str]:
        binary, data = program(NEEDED[self.kind]) or "", self.folder / "data"
        if self.kind == "mariadb":
            user = pwd.getpwuid(os.getuid()).pw_name
            # Its temporary tables have the numbers of processes for names, which another namespace has, too.
            places = [f"--datadir={data}", f"--socket={self.folder}/s", f"--pid-file={self.folder}/pid"]
            places.append(f"--tmpdir={self.folder}")
            net = [f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]
            return [binary, "--no-defaults", f"--user={user}", *places, *net, "--innodb-buffer-pool-size=16M"]
        if self.kind == "postgresql":
            return [binary, "-D", str(data), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self.folder)]
        lasting = ("--requirepass", PASSWORD, "--appendonly", "yes", "--appendfsync", "always", "--save", "")
        return [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(data), *lasting]

    def _answers(self) -> bool:
        if self.kind == "redis":
            return "PONG" in self._run("redis-cli", "-p", str(self.port), "-a", PASSWORD, "ping", check=False)
        return self._sql("SELECT 1", check=False)

    def _sql(self, statement: str, *, check: bool = True) -> bool:
        if self.kind == "mariadb":
            command = ["mariadb", "--no-defaults", f"--socket={self.folder}/s", "-e", statement]
            command += ["wxalarm"] if (self.folder / "data" / "wxalarm").exists() else []
        else:
            command = [program("psql") or "psql", "-qAt", "-h", "127.0.0.1", "-p", str(self.port)]
            command += ["-U", "wxalarm", "-c", statement, "wxalarm" if (self.folder / "made").exists() else "postgres"]
        done = subprocess.run(command, capture_output=True, env={**os.environ, "PGPASSWORD": PASSWORD}, check=False)
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.returncode == 0

    def _run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(command, capture_output=True, text=True, user=self._as, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _make_redis(self) -> None:
        (self.folder / "data").mkdir()

    def _make_mariadb(self) -> None:
        user = f"--user={pwd.getpwuid(os.getuid()).pw_name}"
        places = (f"--datadir={self.folder}/data", f"--tmpdir={self.folder}")
        self._run("mariadb-install-db", "--no-defaults", *places, user, "--skip-test-db")
        self.start()
        self._sql("CREATE DATABASE wxalarm")
        self._sql(f"CREATE USER wxalarm@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        self._sql("GRANT ALL ON wxalarm.* TO wxalarm@'127.0.0.1'")
        self.kill()

    def _make_postgresql(self) -> None:
        if os.geteuid() == 0:  # it refuses to run as root
            self._as = "postgres"
            self.folder.chmod(0o755)
            shutil.chown(self.folder, "postgres")
            for folder in (self.folder, *self.folder.parents):
                folder.chmod(folder.stat().st_mode | 0o011)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self._as:
            shutil.chown(secret, self._as)
        initdb = program("initdb") or "initdb"
        self._run(initdb, "-D", f"{self.folder}/data", "-U", "wxalarm", "-A", "scram-sha-256", f"--pwfile={secret}")
        self.start()
        self._sql("CREATE DATABASE wxalarm")
        (self.folder / "made").touch()
        self.kill()


Made = Callable[[str], Server]
