"""A Google form that fills a sheet, as its page sends it (`…/formResponse` with `entry.N` names).

Google documents the pre-filled link with its `entry.N` names ("Send pre-filled answers"); that the page
posts the same names to `formResponse` is read from the form's own HTML, and is not promised. A required
question without an answer, and an answer that fails a question's validation, come back as 400.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    DIGITS,
    FORM,
    PHONE,
    STANDARD_DATE,
    Description,
    members,
    one_of,
    read_form,
    text,
)
from tests.support.wire import reply

QUESTIONS = {
    "entry.1000001": STANDARD_DATE,
    "entry.1000002": PHONE,
    "entry.1000003": PHONE,
    "entry.1000004": one_of(
        "ANSWERED", "NO ANSWER", "BUSY", "DECLINE", "FAILED", "VOICEMAIL", "NO-FORWARD"
    ),
    "entry.1000005": DIGITS,
}
"""When, who called, what was dialled, how it ended, seconds of conversation: all required."""
GOOGLE_FORM = Description(
    target=r"/forms/d/e/[\w-]+/formResponse",
    read={FORM: read_form},
    check=members(
        QUESTIONS,
        {"entry.1000006": text(r"(?s).*"), "fvv": text(), "pageHistory": text(), "submit": text()},
    ),
    accepted=reply("<!DOCTYPE html><title>Calls</title>", content_type="text/html; charset=utf-8"),
    refused=lambda refused: reply("<!DOCTYPE html>", status=refused.status),
)
