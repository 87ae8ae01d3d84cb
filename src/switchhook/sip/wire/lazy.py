"""A property that is read once, when it is first asked for: `functools.cached_property` without its lock.

Up to Python 3.11 that lock is taken for each value of each message. Messages stay on one thread, and reading twice
would do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)


class lazy(Generic[T_co]):  # noqa: N801 (a decorator, like `property`)
    """Keeps its value in the instance's `__dict__`, where Python finds it from then on."""

    def __init__(self, read: Callable[[Any], T_co]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, _owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, _owner: type) -> T_co: ...
    def __get__(self, instance: object, _owner: type) -> Self | T_co:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._read(instance)
        return value
