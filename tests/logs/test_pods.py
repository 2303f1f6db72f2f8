"""What `kubectl describe pod` prints of a container that was ended before."""

from __future__ import annotations

import pytest

from wxalarm.logs.pods import killed

DESCRIBED = b"""$ kubectl -n run describe pod club-api-0
    State:          Running
      Started:      Thu, 26 Nov 2026 21:15:46 +0800
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Thu, 26 Nov 2026 13:40:02 +0800
      Finished:     Thu, 26 Nov 2026 21:15:44 +0800
    Ready:          True
"""


def test_a_container_that_the_kernel_ended() -> None:
    ((offset, said, at, back),) = killed(DESCRIBED)
    assert DESCRIBED[offset:].lstrip().startswith(b"Reason:       OOMKilled")
    assert said == "Reason: OOMKilled … Finished: Thu, 26 Nov 2026 21:15:44 +0800"
    assert (at, back) == (1795698944.0, 1795698946.0)
    ((*_, back),) = killed(DESCRIBED.replace(b"      Started:      Thu, 26 Nov 2026 21:15:46 +0800\n", b"", 1))
    assert back is None
    assert len(list(killed(DESCRIBED * 2))) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"OOMKilled", b"Error"),
        (b"OOMKilled", b"Completed"),
        (b"Last State:     Terminated", b"Last State:     Waiting"),
        (b"Finished:     Thu, 26", b"Finished:     Thu, 36"),
        (b"Finished:     Thu, 26 Nov 2026 21:15:44 +0800", b"Finished:     2h ago"),
    ],
)
def test_one_that_ended_otherwise(old: bytes, new: bytes) -> None:
    assert old in DESCRIBED
    assert list(killed(DESCRIBED.replace(old, new))) == []
