"""The table of what makes what: effect ← cause, and what must tie the two findings. Read it like a runbook.

A link holds only between two findings that its tie ties. `most` is the surest that the step may then be; with `acted`
the tie itself shows that the state of the cause was at work (the line names the very zone, the very file), so that the
step is as sure as its effect. Of several links that are as sure, the first holds: the specific stand before the vague.
docs/{en,zh}/causes.md is made from this table; [link] of the catalogues says of each why it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wxalarm.model import Certainty
from wxalarm.verdict.ties import (
    CLOSED,
    DEFAULT_SERVER,
    ELSEWHERE,
    ENDED,
    LONGER,
    NO_ADDRESS,
    OLD_ADDRESS,
    OTHER_ANSWER,
    PASSED_ON,
    SAME_FILE,
    SAME_MACHINE,
    SAME_MOMENT,
    SAME_NAME,
    SAME_NUMBER,
    SAME_PUSH,
    SAME_SECOND,
    SAME_STATUS,
    SAME_UPSTREAM,
    SAME_ZONE,
    THAT_TIME,
    THESE_MINUTES,
    UNEVEN,
    WAITED_THEN,
    Tie,
)


@dataclass(frozen=True, slots=True)
class Link:
    """Effects, causes and their tie. Codes are written as reports show them; a test compares them with the registry."""

    id: str
    effects: tuple[str, ...]
    causes: tuple[str, ...]
    tie: Tie
    most: Certainty = Certainty.CERTAIN
    acted: bool = False


def _codes(*texts: str) -> tuple[str, ...]:
    return tuple(code for text in texts for code in text.split())


NO_NAME = _codes("dns-nxdomain dns-nodata dns-servfail dns-refused dns-timeout dns-malformed dns-view-differs")
NO_SERVER = _codes("dns-servfail dns-refused dns-timeout dns-malformed")
"""What resolvers say when the zone's servers fail; that there is no such name is the zone's own word."""
NO_CONNECTION = _codes("tcp-refused tcp-timeout tcp-unreachable tcp-reset")
NO_TLS = _codes(
    "tls-expired tls-not-yet-valid tls-name-mismatch tls-chain-incomplete tls-self-signed tls-untrusted",
    "tls-client-certificate tls-protocol tls-not-tls tls-timeout tls-failed",
)
NO_ANSWER = _codes("http-timeout http-empty http-reset")
TOO_LATE = _codes("http-timeout http-slow log-client-gave-up log-upstream-slow log-slow errlog-client-timeout")
STATUS = _codes("http-status http-redirect log-status log-not-found log-forbidden log-upstream-error")
"""A status that is not 200, wherever it is seen: in the alarm, by a probe, in the access log."""
UNANSWERED = _codes("private-address dns-private-address dns-no-ipv4 tcp-slow log-no-request log-client-gave-up")
"""With NO_NAME to NO_ANSWER what leaves WeChat without an answer: it cannot be why one was bad."""
BODY = _codes("reply-html reply-redirect-page reply-json reply-object reply-text reply-empty")
"""A page, or nothing, in place of a reply: somebody else than the handler may have answered."""
ACCESS = _codes("log-status log-not-found log-forbidden log-upstream-error")
UPSTREAM_FAILS = _codes(
    "errlog-refused errlog-no-live-upstream errlog-connect-timeout errlog-unreachable errlog-upstream-timeout",
    "errlog-upstream-closed errlog-upstream-tls errlog-upstream-header errlog-reset errlog-ports errlog-resolve",
    "errlog-queue-full",
)
UPSTREAM_FAILED = _codes(
    "errlog-refused errlog-connect-timeout errlog-unreachable errlog-upstream-timeout errlog-upstream-closed",
    "errlog-upstream-header errlog-reset",
)
"""Failures after which nginx leaves an application server out for a while (fail_timeout)."""
NGINX_FAILS = _codes(
    "errlog-rate-limit errlog-denied errlog-body-too-large errlog-not-found errlog-permission errlog-cycle",
    "errlog-script errlog-disk errlog-memory errlog-open-files errlog-connections",
)
NGINX_ANSWERS = _codes("nginx-denied nginx-return nginx-rate-limit nginx-body-size nginx-redirect nginx-proxy-timeout")
BUSY = _codes("cpu-throttled swapping disk-slow steal-high load-high memory-low")
"""States of the machine that make everything late."""

LIKELY, POSSIBLE = Certainty.LIKELY, Certainty.POSSIBLE

LINKS: tuple[Link, ...] = (
    # --- the number that libcurl gave, and what gives it ---
    Link("number", ("curl-error",), (*NO_NAME, "dns-no-ipv4", "dns-delegation-broken"), NO_ADDRESS, LIKELY),
    Link("number", ("curl-error",), ("errlog-tls",), SAME_NUMBER, LIKELY),
    Link("alone", ("curl-error",), ("nginx-certificate-alone",), SAME_NUMBER, LIKELY, acted=True),
    Link("alone", ("tls-chain-incomplete",), ("nginx-certificate-alone",), SAME_MACHINE, LIKELY, acted=True),
    Link("number", ("curl-error",), (*NO_CONNECTION, *NO_TLS, *NO_ANSWER, "http-malformed"), SAME_NUMBER, LIKELY),
    # --- the address is no longer the callback's ---
    Link(
        "moved",
        ("curl-error", *NO_CONNECTION, *NO_TLS, *NO_ANSWER, *STATUS),
        ("dns-ip-moved", "api-dns-differs", "dns-view-differs"),
        OLD_ADDRESS,
        acted=True,
    ),
    Link("parked", ("dns-ip-moved", "api-dns-differs"), ("domain-expired", "domain-on-hold"), SAME_NAME),
    Link("parked", ("http-status", "http-redirect", *BODY), ("domain-expired", "domain-on-hold"), SAME_NAME, POSSIBLE),
    # --- the name: what is asked, whom, and who runs the domain ---
    Link("delegation", NO_SERVER, ("dns-delegation-broken",), SAME_NAME),
    Link(
        "domain",
        (*NO_NAME, "dns-delegation-broken", "api-dns-none"),
        ("domain-unregistered", "domain-on-hold", "domain-expired"),
        SAME_NAME,
    ),
    Link("view", ("api-dns-none", "api-dns-differs"), NO_NAME, SAME_NAME),
    # --- the push never came as far as nginx ---
    Link(
        "never-came",
        ("log-no-request", "log-request-missing"),
        (*NO_CONNECTION, *NO_TLS, "tcp-slow", "listen-overflow", "errlog-connections", "errlog-tls", "conntrack-full"),
        SAME_MACHINE,
        LIKELY,
    ),
    Link(
        "never-came",
        ("log-no-request", "log-request-missing", "tcp-timeout"),
        ("app-log-banned", "app-log-dropped"),
        SAME_MACHINE,
        LIKELY,
    ),
    Link("never-came", ("log-no-request", "log-request-missing"), ("dns-ip-moved", *NO_NAME), SAME_MACHINE, LIKELY),
    Link("not-running", ("tcp-refused",), ("errlog-not-started", "nginx-invalid"), SAME_MACHINE, LIKELY, acted=True),
    Link("invalid", ("errlog-not-started",), ("nginx-invalid",), SAME_MACHINE, LIKELY, acted=True),
    Link("slash", ("nginx-invalid", "errlog-not-started"), ("nginx-slash-comment",), SAME_FILE, acted=True),
    Link("slash", ("errlog-not-started",), ("nginx-slash-comment",), SAME_MACHINE, LIKELY, acted=True),
    Link(
        "no-room",
        ("tcp-timeout", "tcp-slow", "tcp-reset", "tls-timeout", "tls-slow", "http-timeout"),
        ("listen-overflow", "conntrack-full", "errlog-connections", "errlog-open-files"),
        SAME_MACHINE,
        LIKELY,
    ),
    Link("no-room", ("tcp-timeout", "tcp-slow"), ("syn-flood", "listen-queue"), SAME_MACHINE, POSSIBLE),
    Link("tls-logged", NO_TLS, ("errlog-tls",), SAME_MACHINE, LIKELY),
    # --- the status, and the line of the log that has it ---
    Link("logged", ("http-status", "http-redirect", *BODY), ACCESS, SAME_PUSH),
    Link("logged", ("http-status", "http-redirect"), ACCESS, SAME_STATUS, LIKELY),
    Link("logged", ("curl-error",), ("log-status",), CLOSED),
    Link("between", ("http-status", "http-redirect", "reply-empty"), ("log-answer-differs",), OTHER_ANSWER, LIKELY),
    Link("between", ("http-status", "http-redirect"), ("log-request-missing", "log-no-request"), ELSEWHERE, LIKELY),
    # --- who made the status: the application, by its own log ---
    Link("application", STATUS, ("app-log-error",), PASSED_ON),
    Link("application", BODY, ("app-log-error",), PASSED_ON, LIKELY),
    Link("application", (*STATUS, *BODY), ("app-log-error",), SAME_MOMENT, LIKELY),
    Link("application", STATUS, ("app-log-errors",), SAME_SECOND, LIKELY, acted=True),
    Link("number", ("curl-error",), ("app-log-error",), SAME_NUMBER, LIKELY),
    Link("broke-off", ("curl-error",), ("app-log-error",), CLOSED, LIKELY),
    Link(
        "application",
        ("errlog-upstream-closed", "errlog-upstream-header", "errlog-reset"),
        ("app-log-error",),
        SAME_PUSH,
    ),
    # --- who made the status: nginx ---
    Link("nginx-said", (*STATUS, *BODY, *NO_ANSWER), (*UPSTREAM_FAILS, *NGINX_FAILS), SAME_PUSH),
    Link("upstream", (*STATUS, "log-upstream-uneven"), UPSTREAM_FAILS, SAME_UPSTREAM, LIKELY),
    Link("uneven", ACCESS, ("log-upstream-uneven",), UNEVEN, LIKELY, acted=True),
    Link("status-made", STATUS, (*UPSTREAM_FAILS, *NGINX_FAILS), SAME_STATUS, LIKELY),
    Link("marked-down", ("errlog-no-live-upstream",), UPSTREAM_FAILED, SAME_MACHINE, LIKELY),
    Link("zone", ("errlog-rate-limit", "errlog-delayed"), ("nginx-rate-limit",), SAME_ZONE, acted=True),
    Link("rule", ("errlog-denied",), ("nginx-denied",), SAME_STATUS, acted=True),
    Link("static", ("errlog-not-found",), ("nginx-static",), SAME_STATUS, acted=True),
    Link("size", ("errlog-body-too-large",), ("nginx-body-size",), SAME_STATUS, acted=True),
    Link("read-timeout", ("errlog-upstream-timeout",), ("nginx-proxy-timeout",), SAME_STATUS, acted=True),
    Link("configured", STATUS, NGINX_ANSWERS, SAME_STATUS, LIKELY, acted=True),
    Link("configured", ("http-status", *ACCESS), ("nginx-static",), SAME_STATUS, LIKELY, acted=True),
    Link("configured", BODY, ("nginx-error-page", "nginx-static", "nginx-redirect"), SAME_MACHINE, POSSIBLE),
    Link(
        "configured",
        ("curl-error", "http-empty", "log-status"),
        ("nginx-return", "nginx-denied"),
        CLOSED,
        LIKELY,
        acted=True,
    ),
    Link(
        "unnamed",
        ("nginx-denied", "nginx-return", "nginx-redirect", "nginx-static"),
        ("nginx-server-name", "nginx-name-path"),
        DEFAULT_SERVER,
        LIKELY,
        acted=True,
    ),
    # --- too late: who took the time ---
    Link(
        "upstream-late",
        ("http-timeout", "http-slow", "log-client-gave-up", "log-slow", "errlog-client-timeout"),
        ("log-upstream-slow",),
        SAME_PUSH,
    ),
    Link(
        "upstream-late",
        ("http-timeout", "http-slow", "log-client-gave-up", "log-slow"),
        ("log-upstream-slow",),
        SAME_MACHINE,
        LIKELY,
    ),
    Link("gave-up", ("http-timeout", "http-slow"), ("log-client-gave-up", "log-slow"), SAME_MACHINE, LIKELY),
    Link("application-late", (*TOO_LATE, "errlog-upstream-timeout"), ("app-log-slow",), SAME_PUSH),
    Link("application-late", (*TOO_LATE, "errlog-upstream-timeout"), ("app-log-slow",), THESE_MINUTES, LIKELY),
    Link("longer", ("nginx-proxy-timeout",), ("app-log-slow",), LONGER),
    Link(
        "application-late",
        (*TOO_LATE, "errlog-upstream-timeout", "app-log-slow"),
        ("app-log-error",),
        SAME_PUSH,
        LIKELY,
    ),
    Link(
        "application-late",
        (*TOO_LATE, "errlog-upstream-timeout", "app-log-slow"),
        ("app-log-error",),
        WAITED_THEN,
        LIKELY,
    ),
    Link(
        "backend-late",
        ("http-timeout", "http-slow", "log-client-gave-up", "log-upstream-slow", "log-slow"),
        ("errlog-upstream-timeout", "errlog-connect-timeout", "errlog-unreachable", "errlog-delayed"),
        SAME_PUSH,
    ),
    Link(
        "backend-late",
        ("http-timeout", "http-slow", "log-client-gave-up", "log-upstream-slow", "log-slow"),
        ("errlog-upstream-timeout", "errlog-connect-timeout", "errlog-unreachable", "errlog-delayed"),
        SAME_MACHINE,
        LIKELY,
    ),
    Link(
        "application-late",
        (*TOO_LATE, *STATUS, "errlog-upstream-timeout"),
        ("app-log-errors", "app-log-before"),
        SAME_MACHINE,
        POSSIBLE,
    ),
    Link(
        "ended",
        ("curl-error", *STATUS, *UPSTREAM_FAILED),
        ("app-log-stopped", "app-log-errors", "app-log-error"),
        ENDED,
        LIKELY,
    ),
    # --- what ran out, and the setting or the state behind it ---
    Link("connections", ("errlog-connections",), ("nginx-connections-low",), SAME_MACHINE, LIKELY, acted=True),
    Link("files", ("errlog-open-files",), ("nginx-nofile-low", "files-low"), SAME_MACHINE, LIKELY, acted=True),
    Link("disk", ("errlog-disk",), ("disk-full",), SAME_MACHINE, LIKELY, acted=True),
    Link("memory", ("errlog-memory", "errlog-worker-died"), ("memory-low",), SAME_MACHINE, LIKELY),
    Link("ports", ("errlog-ports",), ("ports-exhausted", "time-wait"), SAME_MACHINE, LIKELY, acted=True),
    Link("queue", ("listen-overflow", "listen-queue"), ("burst", "log-burst", *BUSY), SAME_MACHINE, POSSIBLE),
    Link("worker", ("http-empty", "http-reset", "tcp-reset", *ACCESS), ("errlog-worker-died",), SAME_MACHINE, POSSIBLE),
    Link(
        "capacity",
        ("tcp-timeout", "tcp-slow", "http-timeout"),
        ("nginx-connections-low", "nginx-nofile-low"),
        SAME_MACHINE,
        POSSIBLE,
    ),
    Link(
        "busy",
        (*TOO_LATE, "tcp-slow", "tcp-timeout", "tls-slow", "errlog-upstream-timeout", "app-log-slow"),
        BUSY,
        THAT_TIME,
        LIKELY,
        acted=True,
    ),
    Link(
        "busy",
        (*TOO_LATE, "tcp-slow", "tcp-timeout", "tls-slow", "errlog-upstream-timeout", "app-log-slow"),
        BUSY,
        SAME_MACHINE,
        POSSIBLE,
    ),
    Link(
        "stuck",
        (*TOO_LATE, "errlog-upstream-timeout"),
        ("close-wait", "pids-low", "burst", "log-burst"),
        SAME_MACHINE,
        POSSIBLE,
    ),
    # --- the firewall of a list that is out of date ---
    Link(
        "allow-list",
        ("tcp-timeout", "log-no-request", "log-request-missing"),
        ("allow-list-drift",),
        SAME_MACHINE,
        POSSIBLE,
    ),
    Link("clock", ("http-status",), ("clock-skew",), SAME_STATUS, POSSIBLE),
    Link("clock", ("tls-not-yet-valid", "tls-expired"), ("clock-skew",), SAME_MACHINE, POSSIBLE),
)

EFFECTS = frozenset(_codes("markfail-block ticket-stale ticket-stopped storm push-failures sample-silent"))
"""What an alarm means or how much it weighs: never why it came."""
WELL = "log-answered"
"""The note that nginx answered the alarm's own push with 200, in time."""
NOBODY_LISTENS = "tcp-refused"
"""Nobody listens."""
QUEUES = frozenset(_codes("listen-overflow listen-queue"))
"""What this machine counts of all that listen on it."""
INNER = "app-log-error"
"""What went wrong inside the application at a push need not be what WeChat met of it."""
WEIGHT = "burst"
"""How many failed at once: it may stand behind a failure, and explains none alone."""
WHOSE = "platform-side"
"""Says whose server it is. A cause only when nothing is known of why that server failed."""


def causes_of(code: str) -> Iterator[tuple[Link, str]]:
    """What can make `code`: (link, cause), in the order of the table."""
    return ((link, cause) for link in LINKS if code in link.effects for cause in link.causes if cause != code)


def effects_of(code: str) -> Iterator[tuple[Link, str]]:
    """What `code` can make: (link, effect), in the order of the table."""
    return ((link, effect) for link in LINKS if code in link.causes for effect in link.effects if effect != code)
