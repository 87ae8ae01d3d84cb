"""The call notification dialect: telling a subscriber what happened to a call (VoIPGRID/Voys, v2)."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What is told of a call."""

    CREATED = "created"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    ENDED = "ended"
