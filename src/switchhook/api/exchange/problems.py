"""Errors as RFC 9457 has them, `application/problem+json`: every error answer of the API is made here."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from litestar import Response
from msgspec import Struct

PROBLEM_TYPE: Final = "application/problem+json"


class Problem(Struct, frozen=True, kw_only=True):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    """An error has no meaning besides that of its status, so there is no page about it."""
    title: str
    """The phrase of the status."""
    status: int
    detail: str
    """What is wrong, and what to do, for people."""


P = TypeVar("P", bound=Problem)


class WrongFieldError(Exception):
    """A request cannot be followed because of one of its fields."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def problem(
    status: int,
    kind: type[P] = Problem,  # type: ignore[assignment] # P without a kind
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,  # noqa: ANN401 (those of the kind)
) -> Response[P]:
    """Return an error as it is answered: `detail` and what else its kind has."""
    told = msgspec.convert({"title": phrase(status), "status": status, **members}, kind)
    return Response(told, status_code=status, headers=headers, media_type=PROBLEM_TYPE)


def problem_bytes(status: int, detail: str) -> bytes:
    """Return an error's body, for who answers without an application."""
    return msgspec.json.encode(Problem(title=phrase(status), status=status, detail=detail))


def phrase(status: int) -> str:
    """Return the phrase of a status; a status of nobody has none."""
    known = {one.value: one.phrase for one in HTTPStatus}
    return known.get(status, "Error")
