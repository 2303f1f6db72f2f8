"""Our answers equal dig's, on the same server in the same run."""

from __future__ import annotations

import asyncio
import re
import shutil

import pytest

from tests.probes.test_dns import ZONE
from wxalarm.lab.dns import Fault, Running, serve
from wxalarm.probes.dns import Answer, Outcome, Server, ask

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(shutil.which("dig") is None, reason="dig is not installed")]
CASES = [
    ("wx.example.com", "A"),
    ("wx.example.com", "AAAA"),
    ("one.example.com", "A"),
    ("only6.example.com", "A"),
    ("only6.example.com", "AAAA"),
    ("text.example.com", "A"),
    ("no.example.com", "A"),
    ("gone.example.com", "A"),
    ("cut.example.com", "A"),
    ("broken.example.com", "A"),
    ("refused.example.com", "A"),
    ("example.com", "NS"),
]
FAULTS = {
    "cut.example.com": Fault.TRUNCATED,
    "broken.example.com": Fault.SERVFAIL,
    "refused.example.com": Fault.REFUSED,
}


async def dig(server: Running, name: str, rtype: str, *options: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *("dig", f"@{server.address}", "-p", str(server.port), name, rtype, "+time=2", "+tries=1", *options),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return out.decode()


def facts(output: str, rtype: str) -> tuple[str, list[str], list[str], bool]:
    """rcode, records, CNAME targets and AA of dig's text."""
    status = re.search(r"status: (\w+)", output)
    flags = re.search(r"flags: ([a-z ]*);", output)
    assert status, output
    assert flags, output
    answer = output.partition(";; ANSWER SECTION:")[2].partition("\n\n")[0]
    rows = [line.split() for line in answer.splitlines() if line]
    records = sorted(row[4].rstrip(".") for row in rows if row[3] == rtype)
    chain = [row[4].rstrip(".") for row in rows if row[3] == "CNAME"]
    return status.group(1), records, chain, "aa" in flags.group(1).split()


def ours(answer: Answer) -> tuple[str, list[str], list[str], bool]:
    return answer.rcode or "", sorted(answer.records), list(answer.chain), answer.authoritative


@pytest.mark.parametrize("recursive", [True, False], ids=["resolver", "authoritative"])
@pytest.mark.parametrize(("name", "rtype"), CASES)
def test_our_answer_equals_digs(name: str, rtype: str, recursive: bool) -> None:
    async def main() -> tuple[str, Answer]:
        zone = ZONE + "cut.example.com. 60 IN A 203.0.113.77\n"
        async with serve(zone, faults=FAULTS, recursive=recursive) as server:
            output = await dig(server, name, rtype, *(() if recursive else ("+norecurse",)))
            answer = await ask(Server(server.address, server.port), name, rtype, recursive=recursive)
            return output, answer

    output, answer = asyncio.run(main())
    assert ours(answer) == facts(output, rtype)
    assert ("Truncated, retrying in TCP mode" in output) == answer.truncated


def test_dig_and_we_call_the_same_servers_silent() -> None:
    async def main() -> tuple[str, Answer]:
        async with serve(ZONE, faults={"*": Fault.SILENT}) as server:
            output, answer = await asyncio.gather(
                dig(server, "wx.example.com", "A"),
                ask(Server(server.address, server.port), "wx.example.com", "A", limit=2.0),
            )
            return output, answer

    output, answer = asyncio.run(main())
    assert "no servers could be reached" in output
    assert answer.outcome is Outcome.SILENT
