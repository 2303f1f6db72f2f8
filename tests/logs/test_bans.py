"""Lines by which a machine's own watchmen shut out an address, and let it in again."""

from __future__ import annotations

import pytest

from wxalarm.logs.bans import bans

ADDRESS = "203.0.113.66"
SHUT = (
    "2024-12-25 10:04:55,118 fail2ban.actions        [812]: NOTICE  [nginx-cc] Ban {}",
    "2024-12-25 10:04:55,118 fail2ban.actions        [812]: NOTICE  [nginx-cc] Restore Ban {}",
    'Dec 25 10:04:55 web1 sshguard[9]: Blocking "{}/32" for 120 secs (3 attacks in 1 secs, after 1 abuses)',
    'time="2024-12-25T10:04:55+08:00" level=info msg="(web1/crowdsec) x/http-probing by ip {}: 4h ban on Ip {}"',
    "Dec 25 10:04:55 web1 lfd[411]: (CT) IP {} found to have 301 connections - *Blocked in csf* for 1800 secs",
    "Dec 25 10:04:55 web1 kernel: [71.2] [UFW BLOCK] IN=eth0 OUT= MAC=00:16 SRC={} DST=198.51.100.99 LEN=60 DPT=443",
    "Dec 25 10:04:55 web1 kernel: [UFW LIMIT BLOCK] IN=eth0 OUT= MAC= SRC={} DST=198.51.100.99 LEN=60 DPT=443",
    "Dec 25 10:04:55 web1 kernel: INPUT_DROP: IN=eth0 OUT= MAC=00:16 SRC={} DST=198.51.100.99 LEN=60 DPT=443",
    "Dec 25 10:04:55 web1 kernel: FINAL_REJECT: IN=eth0 OUT= SRC={} DST=198.51.100.99 LEN=60 DPT=443",
)
RELEASED = (
    "2024-12-25 10:04:55,118 fail2ban.actions        [812]: NOTICE  [nginx-cc] Unban {}",
    "Dec 25 10:04:55 web1 sshguard[9]: Unblocking {} after 122 secs",
)
NEITHER = (
    "2024-12-25 10:04:55,118 fail2ban.filter         [812]: INFO    [nginx-cc] Found {} - 2024-12-25 10:04:55",
    "2024-12-25 10:04:55,118 fail2ban.filter         [812]: INFO    [nginx-cc] Ignore {} by ip",
    "Dec 25 10:04:55 web1 kernel: ACCEPT: IN=eth0 OUT= SRC={} DST=198.51.100.99 LEN=60 DPT=443",
    "Dec 25 10:04:55 web1 kernel: INPUT_DROP: IN=eth0 OUT= SRC=192.0.2.1 DST={} LEN=60 DPT=443",
    '{} - - [25/Dec/2024:10:04:55 +0800] "POST /ban HTTP/1.1" 403 9',
)


@pytest.mark.parametrize(
    ("line", "shut"),
    [*((line, True) for line in SHUT), *((line, False) for line in RELEASED), *((one, None) for one in NEITHER)],
)
def test_an_address_is_shut_out_by_a_line_that_says_so_of_it(line: str, shut: bool | None) -> None:
    assert bans(line.replace("{}", ADDRESS).encode(), ADDRESS.encode()) is shut
    for other in ("203.0.113.6", "203.0.113.166", "2001:db8::66"):
        assert bans(line.replace("{}", other).encode(), ADDRESS.encode()) is None
    assert bans(line.replace("{}", "2001:db8::66").encode(), b"2001:db8::66") is shut
