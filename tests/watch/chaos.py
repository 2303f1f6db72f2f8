"""A service in simulated time that is killed, and whose disk fills up and database is locked, at random moments.

`python -m tests.watch.chaos FOLDER LIVES SEED` runs it, with a webhook on loopback, and prints what was lost as JSON.
FOLDER should be a small file system of its own, which is what fills up.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import os
import signal
import sqlite3
import sys
import time as clock
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tests import clock as simulated
from tests.watch import made
from wxalarm.messages import catalogue
from wxalarm.watch.service import Service
from wxalarm.watch.states import Level, Rule, State, step
from wxalarm.watch.store import Store
from wxalarm.watch.ways import Way, known

TARGETS = 3
EVERY = 60.0
RULE = Rule(3, 2)
BEGIN = 1_800_000_000.0
BUSY = 0.02


def live(folder: Path, port: int, wall: float, until: float) -> None:
    """One life: from a moment of the wall clock to another, or until it is killed."""
    store = Store(folder / "watch.db", busy=BUSY)
    ways = (
        Way("webhook", "webhook", f"webhook+http://127.0.0.1:{port}/"),
        Way("apprise", "robot", f"json://127.0.0.1:{port}/robot"),
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def now() -> float:
            return wall + loop.time()

        plan = made.plan(TARGETS, every=EVERY, rule=RULE, ways=ways)
        look = made.looker(made.unsteady, now)
        service = Service(plan, store, catalogue("en"), lambda *_, **__: None, wall=now, look=look)
        await service.begin()
        loop.call_at(until - wall, service.stop)
        await service.run()
        for _ in range(100):
            if not any(outlet.queue for outlet in service.outlets.by_label.values()):
                break
            for outlet in service.outlets.by_label.values():
                await service.outlets.deliver(outlet)
            await asyncio.sleep(1)
        await service._write()

    simulated.run(main())
    store.close()


def receive(folder: Path) -> tuple[int, int]:
    """A webhook in its own process that notes the ids, and a robot, which knows none and notes texts: (port, pid)."""
    notes = os.open(folder / "received", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    texts = os.open(folder / "shown", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/robot":
                os.write(texts, (json.dumps(body["message"]) + "\n").encode())
            else:
                os.write(notes, f"{body['id']} {body['kind']} {body['state']}\n".encode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    pid = os.fork()
    if pid == 0:
        server.serve_forever()
    server.server_close()
    return server.server_address[1], pid


def last(folder: Path) -> float:
    """The wall time of the last round that was kept."""
    with contextlib.closing(sqlite3.connect(folder / "watch.db")) as db:
        return float(db.execute("SELECT coalesce(max(time), ?) FROM rounds", (BEGIN,)).fetchone()[0])


def born(folder: Path, port: int, wall: float, until: float) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            live(folder, port, wall, until)
        except BaseException:  # noqa: BLE001  # whatever it is, this process must not go on as the other
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid


def full(folder: Path) -> Path:
    """Fill the disk."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def hit(event: str, folder: Path, pid: int, random: Random) -> None:
    """What befalls a life."""
    if event == "full":
        ballast = full(folder)
        clock.sleep(random.uniform(0.02, 0.1))
        ballast.unlink()
        clock.sleep(0.15)
    elif event == "locked":
        db = sqlite3.connect(folder / "watch.db", timeout=0.5)
        with contextlib.closing(db), contextlib.suppress(sqlite3.OperationalError):
            db.execute("BEGIN IMMEDIATE")
            clock.sleep(random.uniform(0.02, 0.1))
            db.execute("ROLLBACK")
        clock.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def judged(folder: Path, notes: Path) -> dict[str, Any]:
    """What the database holds against what its own rounds ask for, and what came out of the webhook."""
    with contextlib.closing(sqlite3.connect(folder / "watch.db")) as db:
        (sound,) = db.execute("PRAGMA integrity_check").fetchone()
        keys = dict(db.execute("SELECT id, key FROM targets"))
        wanted, changes, counted = [], [], 0
        for target, key in keys.items():
            state = State()
            rounds = db.execute("SELECT time, level FROM rounds WHERE target = ? ORDER BY time", (target,))
            for time, level in rounds:
                counted += 1
                state, change, told = step(state, None if level is None else Level(level), time, RULE)
                changes += [(key, change.number, int(change.after))] if change else []
                wanted += [f"{key}-{state.said}-{told.kind} {told.kind} {told.level.word}"] if told else []
        kept = db.execute("SELECT target, number, after FROM changes").fetchall()
        waiting = db.execute("SELECT count(*) FROM messages WHERE sent IS NULL").fetchone()[0]
        robot = dict(db.execute("SELECT id, body FROM messages WHERE way = 'robot'"))
    came = (notes / "received").read_text().splitlines()
    shown = Counter(map(json.loads, (notes / "shown").read_text().splitlines()))
    for_robot = {id: json.loads(body)["text"] for id, body in robot.items()}
    missing = Counter(for_robot.values()) - shown
    unknown = {id.removesuffix("-perhaps") for id in for_robot if id.endswith("-perhaps")}
    return {
        "integrity": sound,
        "rounds": counted,
        "changes": len(changes),
        "lost changes": sorted(set(changes) ^ {(keys[target], number, after) for target, number, after in kept}),
        "messages": len(wanted),
        "lost messages": sorted(set(wanted) - set(came)),
        "messages of nothing": sorted(set(came) - set(wanted)),
        "sent again with the same id": len(came) - len(set(came)),
        "shown twice by the robot": sorted((shown - Counter(for_robot.values())).elements()),
        "not shown and not said to be": sorted((missing - Counter(for_robot.get(id, "") for id in unknown)).elements()),
        "of which nobody knows": len(unknown),
        "waiting": waiting,
    }


def main(folder: Path, notes: Path, lives: int, seed: int) -> dict[str, Any]:
    """All lives, then one to the end."""
    random, killed = Random(seed), {"kill": 0, "full": 0, "locked": 0}
    assert known(Way("apprise", "robot", "json://127.0.0.1:1/"))  # loads it once: each life is a fork of this process
    port, hook = receive(notes)
    try:
        Store(folder / "watch.db").close()
        for _ in range(lives):
            event = random.choice(["kill", "kill", "full", "locked"])
            pid = born(folder, port, last(folder) + EVERY, BEGIN + 1e9)
            clock.sleep(random.uniform(0.05, 0.35))
            hit(event, folder, pid, random)
            killed[event] += 1
        end = last(folder)
        pid = born(folder, port, end + EVERY, end + 4 * 3600.0)
        _, status = os.waitpid(pid, 0)
        days = round((last(folder) - BEGIN) / 86400, 2)
        return {"last": status, "events": killed, "days": days, **judged(folder, notes)}
    finally:
        os.kill(hook, signal.SIGKILL)
        os.waitpid(hook, 0)


if __name__ == "__main__":
    place, notes = Path(sys.argv[1], "history"), Path(sys.argv[2])
    sys.stdout.write(json.dumps(main(place, notes, int(sys.argv[3]), int(sys.argv[4])), indent=1))
