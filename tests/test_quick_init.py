"""A frozen dataclass with a quick constructor behaves as one without."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from switchhook.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """A value with slots."""

    number: int
    name: str = "none"

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("below zero")


@quick_init
@dataclass(frozen=True, slots=True)
class Further(Quick):
    """One that has more fields than its base, before and behind `*`."""

    first: int = 1


@quick_init
@dataclass(frozen=True)
class Open:
    """A value with a `__dict__`."""

    number: int
    name: str = "none"


class Child(Quick):
    """A subclass that is no dataclass of its own."""


def test_fields_are_set_by_name_place_and_default() -> None:
    assert (Quick(number=1).number, Quick(number=1).name) == (1, "none")
    assert Quick(number=1, name="a").name == "a"
    further = Further(5, number=1, name="b")
    assert (further.first, further.number, further.name) == (5, 1, "b")
    assert (Open(1).name, Open(1, "a").name) == ("none", "a")
    assert type(Quick(number=1)) is Quick
    assert type(further) is Further


def test_what_is_wrong_raises_as_ever() -> None:
    with pytest.raises(ValueError, match="below zero"):
        Quick(number=-1)
    with pytest.raises(ValueError, match="below zero"):
        replace(Quick(number=1), number=-1)
    with pytest.raises(TypeError, match="number"):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="other"):
        Quick(number=1, other=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        Quick(1)  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [Quick(number=1), Further(number=1), Open(1), Child(number=1)])
def test_a_value_stays_frozen_equal_and_whole(value: Quick | Open) -> None:
    with pytest.raises(FrozenInstanceError):
        value.number = 2  # type: ignore[misc]
    assert value == replace(value)
    assert replace(value, number=2) != value
    assert hash(value) == hash(replace(value))
    assert pickle.loads(pickle.dumps(value)) == value
    assert "number=1" in repr(value)


def test_a_subclass_without_fields_of_its_own_is_built_by_dataclass() -> None:
    assert type(Child(number=1)) is Child
    assert Child(number=1).name == "none"
    with pytest.raises(ValueError, match="below zero"):
        Child(number=-1)


def test_the_signature_says_what_is_given() -> None:
    assert list(inspect.signature(Further).parameters) == ["first", "number", "name"]


def test_a_field_with_a_factory_is_refused() -> None:
    with pytest.raises(TypeError, match="factory"):

        @quick_init
        @dataclass(frozen=True)
        class WithFactory:
            items: list[int] = field(default_factory=list)
