"""A record holds one call and what belongs to it, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.promises import call, delivery, record


def test_a_delivery_of_another_call_or_project_is_refused() -> None:
    with pytest.raises(ValueError, match="is not of call 'c1' of 'shop'"):
        record(call("c1"), delivery("c2"))
    with pytest.raises(ValueError, match="is not of call 'c1' of 'shop'"):
        record(call("c1"), delivery("c1", project="house"))


def test_a_delivery_s_id_begins_with_its_call() -> None:
    with pytest.raises(ValueError, match="does not begin with its call"):
        record(call("c1"), replace(delivery("c1"), id="other.1.crm"))
