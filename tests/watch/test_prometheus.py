"""With the real Prometheus, promtool, Alertmanager and blackbox_exporter, on loopback."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli_support import wxalarm
from tests.paths import ROOT
from tests.ports import free_ports
from tests.watch.hook import Hook, hook
from tests.watch.running import get, program, prometheus, served, until, watching
from wxalarm.lab import web

RULES = ROOT / "packaging" / "prometheus" / "wxalarm.rules.yml"
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="needs prometheus"),
]


def promtool(*args: str | Path, stdin: str = "") -> None:
    """Run it; what it complains of fails the test."""
    done = subprocess.run(["promtool", *map(str, args)], input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "", done.stderr


def page(heard: web.Heard) -> web.Said:
    """/STATUS/MILLISECONDS"""
    _, status, delay, *_ = heard.path.split("/")
    return web.Said(b"success", int(status), delay=int(delay) / 1000)


def test_the_rules_are_right_and_fire_when_they_should() -> None:
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    done = subprocess.run(
        ["promtool", "test", "rules", RULES.with_name("wxalarm.test.yml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_the_rules_and_the_dashboard_is_there(tmp_path: Path) -> None:
    """A name that is misspelt in a rule never fires."""
    (port,) = free_ports(1)
    with (
        hook() as server,
        served(lambda: web.serve(page)) as site,
        watching(site.url("/200/0"), folder=tmp_path, port=port, WXALARM_WAYS=server.url) as ask,
    ):
        until(lambda: 'wxalarm_up{account=""' in ask("/metrics")[1])
        text = ask("/metrics")[1]
    served_names = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    dashboard = (ROOT / "packaging" / "grafana" / "wxalarm.json").read_text()
    used = set(re.findall(r"\bwxalarm_\w+", RULES.read_text() + dashboard))
    assert used
    assert used <= served_names
    promtool("check", "metrics", stdin=text)


def test_a_textfile_is_what_promtool_wants(tmp_path: Path) -> None:
    (closed,) = free_ports(1)
    target = tmp_path / "wxalarm.prom"
    assert wxalarm("probe", f"http://127.0.0.1:{closed}/", "--textfile", target).returncode == 1
    promtool("check", "metrics", stdin=target.read_text())
    assert 'wxalarm_cause{account="",code="tcp-refused"' in target.read_text()


def test_an_alert_fires_and_arrives(tmp_path: Path) -> None:
    """/metrics → Prometheus, with the rules that are shipped → Alertmanager → a webhook; and at the end its end."""
    own, scraper, manager, cluster = free_ports(4)
    answer = {"status": 503}
    with hook() as server, served(lambda: web.serve(lambda _: web.Said(b"success", answer["status"]))) as site:
        (tmp_path / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(RULES)],
                    "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{manager}"]}]}]},
                    "scrape_configs": [
                        {"job_name": "wxalarm", "static_configs": [{"targets": [f"127.0.0.1:{own}"]}]},
                        {
                            "job_name": "probed",
                            "metrics_path": "/probe",
                            "static_configs": [{"targets": [site.url("/other")]}],
                            "relabel_configs": [
                                {"source_labels": ["__address__"], "target_label": "__param_target"},
                                {"source_labels": ["__param_target"], "target_label": "instance"},
                                {"target_label": "__address__", "replacement": f"127.0.0.1:{own}"},
                            ],
                        },
                    ],
                }
            )
        )
        (tmp_path / "am.yml").write_text(
            json.dumps(
                {
                    "route": {"receiver": "hook", "group_wait": "0s", "group_interval": "1s", "group_by": ["..."]},
                    "receivers": [
                        {
                            "name": "hook",
                            "webhook_configs": [{"url": server.url.removeprefix("webhook+"), "send_resolved": True}],
                        }
                    ],
                }
            )
        )
        config = tmp_path / "wxalarm.toml"
        config.write_text(
            f'[accounts.shop]\nurl = "{site.url("/callback")}"\n[watch]\nevery = 5\nfor = 1\nrecover = 1\n'
        )
        with (
            watching("--config", config, folder=tmp_path, port=own),
            program(
                "prometheus-alertmanager",
                f"--config.file={tmp_path / 'am.yml'}",
                f"--storage.path={tmp_path / 'am'}",
                f"--web.listen-address=127.0.0.1:{manager}",
                f"--cluster.listen-address=127.0.0.1:{cluster}",
                log=tmp_path / "am.log",
            ),
            program(
                "prometheus",
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{scraper}",
                log=tmp_path / "prometheus.log",
            ),
        ):
            until(lambda: prometheus(scraper, "wxalarm_state == 2"))
            until(lambda: prometheus(scraper, 'probe_success{job="probed"} == 0'))
            until(lambda: ("WxalarmCallbackDown", "shop", "firing") in _alerts(server))
            answer["status"] = 200
            until(lambda: ("WxalarmCallbackDown", "shop", "resolved") in _alerts(server))
            until(lambda: prometheus(scraper, 'probe_success{job="probed"} == 1'))


def _alerts(server: Hook) -> set[tuple[str, str | None, str]]:
    """(name, target, status) of all that arrived."""
    alerts = [alert for body in server.bodies for alert in body["alerts"]]
    return {(one["labels"]["alertname"], one["labels"].get("target"), one["status"]) for one in alerts}


def test_alertmanager_takes_what_we_tell_it(tmp_path: Path) -> None:
    own, manager, cluster, closed = free_ports(4)
    config = tmp_path / "wxalarm.toml"
    config.write_text(
        f'[accounts.shop]\nurl = "http://127.0.0.1:{closed}/"\n[watch]\nevery = 5\nfor = 1\n'
        f'ways = ["alertmanager+http://127.0.0.1:{manager}"]\n'
    )
    (tmp_path / "am.yml").write_text('{"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}')
    with (
        program(
            "prometheus-alertmanager",
            f"--config.file={tmp_path / 'am.yml'}",
            f"--storage.path={tmp_path / 'am'}",
            f"--web.listen-address=127.0.0.1:{manager}",
            f"--cluster.listen-address=127.0.0.1:{cluster}",
            log=tmp_path / "am.log",
        ),
        watching("--config", config, folder=tmp_path, port=own),
    ):
        until(lambda: get(manager, "/-/ready")[0] == 200)
        found = until(lambda: json.loads(get(manager, "/api/v2/alerts")[1] or "[]"))
    (alert,) = found
    assert alert["labels"]["target"] == "shop"
    assert "tcp-refused" in alert["annotations"]["description"]


COUNT = 200


@pytest.mark.slow
def test_two_hundred_targets_are_seen_as_blackbox_exporter_sees_them(tmp_path: Path) -> None:
    """Up and down of each, and the phase in which they differ: how long the server thinks."""
    own, blackbox, closed = free_ports(3)
    module = {"prober": "http", "timeout": "8s", "http": {"preferred_ip_protocol": "ip4", "no_follow_redirects": True}}
    (tmp_path / "blackbox.yml").write_text(json.dumps({"modules": {"http_2xx": module}}))

    def targets(port: int) -> list[tuple[str, bool]]:
        live = [(f"http://127.0.0.1:{port}/200/{200 + 10 * (n % 20)}/{n}", True) for n in range(COUNT // 2)]
        failing = [(f"http://127.0.0.1:{port}/503/0/{n}", False) for n in range(COUNT // 4)]
        dead = [(f"http://127.0.0.1:{closed}/{n}", False) for n in range(COUNT // 4)]
        return live + failing + dead

    def values(port: int, url: str) -> tuple[bool, float]:
        status, text = get(port, "/probe", target=url, module="http_2xx")
        assert status == 200, text
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return float(lines["probe_success"]) == 1, float(
            lines.get('probe_http_duration_seconds{phase="processing"}', 0)
        )

    with (
        served(lambda: web.serve(page)) as site,
        watching(site.url("/200/0"), folder=tmp_path, port=own),
        program(
            "prometheus-blackbox-exporter",
            f"--config.file={tmp_path / 'blackbox.yml'}",
            f"--web.listen-address=127.0.0.1:{blackbox}",
            log=tmp_path / "blackbox.log",
        ),
        ThreadPoolExecutor(4) as pool,
    ):
        until(lambda: get(blackbox, "/-/healthy")[0])
        ours = list(pool.map(lambda one: values(own, one[0]), targets(site.port)))
        theirs = list(pool.map(lambda one: values(blackbox, one[0]), targets(site.port)))
    assert [up for up, _ in ours] == [up for up, _ in theirs] == [up for _, up in targets(0)]
    ratios = [mine / other for (up, mine), (_, other) in zip(ours, theirs, strict=True) if up]
    assert len(ratios) == COUNT // 2
    assert statistics.median(ratios) == pytest.approx(1, rel=0.2)
