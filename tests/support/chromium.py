"""A real Chromium without a window: it opens one page, and the page reports over HTTP what came of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.programs import require
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.wire import Received

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--mute-audio", "--autoplay-policy=no-user-gesture-required"),
    "--remote-debugging-port=0",  # without it, a page is left as soon as it is loaded
)
PAGE = """\
<!doctype html><meta charset="utf-8"><title>report</title><body><script type="module">
const report = (told) => fetch("/report", {method: "POST", body: JSON.stringify(told)});
const event = (on, name) => new Promise((done) => on.addEventListener(name, done, {once: true}));
try { report(await (async () => { %s })()) } catch (error) { report({error: String(error)}) }
</script>
"""


def report_of(script: str, *, timeout: float = 60.0) -> Any:
    """Return what a script returns: the body of an async function, in a page of its own."""
    page = reply(PAGE % script, content_type="text/html")

    def answer(request: Received) -> bytes:
        if request.path == "/report":
            return reply("noted")
        return page if request.path == "/" else reply(status="404 Not Found")

    with Endpoint(answer) as site, _chromium(site.url("/")):
        (told,) = site.ledger.wait_for(lambda one: one.path == "/report", timeout=timeout)
        return json.loads(told.body)


@contextmanager
def _chromium(url: str) -> Iterator[None]:
    program = require("chromium")
    with tempfile.TemporaryDirectory(prefix="chromium", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={profile}", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)
