"""The Bot API's sendMessage (core.telegram.org/bots/api#sendmessage, Bot API 10.1).

`chat_id` is an integer or text, `text` has 1 to 4096 characters. The answer is JSON with `ok`. Without
`parse_mode` the text is shown as it stands; with one, a caller's name could be read as markup, so none
is taken here.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    JSON,
    Description,
    Refused,
    answer_json,
    either,
    flag,
    members,
    read_json,
    text,
    whole,
)


def _refused(refused: Refused) -> bytes:
    error = {
        "ok": False,
        "error_code": int(refused.status[:3]),
        "description": f"Bad Request: {refused}",
    }
    return answer_json(error, refused.status)


TELEGRAM = Description(
    target=r"/bot[0-9]+:[\w-]{35}/sendMessage",
    read={JSON: read_json},
    check=members(
        {"chat_id": either(whole(), text(r"@\w+|-?[0-9]+")), "text": text(most=4096)},
        {
            "disable_notification": flag,
            "link_preview_options": members({"is_disabled": flag}),
            "message_thread_id": whole(least=1),
            "protect_content": flag,
        },
    ),
    accepted=answer_json({"ok": True, "result": {"message_id": 1, "date": 1}}),
    refused=_refused,
)
