"""Metrics for Prometheus: of targets (also of one alone: /probe, `probe --textfile`) and of the watching itself.

Needs prometheus-client, of the extra wxalarm[watch]; imported by whoever serves or writes metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from wxalarm import __version__
from wxalarm.config import Settings
from wxalarm.watch.rounds import Numbers, Phases
from wxalarm.watch.server import Server, look
from wxalarm.watch.service import Service
from wxalarm.watch.states import Level
from wxalarm.watch.targets import Watched

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PHASES = ("connect", "tls", "first_byte", "total")


@dataclass(frozen=True, slots=True)
class Seen:
    """A target as it was seen last. time: of the wall clock."""

    target: Watched
    numbers: Numbers
    state: Level | None
    flapping: bool = False
    time: float | None = None


class Made(Collector):
    """A collector of families that are made when they are asked for."""

    def __init__(self, *makers: Iterable[Metric]) -> None:
        self._makers = makers

    def collect(self) -> Iterator[Metric]:
        """Each family once."""
        for maker in self._makers:
            yield from maker


def text_of(*families: Iterable[Metric]) -> bytes:
    """Families in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Made(*families))
    return generate_latest(registry)


def of_targets(seen: Iterable[Seen]) -> list[Metric]:
    """What is known of targets."""
    labels = ["target", "account"]
    state = GaugeMetricFamily("wxalarm_state", "State of a target: 0 up, 1 degraded, 2 down.", labels=labels)
    up = GaugeMetricFamily("wxalarm_up", "Whether the last round found that pushes get through.", labels=labels)
    flapping = GaugeMetricFamily("wxalarm_flapping", "Whether the state of a target changes too often.", labels=labels)
    cause = GaugeMetricFamily("wxalarm_cause", "The verdict of the last round.", labels=[*labels, "code"])
    verified = GaugeMetricFamily("wxalarm_verified", "Whether the signed GET was answered right.", labels=labels)
    dns = GaugeMetricFamily("wxalarm_dns_seconds", "Until the first resolver of this machine answered.", labels=labels)
    phase = GaugeMetricFamily(
        "wxalarm_phase_seconds", "A phase of the GET to one address.", labels=[*labels, "address", "phase"]
    )
    address = GaugeMetricFamily("wxalarm_address_up", "Whether an address answered.", labels=[*labels, "address"])
    certificate = GaugeMetricFamily(
        "wxalarm_certificate_expiry_timestamp_seconds", "End of the first certificate to end.", labels=labels
    )
    registration = GaugeMetricFamily(
        "wxalarm_registration_expiry_timestamp_seconds", "End of the domain's registration.", labels=labels
    )
    views = GaugeMetricFamily("wxalarm_dns_views", "DNS servers that gave addresses.", labels=labels)
    agreeing = GaugeMetricFamily(
        "wxalarm_dns_views_agreeing", "DNS servers that gave the addresses that most of them gave.", labels=labels
    )
    elapsed = GaugeMetricFamily("wxalarm_round_seconds", "What the last round took.", labels=labels)
    last = GaugeMetricFamily("wxalarm_last_round_timestamp_seconds", "When the last round ended.", labels=labels)
    for one in seen:
        numbers, who = one.numbers, [one.target.name, one.target.account or ""]
        if one.state is not None:
            state.add_metric(who, one.state)
        if numbers.level is not None:
            up.add_metric(who, numbers.level is not Level.DOWN)
        flapping.add_metric(who, one.flapping)
        if numbers.code is not None and numbers.level:
            cause.add_metric([*who, numbers.code], 1)
        if numbers.verified is not None:
            verified.add_metric(who, numbers.verified)
        if numbers.dns is not None:
            dns.add_metric(who, numbers.dns)
        for part in numbers.phases:
            address.add_metric([*who, part.address], part.failure is None)
            for name in PHASES:
                if (value := getattr(part, name)) is not None:
                    phase.add_metric([*who, part.address, name], value)
        if numbers.certificate is not None:
            certificate.add_metric(who, numbers.certificate.timestamp())
        if numbers.registration is not None:
            registration.add_metric(who, numbers.registration.timestamp())
        if numbers.views is not None:
            agreeing.add_metric(who, numbers.views[0])
            views.add_metric(who, numbers.views[1])
        elapsed.add_metric(who, numbers.elapsed)
        if one.time is not None:
            last.add_metric(who, one.time)
    return [
        *(state, up, flapping, cause, verified, dns, phase, address, certificate, registration, views, agreeing),
        *(elapsed, last),
    ]


def of_service(service: Service) -> list[Metric]:
    """How the watching itself does."""
    counts = service.counts
    build = InfoMetricFamily("wxalarm_build", "This program.", value={"version": __version__})
    sent = CounterMetricFamily("wxalarm_messages_sent", "Messages that a way out took.", labels=["way"])
    failed = CounterMetricFamily("wxalarm_messages_failed", "Tries that a way out refused.", labels=["way"])
    waiting = GaugeMetricFamily("wxalarm_messages_waiting", "Messages that wait for a way out.", labels=["way"])
    for label, outlet in service.outlets.by_label.items():
        sent.add_metric([label], outlet.sent)
        failed.add_metric([label], outlet.failed)
        waiting.add_metric([label], len(outlet.queue))
    lists = GaugeMetricFamily(
        "wxalarm_allow_list_drift", "Entries in which an allow list differs from WeChat's.", labels=["account", "place"]
    )
    for account, drifts in service.drifts.items():
        for one in drifts:
            lists.add_metric([account, one.place], len(one.missing) + len(one.gone))
    reloads = CounterMetricFamily("wxalarm_config_reloads", "Configurations that were read again.", labels=["result"])
    reloads.add_metric(["used"], counts.reloads)
    reloads.add_metric(["refused"], counts.refused)
    return [
        *(build, sent, failed, waiting, lists, reloads),
        CounterMetricFamily("wxalarm_rounds", "Rounds that have ended.", value=counts.rounds),
        CounterMetricFamily("wxalarm_rounds_late", "Slots in which no round began.", value=service.late),
        CounterMetricFamily("wxalarm_rounds_blind", "Rounds that could tell nothing.", value=counts.blind),
        CounterMetricFamily(
            "wxalarm_rounds_broken", "Rounds that ended in a fault of this program.", value=counts.faults
        ),
        CounterMetricFamily("wxalarm_state_changes", "Changes of states.", value=counts.changes),
        CounterMetricFamily(
            "wxalarm_messages_uncertain",
            "Messages of which a kill left unknown whether they went out.",
            value=counts.uncertain,
        ),
        CounterMetricFamily("wxalarm_store_errors", "Writings that the history refused.", value=counts.store_errors),
        CounterMetricFamily("wxalarm_store_dropped_rows", "Rounds that the history never took.", value=counts.dropped),
        CounterMetricFamily(
            "wxalarm_store_damaged", "Histories that were found damaged and put aside.", value=counts.damaged
        ),
        CounterMetricFamily("wxalarm_clock_jumps", "Jumps of the wall clock.", value=counts.jumps),
        GaugeMetricFamily("wxalarm_targets", "Targets that are watched.", value=len(service.subjects)),
        GaugeMetricFamily("wxalarm_rounds_running", "Rounds under way.", value=service.running),
        GaugeMetricFamily(
            "wxalarm_store_waiting_rows", "Rounds that the history has not taken yet.", value=service.backlog
        ),
        GaugeMetricFamily(
            "wxalarm_interval_seconds", "Seconds between two rounds of one target.", value=service.plan.every
        ),
    ]


def of_server(server: Server, now: float) -> list[Metric]:
    """This machine, and its access log."""
    seen = look(server.ports)
    connections = GaugeMetricFamily(
        "wxalarm_server_connections", "Established connections on a callback's port.", labels=["port"]
    )
    for port, count in seen.established.items():
        connections.add_metric([str(port)], count)
    found: list[Metric] = [connections]
    load = GaugeMetricFamily("wxalarm_server_load_per_core", "Load of a minute for each core.", value=seen.load)
    memory = GaugeMetricFamily(
        "wxalarm_server_memory_available_ratio", "Memory that programs can have.", value=seen.available
    )
    files = GaugeMetricFamily(
        "wxalarm_server_files_ratio", "Open files of the system against their limit.", value=seen.files
    )
    overflows = CounterMetricFamily(
        "wxalarm_server_listen_overflows", "Connections that a full listen queue turned away.", value=seen.overflows
    )
    found += [one for one in (load, memory, files, overflows) if one.samples]
    if server.follower is None:
        return found
    pushes = CounterMetricFamily("wxalarm_pushes", "Pushes in the access log.", labels=["path", "status"])
    closed = GaugeMetricFamily(
        "wxalarm_pushes_closed",
        "499 of the last minutes: gave_up is our slowness, closed is not.",
        labels=["path", "case"],
    )
    seconds = GaugeMetricFamily("wxalarm_pushes_seconds", "Their time.", labels=["path", "quantile"])
    close = GaugeMetricFamily("wxalarm_pushes_close_ratio", "Those between 3 and 5 s.", labels=["path"])
    unread = CounterMetricFamily("wxalarm_log_unread_lines", "Lines of no known form.", labels=["path"])
    readable = GaugeMetricFamily(
        "wxalarm_log_readable", "Whether the access log can be read.", value=float(server.error is None)
    )
    for one in server.pushes:
        minutes = one.minutes(now)
        unread.add_metric([one.path], one.unread)
        for status, count in one.total.items():
            pushes.add_metric([one.path, status], count)
        for case, count in minutes.closed.items():
            closed.add_metric([one.path, case], count)
        for quantile, took in (("0.5", minutes.p50), ("0.95", minutes.p95), ("1", minutes.most)):
            if took is not None:
                seconds.add_metric([one.path, quantile], took)
        if minutes.close is not None:
            close.add_metric([one.path], minutes.close)
    return [*found, pushes, closed, seconds, close, unread, readable]


def of_probe(numbers: Numbers, seconds: float) -> list[Metric]:
    """One round by the names of blackbox_exporter: a dashboard or rule that knows those goes on working. The phases are
    those of the slowest address."""
    made: list[Metric] = [
        GaugeMetricFamily("probe_success", "Whether pushes get through.", value=_success(numbers)),
        GaugeMetricFamily("probe_duration_seconds", "What the probe took.", value=seconds),
    ]
    if numbers.dns is not None:
        made.append(GaugeMetricFamily("probe_dns_lookup_time_seconds", "Name resolution.", value=numbers.dns))
    if numbers.phases:
        slowest = max(numbers.phases, key=lambda one: one.total)
        http = GaugeMetricFamily("probe_http_duration_seconds", "Phases of the GET.", labels=["phase"])
        for name, value in _http(slowest, numbers.dns).items():
            http.add_metric([name], value)
        status = GaugeMetricFamily("probe_http_status_code", "Status of the answer.", value=slowest.status or 0)
        made += [http, status]
    if numbers.certificate is not None:
        end = numbers.certificate.timestamp()
        made.append(GaugeMetricFamily("probe_ssl_earliest_cert_expiry", "Its end.", value=end))
    return made


def _success(numbers: Numbers) -> float:
    return float(numbers.level is not None and numbers.level is not Level.DOWN)


def _http(one: Phases, dns: float | None) -> dict[str, float]:
    before = (one.connect or 0.0) + (one.tls or 0.0) + (one.first_byte or 0.0)
    return {
        "resolve": dns or 0.0,
        "connect": one.connect or 0.0,
        "tls": one.tls or 0.0,
        "processing": one.first_byte or 0.0,
        "transfer": max(0.0, one.total - before) if one.first_byte is not None else 0.0,
    }


def seen_by(service: Service) -> Iterator[Seen]:
    """All targets of which a round has ended."""
    for one in service.subjects.values():
        if one.numbers is not None:
            yield Seen(one.target, one.numbers, one.state.level, one.state.flapping, one.time)


def textfile(target: Watched, numbers: Numbers, time: float) -> bytes:
    """`probe --textfile`: one target, for node_exporter's collector of text files."""
    return text_of(of_targets([Seen(target, numbers, numbers.level, time=time)]))


def named(settings: Settings, url: str, account: str | None) -> Watched:
    """A target that is not among those watched, as it is named in metrics."""
    owner = settings.account_for(None, url, account)
    return Watched(owner.name if owner else url, url, owner.name if owner else None)
