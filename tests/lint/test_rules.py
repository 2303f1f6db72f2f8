"""Every rule has a case that fires it, and nothing else, and a near neighbour that is clean."""

from __future__ import annotations

import pytest

from tests.lint.support import RULES, found, lint_folder
from wxalarm.lint import ALL, MOST, Linter, Source

CODES = [code.id for code in ALL if code.id != "too-many"]


@pytest.mark.parametrize("code", CODES)
def test_rule_fires_alone(code: str) -> None:
    files = lint_folder(RULES / code / "fires", RULES)
    assert set(found(files)) == {code}
    # Of two duplicates only the second is one.
    assert all(file.problems for file in files[1:])
    assert files[0].problems or code in ("duplicate", "ignore-unused")


@pytest.mark.parametrize("code", CODES)
def test_near_neighbour_is_clean(code: str) -> None:
    files = lint_folder(RULES / code / "quiet", RULES)
    assert files
    assert found(files) == []


def test_no_folder_without_a_rule() -> None:
    assert {folder.name for folder in RULES.iterdir()} == set(CODES)


def test_one_file_never_gives_more_than_a_bounded_number_of_problems() -> None:
    numbers = [f"8.8.{n // 256}.{n % 256}" for n in range(MOST + 5)]
    few = Linter({"public-ip", "too-many"}).lint(Source("x.txt", "\n".join(numbers[:MOST]).encode()))
    assert found([few]) == ["public-ip"] * MOST
    many = Linter({"public-ip", "too-many"}).lint(Source("x.txt", "\n".join(numbers).encode()))
    assert found([many]) == ["public-ip"] * MOST + ["too-many"]


@pytest.mark.parametrize(
    "value",
    ["wx0000000000000001", "oAAAAAAAAAAAAAAAAAAAAAAAAAA1", "4200000000000000000000000001", "aaabbbcccaaabbbcccabc"],
)
def test_made_up(value: str) -> None:
    from wxalarm.lint.personal import made_up

    assert made_up(value)


@pytest.mark.parametrize(
    "value", ["wx3b1f8a5c07d29e46", "oKq3vXw9Zt7Rb2Ls5Yc8Hd1Jf6_M", "4200001234202601057318264059"]
)
def test_not_made_up(value: str) -> None:
    from wxalarm.lint.personal import made_up

    assert not made_up(value)


def test_messages_never_show_a_whole_personal_value() -> None:
    from wxalarm.messages import LANGUAGES, catalogue
    from wxalarm.render.lint_machine import message

    secrets = {
        "real-appid": "wx3b1f8a5c07d29e46",
        "real-openid": "oKq3vXw9Zt7Rb2Ls5Yc8Hd1Jf6_M",
        "url-secret": "5d41402abc4b2a76b9719d911017c592aef30b1c",
        "real-transaction-id": "4200001234202601057318264059",
        "public-ip": "198.41.0.4",
    }
    for code, secret in secrets.items():
        files = lint_folder(RULES / code / "fires", RULES)
        assert any(secret in (p.excerpt.text if p.excerpt else "") for file in files for p in file.problems), code
        for words in map(catalogue, LANGUAGES):
            assert all(secret not in message(p.finding, words) for file in files for p in file.problems), code
