"""Answers a dial-plan webhook: who calls, where the call goes, and whether a PIN is right.

Switchhook asks while the caller waits: GET /?callerid=%2B31612345678&did=%2B31850001001&code=4711
Its project file has, for example:

    [[dial_plan_webhooks]]
    name = "desk"
    url_template = "http://127.0.0.1:8082/?callerid={callerid}&did={did}&code={code}"

Try it:  python examples/dial_plan.py --port 8082
"""

from __future__ import annotations

import argparse
import contextlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

NAMES = {"+31612345678": "Jan de Vries", "+31502102544": "Voys & Partners"}
"""What is shown of those who are known."""
PINS = {"4711": "+31502102544", "0042": "215"}
"""Where a PIN leads: an outside number, or an extension."""


def answer(caller: str, code: str) -> dict[str, str]:
    """Return what is answered: ACK opens the success branch, NAK asks for another code."""
    if code and code not in PINS:
        return {"status": "NAK"}
    said = {"status": "ACK"}
    if code:
        said["destination"] = PINS[code]
    if caller in NAMES:
        said["callername"] = NAMES[caller]
    return said


class Processor(BaseHTTPRequestHandler):
    """Answers one connection; it is kept open for the next question."""

    protocol_version = "HTTP/1.1"
    timeout = 60.0

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        said = answer(query.get("callerid", [""])[0], query.get("code", [""])[0])
        body = urlencode(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-www-form-urlencoded")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer a dial-plan webhook.")
    parser.add_argument("--port", type=int, default=8082, help="0 takes a free one")
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Processor) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
