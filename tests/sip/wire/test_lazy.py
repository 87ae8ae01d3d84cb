"""A lazy property is read when it is asked for, and once; one that cannot be read is tried again."""

from __future__ import annotations

import pytest

from switchhook.sip.wire.lazy import lazy


class Message:
    def __init__(self, text: str) -> None:
        self.text = text
        self.reads = 0

    @lazy
    def number(self) -> int:
        """The number."""
        self.reads += 1
        return int(self.text)


def test_it_is_read_once_when_it_is_asked_for() -> None:
    message = Message("7")
    assert message.reads == 0
    assert (message.number, message.number) == (7, 7)
    assert message.reads == 1
    assert Message("8").number == 8


def test_what_cannot_be_read_is_tried_again() -> None:
    message = Message("seven")
    for _ in range(2):
        with pytest.raises(ValueError, match="seven"):
            _ = message.number
    assert message.reads == 2


def test_it_keeps_its_description() -> None:
    assert Message.number.__doc__ == "The number."
