"""The ASGI application of the API: routes, authentication, limits, and its OpenAPI document."""

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from switchhook import __version__
from switchhook.api.access.auditing import with_audit
from switchhook.api.access.erasures import erase
from switchhook.api.access.masking import with_masking
from switchhook.api.access.people import AuditController, MemberController, TokenController
from switchhook.api.authentication import OPEN, Authentication
from switchhook.api.calling import outward_call
from switchhook.api.calls import Calls
from switchhook.api.deliveries.controller import DeliveryController
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.description.document import CompletedDocument, with_document
from switchhook.api.document.endpoints import EndpointController
from switchhook.api.document.rehearsals import RehearsalController
from switchhook.api.document.resources import DocumentController, ResourceController
from switchhook.api.document.tables import TableController
from switchhook.api.document.versions import DraftController, VersionController
from switchhook.api.events import EventStreamController
from switchhook.api.exchange.forwarded import with_forwarded
from switchhook.api.exchange.representation import with_representation
from switchhook.api.exchange.request_ids import with_request_id
from switchhook.api.health import livez, readyz
from switchhook.api.intake.foreign_events import post_event
from switchhook.api.intake.imports import ImportController
from switchhook.api.metrics import metrics
from switchhook.api.profile import profile
from switchhook.api.project_events import ProjectEventController
from switchhook.api.projects import ProjectFileController
from switchhook.api.protocol import MAX_BODY
from switchhook.api.rate_limit import RequestLimit, WrongKeyLimit
from switchhook.api.recordings import RecordingController, sound
from switchhook.api.responses import EXCEPTION_HANDLERS, with_access_log, with_head_method
from switchhook.api.scenario import ScenarioController
from switchhook.api.subscriptions import SubscriptionController
from switchhook.api.visits import VisitController

_PATH = "/api/openapi.json"
_COMPLETED = CompletedDocument()
DOCUMENT = OpenAPIConfig(
    title="Switchhook",
    version=__version__,
    openapi_router=Router(path=_PATH, route_handlers=[], opt={OPEN: True}, include_in_schema=False),
    render_plugins=[_COMPLETED],
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            "token": SecurityScheme(
                type="apiKey",
                name="Authorization",
                security_scheme_in="header",
                description="`Token USER:KEY`, as `switchhook token create` prints it.",
            ),
            "bearer": SecurityScheme(type="http", scheme="bearer"),
        }
    ),
    security=[{"token": []}, {"bearer": []}],
)


def asgi_app(deps: ApiDependencies) -> ASGIApp:
    """Return the API as an ASGI application."""
    wrong_keys, wrong_links = WrongKeyLimit(deps.ticks), WrongKeyLimit(deps.ticks)
    requests = RequestLimit(deps.ticks, per_minute=deps.requests_per_minute)
    routed = Litestar(
        route_handlers=[
            livez,
            readyz,
            metrics,
            profile,
            SubscriptionController,
            ProjectFileController,
            ScenarioController,
            ProjectEventController,
            DeliveryController,
            DocumentController,
            ResourceController,
            VersionController,
            DraftController,
            RehearsalController,
            EndpointController,
            TableController,
            VisitController,
            Calls,
            outward_call,
            RecordingController,
            sound,
            EventStreamController,
            post_event,
            ImportController,
            MemberController,
            TokenController,
            AuditController,
            erase,
        ],
        dependencies={
            "deps": Provide(lambda: deps, sync_to_thread=False),
            "wrong_links": Provide(lambda: wrong_links, sync_to_thread=False),
        },
        middleware=[
            DefineMiddleware(Authentication, deps=deps, wrong_keys=wrong_keys, requests=requests)
        ],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY,
        openapi_config=DOCUMENT,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    documented = with_document(routed, routed, _COMPLETED, _PATH)
    finished = with_representation(with_head_method(with_masking(with_audit(documented, deps))))
    return with_forwarded(with_request_id(with_access_log(finished)), deps.trusted_proxies)
