"""Decides where a ringing call goes: what examples/route.php does, in Python alone.

Switchhook asks while the caller waits: GET /route.php?insertionType=dynamic

Try it:  python examples/route.py --port 8080
"""

from __future__ import annotations

import argparse
import contextlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def route(insertion_type: str) -> str:
    """Return the answer for a call that came about in this way; "" where nobody knows."""
    if insertion_type == "dynamic":
        # A number shown to one visitor of the website: ring the sales team at once.
        return '{"dst_phone":380443334455}'
    # Any other call runs a scheme of the project.
    return '{"schema":26076}'


class Processor(BaseHTTPRequestHandler):
    """Answers one connection; it is kept open for the next question."""

    protocol_version = "HTTP/1.1"
    timeout = 60.0

    def do_GET(self) -> None:
        parameters = parse_qs(urlsplit(self.path).query)
        answer = route(parameters.get("insertionType", [""])[0]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=UTF-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer where a ringing call goes.")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Processor) as server:
        print(f"http://127.0.0.1:{server.server_port}/route.php", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
