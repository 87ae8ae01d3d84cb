"""Says what is wrong with a command line that cyclopts could not bind to a command."""

from collections.abc import Sequence

from cyclopts import Argument, CycloptsError, MissingArgumentError, UnusedCliTokensError

_INSTEAD = {"subscriptions": "`switchhook subscriptions --remove NUMBER` ends one"}
"""What to write in place of an argument that a command does not take."""


def wrong_usage(error: CycloptsError) -> str:
    """Return what is wrong, and what to do where cyclopts does not say it."""
    command = " ".join(error.command_chain or ())
    advice = _INSTEAD.get(command, f"see `switchhook {command} --help`")
    if isinstance(error, UnusedCliTokensError):
        more = "no other argument" if _takes_one(error) else "no argument"
        return f"{more} is taken here: {' '.join(error.unused_tokens or ())}; {advice}"
    if type(error) is MissingArgumentError and error.argument is not None:
        if error.keyword is not None:
            return f"{error.keyword} has no value; {advice}"
        missing = _missing(error, error.argument.name)
        return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing; {advice}"
    return str(error)


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
