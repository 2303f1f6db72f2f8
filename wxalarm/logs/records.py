"""A line of a log by the names of nginx's variables, whatever program wrote it: the request, and whether it counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wxalarm.logs.formats import PATHS, Wanted

Record = Mapping[str, str]
"""One line by variable names."""
STARTS = ("startutc", "start_time", "starttime", "startlocal", "start", "started_at", "edgestarttimestamp")
"""Keys of the time at which a request began."""
NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        *(
            "time_local",
            "time_iso8601",
            "msec",
            "time",
            "@timestamp",
            "timestamp",
            "ts",
            "datetime",
            "date",
        ),
        *("t", "time_unix", "__time__", "__timestamp__", "epochsecond", "edgeendtimestamp", "logtime", "log_time"),
        *("reqtime", "created_at", *STARTS),
    ),
    "status": (
        "status",
        "status_code",
        "http_status",
        "code",
        "response_status",
        "response_code",
        "downstreamstatus",
        "statuscode",
        "sc-status",
        *("response_code", "responsecode", "http_status_code", "httpstatus", "http.status_code"),
        *("http.response.status_code", "edgeresponsestatus", "upstreamstatuscode"),
    ),
    "body_bytes_sent": (
        *("body_bytes_sent", "bytes_sent", "bytes_out", "bytes", "size", "body_bytes", "downstreamcontentsize"),
        *("sc-bytes", "edgeresponsebytes"),
    ),
    "upstream_addr": ("upstream_addr", "upstream", "upstream_host", "upstreamhost", "upstreamaddr", "serviceaddr"),
    "upstream_status": ("upstream_status", "upstreamstatus", "originstatus", "originresponsestatus"),
    "upstream_response_time": ("upstream_response_time", "upstream_time", "urt", "upstreamtime"),
    "upstream_connect_time": ("upstream_connect_time", "uct"),
    "upstream_header_time": ("upstream_header_time", "uht"),
    "upstream_response_length": ("upstream_response_length",),
    "upstream_bytes_received": ("upstream_bytes_received",),
    "request": ("request", "request_line"),
    "request_uri": (
        "request_uri",
        "uri",
        "url",
        "path",
        "requestpath",
        *("cs-uri-stem", "cs-uri"),
        "clientrequesturi",
        "requesturl",
        "request_url",
        "request_path",
        "url.original",
        "original",
        "url.path",
        "http.target",
        "http.url",
    ),
    "request_method": (
        "request_method",
        "method",
        "requestmethod",
        "cs-method",
        "clientrequestmethod",
        "http.method",
        "http.request.method",
        "verb",
    ),
    "args": ("args", "query_string", "querystring", "query", "cs-uri-query"),
    "remote_addr": (
        "remote_addr",
        "client",
        "client_ip",
        "clientip",
        "remote_ip",
        "clienthost",
        "ip",
        "c-ip",
        "remoteip",
        "client.ip",
    ),
    "http_x_forwarded_for": ("http_x_forwarded_for", "x_forwarded_for", "xff"),
}
"""Keys that programs write, in lower case, by the nginx variable they stand for."""
HOST = re.compile(r"^https?://[^/\s]*(?=/)")


def first(flat: Mapping[str, str], keys: Iterable[str]) -> str | None:
    """The value of the first of some keys that a line has."""
    return next((flat[key] for key in keys if key in flat), None)


def path_of(record: Record) -> str | None:
    """The path that a line's request asked for, without its query; None when the line does not say."""
    target = target_of(record)
    return None if target is None else re.split(r"[?#]", target, maxsplit=1)[0]


def target_of(record: Record) -> str | None:
    """Path and query that a line's request asked for; None when the line does not say."""
    if "request" in record:
        words = record["request"].split(" ")
        return HOST.sub("", words[1].replace("&amp;", "&")) if len(words) > 1 else None
    target = next((record[name] for name in PATHS if name in record), None)
    arguments = record.get("args") or record.get("query_string")
    if target and arguments and arguments != "-" and "?" not in target:
        target = f"{target}?{arguments}"
    return target and HOST.sub("", target.replace("&amp;", "&"))


def fits(record: Record, wanted: Wanted) -> bool:
    """Whether a line is of a request that counts; what it does not say is taken as right."""
    method = record["request"].partition(" ")[0] if "request" in record else record.get("request_method", "POST")
    if method != "POST":
        return False
    if wanted.path is not None:
        return path_of(record) in (wanted.path, None)
    return not wanted.signed or "signature=" in (target_of(record) or "signature=")
