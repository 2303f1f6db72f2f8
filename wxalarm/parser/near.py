"""Texts that are near an alarm and none: what they are, and what they prove all the same.

The console's tools print libcurl's number as "CURL错误码：60" (URL验证工具). The alarm of payment (2014) is XML with
ErrorType and AlarmContent. People retell an alarm by its sentence alone. What is looked for are the words of such a
text, never a likeness.
"""

from __future__ import annotations

from typing import NamedTuple

from wxalarm.model import Alarm, AlarmKind, Sample
from wxalarm.parser import words as w
from wxalarm.patterns import compiled
from wxalarm.wechat import limits

LOOKED_AT = 4096
"""Characters of a text that say what it is."""
_CURL = compiled(r"(?i:curl)\s?(?:错误码|错误|error(?: code)?)\s?[:：=]?\s?(?P<number>\d{1,2})(?!\d)")
_STATUS = compiled(r"(?i:http)\s?(?:状态码|返回码|status(?: code)?|code)\s?[:：=]?\s?(?P<number>[1-5]\d\d)(?!\d)")
_OF = r"(?:<!\[CDATA\[)?"
_TYPES = ("DNS失败", "DNS超时", "连接超时", "请求超时", "回应失败", "MarkFail")
_KINDS = (
    ("pay", compiled(r"<AlarmContent>|<ErrorType>\d")),
    (
        "notify",
        compiled(r"<(?:mch_id|out_trade_no|req_info)>|\"event_type\"\s*:\s*\"(?:TRANSACTION|REFUND)\."),
    ),
    ("reply", compiled(rf"<return_code>|<MsgSignature>|<ToUserName>{_OF}o|\"ToUserName\"\s*:\s*\"o")),
    ("push", compiled(rf"<ToUserName>{_OF}gh_|\"ToUserName\"\s*:\s*\"gh_|<InfoType>|<Encrypt>")),
    ("work", compiled(r"企业微信|(?<![0-9A-Za-z])ww[0-9a-f]{16}(?![0-9A-Za-z])|(?i:corp_?id)\W")),
    ("mini", compiled(r"小程序[^\n]{0,20}(?:告警|报警|异常|违规|通知)")),
    (
        "api",
        compiled(r"接口[^\n]{0,30}(?:调用)?(?:次数|频次|频率|额度)|(?:错误码|(?i:errcode))\W{1,6}[1-9]\d{4}(?!\d)"),
    ),
    ("debug", compiled(r"(?:接口|在线)?调试工具|debug_demo|debug_str")),
    ("console", compiled(r"运维中心|URL验证工具|(?i:curl)\s?错误码")),
    (
        "monitor",
        compiled(
            r"云监控|可观测平台|站点监控|(?i:zabbix|prometheus|alertmanager|grafana|nagios|uptime.?kuma)|\[FIRING"
        ),
    ),
)
_URL = compiled(
    r"(?:(?:请求|服务器|回调|接口|配置)(?:地址|链接)|(?<![A-Za-z])(?:URL|url))\s?(?:[(（][^\n)）]{1,20}[)）])?\s{0,2}[:：=]\s{0,2}"
    r"(?P<url>https?://[^\s\"'<>，。；、）)]{3,2000})"
)
"""The callback, as the console's tools print it."""
_WORDING = compiled(rf"{w.OPENING}[^\n。;；:：?？|\"<>]{{2,80}}")
"""The sentence of a 内容, wherever somebody quotes it."""
_APPID = compiled(rf"(?<![0-9A-Za-z]){limits.APPID}(?![0-9A-Za-z])")
_MANY_TYPES = 4
"""So many of them have a text on alarms, not an alarm."""
_BY_CURL = {6: AlarmKind.DNS_FAILURE, 28: AlarmKind.REQUEST_TIMEOUT}
"""The kinds of alarm in which a failure with this number comes; 回应失败 for all others."""


class Near(NamedTuple):
    """What a text is that is no alarm."""

    kind: str
    """pay (its own alarm), notify (its notification), push, reply, work, mini, api, debug, console, monitor, guide,
    retold."""
    curl_error: int | None
    http_code: int | None
    wording: str | None = None
    """The sentence of an alarm that is retold."""
    appid: str | None = None
    """The only one in a text that retells an alarm."""
    url: str | None = None
    """The callback that the text names as such."""

    @property
    def alarm(self) -> Alarm | None:
        """An alarm with what the text proves; None when it proves nothing about a push."""
        sample = Sample(url=self.url, curl_error=self.curl_error, http_code=self.http_code)
        if self.wording is not None:
            return Alarm(w.kind_of(self.wording), self.appid, description=self.wording, sample=sample)
        if self.kind not in ("debug", "console") or (self.curl_error is None and self.http_code is None):
            return None
        kind = _BY_CURL.get(self.curl_error or 0, AlarmKind.INVALID_RESPONSE)
        return Alarm(kind=kind, sample=sample)


def near(text: str) -> Near | None:
    """What a text without an alarm is; None for any other text."""
    text = text[:LOOKED_AT]
    kind = next((name for name, pattern in _KINDS if pattern.search(text) is not None), None)
    if sum(name in text for name in _TYPES) >= _MANY_TYPES:
        kind = "guide"
    curl, status = _CURL.search(text), _STATUS.search(text)
    numbers = int(curl["number"]) if curl else None, int(status["number"]) if status else None
    urls = {found["url"] for found in _URL.finditer(text)}
    url = urls.pop() if len(urls) == 1 else None
    if kind is not None:
        return Near(kind, *numbers, url=url)
    said = [found[0].rstrip(f"{w.EDGES}”’」』'") for found in _WORDING.finditer(text)]
    wordings = {w.kind_of(one): one for one in said if w.is_known(one)}
    if len(wordings) != 1:
        return None  # of several alarms nothing can be told apart
    appids = set(_APPID.findall(text))
    (wording,) = wordings.values()
    return Near("retold", *numbers, wording, appids.pop() if len(appids) == 1 else None, url)
