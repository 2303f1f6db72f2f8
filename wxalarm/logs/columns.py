"""Logs as a table: a line of names above, a value of each in every line. Exports of log stores and spreadsheets, W3C.

What a name means is told to the rest as a key of a document would be; names are English or Chinese.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence

_CHINESE = {
    "time": "时间 日志时间 请求时间 访问时间 采集时间 发生时间 记录时间 时间戳",
    "status": "状态 状态码 响应码 返回码 响应状态码 http状态码 http响应码",
    "request_method": "方法 请求方法 请求方式 http方法",
    "request_uri": "路径 请求路径 访问路径 请求地址 请求url 请求uri 接口 接口地址 url地址",
    "args": "参数 请求参数 查询参数",
    "remote_addr": "客户端ip 来源ip 源ip 访问ip 客户端地址 ip地址",
    "body_bytes_sent": "响应大小 返回大小 响应字节数 发送字节数",
    "upstream_addr": "后端地址 后端ip 源站地址",
    "upstream_status": "后端状态码 源站状态码",
    "upstream_response_time": "后端响应时间 后端耗时 源站响应时间",
    "duration": "耗时 用时 请求耗时 处理时间 处理耗时 响应时间 响应耗时 请求时长 延迟 时延",
}
_MEANINGS = {word: name for name, words in _CHINESE.items() for word in words.split()}
_UNIT = r"(.*?)[\s_]*[(（\[](毫秒|秒|微秒|纳秒|ms|s|us|µs|ns)[)）\]]\Z|(.*[一-鿿])_?(毫秒|秒|微秒|纳秒|ms|us|ns)\Z"
_UNITS = {"毫秒": "ms", "秒": "s", "微秒": "us", "µs": "us", "纳秒": "ns"}
_MARKS = ",\t;|"


def header(line: bytes) -> tuple[str, list[str]] | None:
    """(the mark between columns, the keys) of a line of names; None for any other line."""
    text = line.decode("utf-8", "replace").strip("\ufeff\r\n")
    mark = max(_MARKS, key=text.count)
    names = [key(name) for name in _split(text, mark)]
    return (mark, names) if len(names) > 2 and not text.startswith(("{", "[", "#")) and _names(names) else None


def _names(names: Sequence[str]) -> bool:
    """Whether all of them can be names: none is empty, none holds a blank, none but a digit."""
    return all(re.fullmatch(r"[\w@.-]*[^\W\d][\w@.()-]*", name) for name in names)


def key(name: str) -> str:
    """What a column's name is as the key of a document, in lower case: "耗时（毫秒）" is duration_ms."""
    name = name.strip().strip('"').lower()
    name, unit = _MEANINGS.get(name, name), ""
    if found := re.match(_UNIT, name):
        name, unit = found[1] or found[3], found[2] or found[4]
        name = _MEANINGS.get(name, name)
        unit = "_" + _UNITS.get(unit, unit)
    return f"{name}{unit}"


def reader(names: Sequence[str], mark: str) -> Callable[[bytes], Mapping[str, str] | None]:
    """Reads the lines below: values by key, without those that are empty; None for another number of columns, or the
    line of names once more."""

    def read(line: bytes) -> Mapping[str, str] | None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        values = text.split(mark) if mark in " \t" else _split(text, mark)
        if len(values) != len(names) or text.startswith("#") or [key(value) for value in values[:3]] == list(names[:3]):
            return None
        found = {name: value for name, value in zip(names, values, strict=True) if value not in ("", "-")}
        if "date" in found and "time" in found:
            found["time"] = f"{found.pop('date')} {found['time']}"
        return found

    return read


def _split(text: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=mark), [])
    except csv.Error:
        return []
