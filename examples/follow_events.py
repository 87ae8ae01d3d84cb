"""Follow the calls of a project, and go on where it stopped.

python follow_events.py URL TOKEN [FILE]

URL is that of the HTTP API, such as http://127.0.0.1:8070, TOKEN a key of the scope `events`. FILE keeps the place.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any


def main(url: str, token: str, file: str = "place.txt") -> None:
    place = Path(file)
    while True:
        try:
            follow(f"{url}/api/events/stream?after=oldest", token, place)
        except urllib.error.HTTPError as error:
            if error.code != 410:  # a wrong token, or no stream: trying again does not help
                raise SystemExit(f"{error.code}: {error.read().decode()}") from None
            place.unlink(missing_ok=True)  # events were deleted meanwhile: begin with the oldest
        except OSError:
            time.sleep(1)  # the server was restarted


def follow(url: str, token: str, place: Path) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (the operator's own URL)
    if place.exists():
        request.add_header("Last-Event-ID", place.read_text().strip())
    fields: dict[str, str] = {}
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 (likewise)
        for line in response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
                continue
            if "data" in fields:
                handle(json.loads(fields["data"]))
            if "id" in fields:
                place.write_text(
                    fields["id"]
                )  # behind the work: it may come twice, and is not missed
            fields = {}


def handle(event: dict[str, Any]) -> None:
    call = event["call"]
    caller = call["caller"]["number"] or "withheld"
    attempt = event.get("attempt")
    target = f" {attempt['target']['number']} {attempt['end'] or ''}" if attempt else ""
    print(event["type"], f"{caller} -> {call['called']}{target}".strip(), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
