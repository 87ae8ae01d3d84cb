"""Says what is wrong with a command line that cyclopts could not bind to a command."""

import difflib
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from cyclopts import (
    Argument,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

_INSTEAD = {"subscriptions": "`switchhook subscriptions --remove NUMBER` ends one"}
"""What to write in place of an argument that a command does not take."""


def wrong_usage(error: CycloptsError) -> str:
    """Return what is wrong, and what to do where cyclopts does not say it."""
    command = " ".join(error.command_chain or ())
    if isinstance(error, UnknownCommandError):
        return _unknown_command(error, command)
    advice = _INSTEAD.get(command, f"see `switchhook {command} --help`")
    if isinstance(error, UnusedCliTokensError):
        more = "no other argument" if _takes_one(error) else "no argument"
        return f"{more} is taken here: {' '.join(error.unused_tokens or ())}; {advice}"
    if type(error) is MissingArgumentError and error.argument is not None:
        if error.keyword is not None:
            return f"{error.keyword} has no value; {advice}"
        missing = _missing(error, error.argument.name)
        return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing; {advice}"
    if isinstance(error, CoercionError) and error.token is not None:
        return f"{_name(error)}: {error.token.value!r} is {_unlike(error.target_type)}"
    if isinstance(error, ValidationError) and error.argument is not None:
        return _not_valid(error, error.argument)
    if isinstance(error, UnknownOptionError):
        wrong = (error.token.keyword or error.token.value).partition("=")[0]
        meant = _close(wrong, [name for one in _parameters(error) for name in one.names])
        return f"there is no option {wrong}; {meant}{advice}"
    return str(error)


def _unknown_command(error: UnknownCommandError, command: str) -> str:
    """Say which command is unknown, which is close, and where they are listed."""
    (wrong, *_), known = error.unused_tokens or ("",), () if error.app is None else error.app
    meant = _close(wrong, [name for name in known if not name.startswith("-")])
    whole = " ".join(filter(None, ("switchhook", command)))
    return f"there is no command {wrong}; {meant}`{whole} --help` lists them"


def _not_valid(error: ValidationError, argument: Argument) -> str:
    """Say which limit a number passes, or what a validator of ours says."""
    said = error.exception_message.rstrip(".")
    for sign, words in (("Must be >= ", "less than "), ("Must be <= ", "more than ")):
        if said.startswith(sign):
            return f"{_name(error)}: {argument.value} is {words}{said.removeprefix(sign)}"
    return said[:1].lower() + said[1:]


def _close(wrong: str, known: Sequence[str]) -> str:
    """Ask whether the word that is nearest was meant; "" where none is near."""
    found = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {found[0]}? " if found else ""


def _name(error: CoercionError | ValidationError) -> str:
    """Return the option or argument that an error is about, as it is typed."""
    token = error.token if isinstance(error, CoercionError) else None
    if token is None and error.argument is not None and error.argument.tokens:
        token = error.argument.tokens[0]
    if token is not None and token.keyword:
        return token.keyword
    return "the value" if error.argument is None else error.argument.name.lstrip("-").upper()


def _unlike(kind: Any) -> str:  # noqa: ANN401 (any annotation)
    """Say what a value of a kind looks like: one of some words, or a number."""
    if words := [*_choices(kind)]:
        return f"none of {', '.join(words)}"
    kinds = {kind, *get_args(kind)}
    return "no whole number" if int in kinds else "no number" if float in kinds else "not readable"


def _choices(kind: Any) -> Iterator[str]:  # noqa: ANN401 (any annotation)
    """Yield the words that an enumeration, a Literal, or a union of them takes."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)
    elif get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    else:
        for one in get_args(kind):
            yield from _choices(one)


def _missing(error: CycloptsError, first: str) -> list[str]:
    """Return the required parameters that are not given; `first` is the one that was missed first."""
    names = _required(error)
    given = {token.partition("=")[0] for token in error.root_input_tokens or ()}
    return [first, *(name for name in names[names.index(first) + 1 :] if name not in given)]


def _required(error: CycloptsError) -> list[str]:
    return [one.name for one in _parameters(error) if one.field_info.required]


def _takes_one(error: CycloptsError) -> bool:
    return any(one.field_info.is_positional for one in _parameters(error))


def _parameters(error: CycloptsError) -> list[Argument]:
    if error.app is None or error.app.default_command is None:
        return []
    return [one for one in error.app.assemble_argument_collection() if one.parse]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
