"""Replies a second that the judge judges, on one core: `python bench/reply.py [SECONDS]`. Exit 1 below the promise."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from wxalarm.wechat.catalogue import Form
from wxalarm.wechat.reply import Pushed, judge

PROMISE = 20_000
"""Typical replies a second."""
PUSH = Pushed(Form.MESSAGE, "text", "oAAAA0000000000000000000001", "gh_000000000001")
FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures" / "replies"
BODIES = {
    "success": b"success",
    "text reply": (FIXTURES / "accepted/text.body").read_bytes(),
    "quoted success": (FIXTURES / "reply-quoted/success.body").read_bytes(),
    "milliseconds": (FIXTURES / "reply-createtime-milliseconds/java.body").read_bytes(),
    "malformed XML": (FIXTURES / "reply-malformed-xml/cdata-end.body").read_bytes(),
    "HTML page": (FIXTURES / "reply-html/aspnet.body").read_bytes(),
}
TYPICAL = [BODIES["success"]] * 5 + [BODIES["text reply"]] * 4 + [BODIES["quoted success"]]
"""Half of the answers are success, most others a text message, one in ten is wrong."""


def rate(bodies: list[bytes], seconds: float) -> float:
    """Judgements a second over some bodies in turn."""
    done, begun = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        for body in bodies * 20:
            judge(body, push=PUSH)
        done += 20 * len(bodies)
    return done / elapsed


def main() -> int:
    """Print a row a body and one for the typical mixture."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    rows = [(name, rate([body], seconds / 4)) for name, body in BODIES.items()]
    typical = rate(TYPICAL, seconds)
    for name, found in [*rows, ("typical mixture", typical)]:
        print(f"{name:<16} {found:>12,.0f}/s {1e6 / found:>8.1f} µs")
    print(f"promise: {PROMISE:,}/s; measured {typical / PROMISE:.1f} times that")
    return 0 if typical >= PROMISE else 1


if __name__ == "__main__":
    sys.exit(main())
