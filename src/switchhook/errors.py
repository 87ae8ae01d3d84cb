"""What may go wrong without a fault of ours. Whoever tells people of it needs to import nothing else."""

from __future__ import annotations


class ExpectedError(Exception):
    """What a person or a machine may cause; the message is a sentence for people."""


class MisuseError(ExpectedError):
    """What was said cannot be understood: the command line, or a setting, has to be changed."""
