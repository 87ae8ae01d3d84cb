"""The ASGI application of the console, and the one that has it beside the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from switchhook.api.exchange.forwarded import with_forwarded
from switchhook.api.exchange.representation import with_representation
from switchhook.api.exchange.request_ids import with_request_id
from switchhook.api.protocol import MAX_BODY
from switchhook.api.responses import with_access_log, with_head_method
from switchhook.console.access import ROOT
from switchhook.console.assets import assets
from switchhook.console.auditing import with_audit
from switchhook.console.discovery import find_pages
from switchhook.console.errors import HANDLERS
from switchhook.console.guard import admit
from switchhook.console.headers import with_headers
from switchhook.console.page import page_of
from switchhook.console.rendering import compile_templates

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

    from switchhook.console.dependencies import ConsoleDependencies

_TO_CONSOLE: Final = [(b"location", b"/console/"), (b"content-length", b"0")]


def console_app(deps: ConsoleDependencies) -> ASGIApp:
    """Return the console as an ASGI application."""
    compile_templates()
    assets()
    routed = Litestar(
        route_handlers=find_pages().handlers,
        guards=[admit],
        dependencies={"page": Provide(page_of, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        request_max_body_size=MAX_BODY,
        state=State({"deps": deps}),
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    finished = with_headers(with_representation(with_head_method(with_audit(routed))))
    return with_forwarded(with_request_id(with_access_log(finished)), deps.api.trusted_proxies)


def with_console(console: ASGIApp, api: ASGIApp) -> ASGIApp:
    """Answer with the console below its path, and send a browser there that asks for `/`; all else is the API's."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == ROOT or path.startswith(f"{ROOT}/"):
            await console(scope, receive, send)
        elif path == "/" and _is_browser(scope):
            await send({"type": "http.response.start", "status": 303, "headers": [*_TO_CONSOLE]})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await api(scope, receive, send)

    return answer


def _is_browser(scope: Scope) -> bool:
    accepted = [value for name, value in scope["headers"] if name == b"accept"]
    return any(b"text/html" in value for value in accepted)
