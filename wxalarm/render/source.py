"""Where settings came from, in words: the file in force, and for each secret where it is read and where it would go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wxalarm.config import Secret, Source
from wxalarm.messages import Catalogue


def about(source: Source | None, words: Catalogue, accounts: Collection[str] | None = None) -> list[str]:
    """One sentence a line; of the secrets those of these accounts, None: of all. Nothing when no file is in force."""
    if source is None or source.path is None:
        return []
    why = source.why if source.trusted else "untrusted"
    lines = [words.ui(f"source_{why}", path=source.path)]
    if source.unused:
        lines.append(words.ui("source_unused", keys=source.unused))
    return lines + [_said(one, words) for one in source.secrets if accounts is None or one.account in accounts]


def _said(secret: Secret, words: Catalogue) -> str:
    place = words.ui("secret_variable" if secret.key.endswith("_env") else "secret_place", place=secret.place)
    use = secret.use if secret.to else "nowhere"
    return words.ui(f"secret_{use}", secret=secret.key, place=place, to=secret.to)


def record(source: Source | None) -> dict[str, Any] | None:
    """The same as plain data, for JSON."""
    if source is None or source.path is None:
        return None
    return {
        "path": source.path,
        "why": source.why,
        "trusted": source.trusted,
        "unused": list(source.unused),
        "secrets": [
            {"key": secret.key, "place": secret.place, "use": secret.use, "to": list(secret.to)}
            for secret in source.secrets
        ],
    }
