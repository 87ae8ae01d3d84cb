"""What a command cannot do, and what it does not understand."""

from switchhook.errors import ExpectedError, MisuseError


class CommandError(ExpectedError):
    """The command cannot do what it was asked; the message is a sentence for people."""


class UsageError(CommandError, MisuseError):
    """The options contradict each other or are incomplete; exit code 2."""
