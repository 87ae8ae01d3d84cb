"""The mail that brings a message of the voicemail to its people: rendered once, with a link or the message itself. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from switchhook.webhooks.mail import Mail, write_mail
from switchhook.webhooks.parameters import resolve
from switchhook.webhooks.recording_links import LINK, RecordingName
from switchhook.webhooks.text_template import fill_text
from switchhook.webhooks.timestamps import time_zone_of

if TYPE_CHECKING:
    from switchhook.domain.scheme import VoicemailStep
    from switchhook.webhooks.parameters import CallFacts

SUBJECT: Final = "Voicemail from {{caller_id}}"
WITHHELD: Final = "Voicemail from a withheld number"
TEXT: Final = """\
Caller: {{caller_id}}
Name: {{caller_name}}
Called number: {{destination_id}}
Date and time: {{date}}
Length: {{voicemail_duration}} s
"""


def render_voicemail(
    step: VoicemailStep, recipient: str, facts: CallFacts, *, delivery_id: str, sender: str
) -> Mail:
    """Write the mail of a call that left a message, its latest recording. Never raises.

    The message is not in these bytes: it is attached whenever they are sent, so that no store holds it twice, and
    one that was deleted is sent to nobody.
    """
    call, made = facts.call, facts.call.recording.finished[-1]
    recording = RecordingName(
        project=call.snapshot.project.id,
        call=call.id,
        recording=made.id,
    )
    moment = datetime.fromtimestamp(facts.now, time_zone_of(call.snapshot.project.time_zone))
    text, link = fill_text(TEXT, facts), resolve(LINK, made.id, facts)
    return write_mail(
        recipient,
        subject=fill_text(SUBJECT if call.caller.number else WITHHELD, facts),
        text=f"{text}Listen: {link}\n" if link else text,
        moment=moment,
        delivery_id=delivery_id,
        sender=sender,
        attachment=str(recording) if step.attach else "",
    )
