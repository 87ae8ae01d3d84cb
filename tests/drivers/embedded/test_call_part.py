"""What `sip/` tells of a part of a call comes back to that call and that part."""

from __future__ import annotations

import pytest

from switchhook.drivers.embedded.call_part import CallPart


@pytest.mark.parametrize("name", ["caller", "b1", "hold b1"])
def test_its_text_is_parsed_back(name: str) -> None:
    part = CallPart("1700000000.000000000042", name)
    assert str(part) == f"1700000000.000000000042 {name}"
    assert CallPart.parse(str(part)) == part
