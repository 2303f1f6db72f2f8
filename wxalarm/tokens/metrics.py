"""How the tokens are, for Prometheus (text format 0.0.4). Pure; no value of a token is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from wxalarm.probes.token_seen import StoreStatus

Series = Iterable[tuple[dict[str, str], float]]


def text(status: StoreStatus, refreshes: Counter[tuple[str, str]], reader_errors: int, door: tuple[int, int]) -> str:
    """All of them. refreshes: by name and result. door: requests that were answered, and refused."""
    tokens = [({"name": one.name, "account": one.account}, one) for one in status.tokens]
    families: list[tuple[str, str, Series]] = [
        ("wxalarm_token_store_up", "gauge", [({}, float(status.usable))]),
        ("wxalarm_token_age_seconds", "gauge", [(by, one.age) for by, one in tokens if one.age is not None]),
        ("wxalarm_token_seconds_left", "gauge", [(by, one.left) for by, one in tokens if one.left is not None]),
        ("wxalarm_token_failures", "gauge", [(by, float(one.failures)) for by, one in tokens]),
        ("wxalarm_token_calls_left", "gauge", [(by, float(one.calls_left)) for by, one in tokens]),
        ("wxalarm_token_rejected", "gauge", [(by, float(one.rejected is not None)) for by, one in tokens]),
        (
            "wxalarm_token_lease",
            "gauge",
            [({**by, "holder": one.holder}, float(one.held)) for by, one in tokens if one.holder],
        ),
        (
            "wxalarm_token_refreshes_total",
            "counter",
            [({"name": name, "result": result}, float(n)) for (name, result), n in sorted(refreshes.items())],
        ),
        ("wxalarm_token_reader_errors_total", "counter", [({}, float(reader_errors))]),
        (
            "wxalarm_token_door_requests_total",
            "counter",
            [({"result": name}, float(n)) for name, n in zip(("answered", "refused"), door, strict=True)],
        ),
    ]
    return "".join(f"{line}\n" for family in families for line in _lines(*family))


def _lines(name: str, kind: str, series: Series) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    for labels, value in series:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
