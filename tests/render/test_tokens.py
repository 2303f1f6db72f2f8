"""What `wxalarm token status` prints, exactly, in both languages."""

from __future__ import annotations

import json

import pytest

from wxalarm.checks.wechat.token_store import judge
from wxalarm.messages import catalogue
from wxalarm.probes.token_seen import StoreStatus, TokenStatus
from wxalarm.render.tokens import record, table
from wxalarm.wechat.api import Quota

NAME = "wx0000000000000001/access_token"
STATUS = StoreStatus(
    tokens=(
        TokenStatus(NAME, "shop", "access_token", True, 3700.0, 99.0, 3400.0, "host:1:ab", calls_left=6),
        TokenStatus(
            "wx0000000000000002/access_token",
            "mall",
            "access_token",
            True,
            -1800.0,
            9000.0,
            -3600.0,
            "host\x1b[31m:2:cd",
            failures=4,
            case="allow-list",
            errcode=40164,
            ip="192.0.2.77",
        ),
    ),
    quota=Quota(2000, 24),
)
PAGES = {
    "en": """\
shop  wx0000000000000001/access_token
  holds for 62 min; refreshed 99 s ago
  next refresh or try in 57 min
  lease free; held last by host:1:ab
  calls that the bound allows at once: 6
mall  wx0000000000000002/access_token
  ended 30 min ago
  lease free; held last by host\\x1b[31m:2:cd
  calls that the bound allows at once: 0
quota of the token endpoint today: 24 of 2000 used

wx0000000000000002/access_token: the stored token expired 30 min ago.
See that wxalarm token keep runs, and what stops it; do not fetch a token by hand.

wx0000000000000002/access_token: it has been due for 60 min; no keeper has the lease.
Start wxalarm token keep where the AppSecret is; two of them on two machines do no harm.

wx0000000000000002/access_token: not refreshed (failed tries in a row: 4): WeChat refuses 192.0.2.77 (40164).
Put 192.0.2.77 on the IP white list (IP白名单) of the account; tries go on.
""",
    "zh": """\
shop  wx0000000000000001/access_token
  还能用 62 分钟；99 秒前刷新
  57 分钟后刷新或重试
  租约空闲；上一个持有者是 host:1:ab
  按上限，现在最多还能连续调用 6 次
mall  wx0000000000000002/access_token
  已过期 30 分钟
  租约空闲；上一个持有者是 host\\x1b[31m:2:cd
  按上限，现在最多还能连续调用 0 次
token 接口今日配额：2000 次中已用 24 次

wx0000000000000002/access_token：存储里的 token 已过期 30 分钟。
请看 wxalarm token keep 是否在运行、卡在哪里；不要手工去取 token。

wx0000000000000002/access_token：已逾期 60 分钟未刷新，也没有中控持有租约。
请在存有 AppSecret 的机器上启动 wxalarm token keep；在两台机器上各开一个也无妨。

wx0000000000000002/access_token：连续 4 次刷新失败：微信不放行 192.0.2.77（40164）。
请把 192.0.2.77 加进公众号的 IP白名单；期间继续重试。
""",
}


@pytest.mark.parametrize("lang", PAGES)
def test_a_page(lang: str) -> None:
    assert table(STATUS, judge(STATUS), catalogue(lang)) == PAGES[lang]


def test_json_is_the_same_with_codes() -> None:
    made = json.loads(json.dumps(record(STATUS, judge(STATUS), catalogue("en"))))
    assert made["schema"] == "wxalarm.tokens/1"
    assert [one["code"] for one in made["findings"]] == ["token-not-held", "token-keeper-silent", "token-refresh-fails"]
    assert made["tokens"][1]["errcode"] == 40164
    assert made["quota"] == {"limit": 2000, "used": 24}
