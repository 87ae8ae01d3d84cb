"""A lease costs a node that is alone nothing, and is begun anew by a name."""

from __future__ import annotations

from contextlib import closing

import pytest

from switchhook.storage.records import LeaseLostError
from switchhook.storage.sqlite import nodes
from switchhook.storage.sqlite.connection import open_to_write


def test_a_node_that_is_alone_writes_nothing_until_another_joins() -> None:
    with closing(open_to_write(None)) as connection:
        nodes.join(connection, node="a")
        before = connection.total_changes
        assert nodes.renew(connection, node="a") == ()
        assert connection.total_changes == before

        nodes.join(connection, node="b")
        (seen,) = nodes.renew(connection, node="b")
        nodes.renew(connection, node="a")
        assert nodes.take_over(connection, node="b", lease=seen) is None


def test_each_incarnation_ends_the_one_before() -> None:
    with closing(open_to_write(None)) as connection:
        first, second = (nodes.join(connection, node="a") for _ in range(2))
        assert second > first
        nodes.hold(connection, node="a", incarnation=second)
        with pytest.raises(LeaseLostError, match="start it again"):
            nodes.hold(connection, node="a", incarnation=first)
