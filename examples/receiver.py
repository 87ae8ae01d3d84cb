"""Prints every event that Switchhook tells of, one JSON object on a line.

Try it:  python examples/receiver.py --port 8081
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    """Takes events. The answer 200 says: I have it, do not send it again."""

    protocol_version = "HTTP/1.1"
    timeout = 60.0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        event = {
            "at": time.time(),
            "path": self.path,
            # The same for every try of one event: a receiver that keeps these can drop doubles.
            "id": self.headers.get("webhook-id", ""),
            "event": json.loads(body or b"{}"),
        }
        print(json.dumps(event, ensure_ascii=False), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the events are what is printed."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the events that come in.")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one")
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Receiver) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
