"""No limit can be switched off by a zero."""

from __future__ import annotations

from dataclasses import fields

import pytest

from switchhook.delivery.limits import HttpLimits


@pytest.mark.parametrize("name", [field.name for field in fields(HttpLimits)])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_is_positive(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        HttpLimits(**{name: value})
