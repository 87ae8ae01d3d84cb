"""A store of the HTTP API in which there is one of everything, and the names by which requests find it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from switchhook.api.description.examples import CSV_TABLE
from switchhook.api.intake.imports import EXAMPLE as IMPORTED
from switchhook.domain.access.people import Role
from switchhook.domain.access.token import Scope, Token
from switchhook.domain.cause import Outcome
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.recordings import recordings_in
from switchhook.operations.tokens import digest_of
from tests.conformance.test_call_list import made
from tests.operations.test_recordings import keep
from tests.support.projects import MINIMAL
from tests.support.promises import DOWN, attempt, delivery, ended, record, stream_event
from tests.support.web import HOOKS, USER, Web, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


ACME = ProjectSnapshot(Project(id="acme", name="Acme"))
ONE_EVENT = {"name": "crm", "event": "incoming.after", "webhooks": [{"url": "https://c.example/"}]}


BY_ROLE = {f"role-{role}": f"{role}-key" for role in Role}
"""Keys of tokens of every scope, one for each role."""


@dataclass(frozen=True, kw_only=True)
class FilledStore:
    """A server of a store with something in it."""

    web: Web
    known: dict[str, list[Any]] = field(default_factory=dict)
    """Values of each parameter of a path, or of the query, that are there."""


@asynccontextmanager
async def filled(data_dir: Path, *, metrics_token: str = "") -> AsyncIterator[FilledStore]:
    """Serve a store with calls, deliveries, events, versions, drafts, subscriptions, visits, jobs and recordings."""
    keep(data_dir, "acme/c1/r1")
    kept = recordings_in(data_dir, base="https://pbx.example.com", keep_days=90)
    async with serving(
        data_dir=data_dir,
        recordings=kept,
        requests_per_minute=1_000_000,
        metrics_token=metrics_token,
    ) as web:
        deliveries = [delivery("c1", seq, webhook="crm", project="acme") for seq in (1, 2, 3)]
        await web.store.commit(record(replace(ended("c1"), snapshot=ACME), *deliveries))
        for one in deliveries:
            await web.store.record_attempt(attempt(one, failure=DOWN, answer=b"down"))
        for number in range(3):
            missed = made(f"m{number}", at=number, outcome=Outcome.MISSED)
            await web.store.commit(record(replace(missed, snapshot=ACME)))
            event = stream_event(f"e{number}", 1, project="acme")
            call = replace(made(f"e{number}", at=9, outcome=None), snapshot=ACME)
            await web.store.commit(record(call, events=(event,)))
        web.calls["running"] = "acme"
        web.now = 1_900_000_000.0  # later than the examples
        for name, key in BY_ROLE.items():
            role = Role(name.removeprefix("role-"))
            token = Token(
                project="acme", id=name, user=USER, scope=Scope.ADMIN, role=role, created_at=0.0
            )
            await web.store.tokens.save(token, digest_of(key))
        await _configure(web)
        listed = (await web.ask("GET", "/api/calls/c1/recordings?link_seconds=3000000")).json
        link = urlsplit(listed["link"])
        signed = dict(part.split("=") for part in link.query.split("&"))
        yield FilledStore(
            web=web,
            known={
                "project": ["acme"],
                "call": ["c1", "m0", "running", "gone"],
                "recording": ["r1", "all"],
                "file": ["all.wav", "r1.wav"],
                "expires": [signed["expires"]],
                "token": [signed["token"]],
                "token id": ["hooks"],
                "kind": ["accounts", "numbers", "schemes", "events", "screening", "project"],
                "name": ["101", "1", "crm", "380442223344"],
                "version": [1, 2],
                "draft": ["spring", "wrong"],
                "event": ["crm", "Google Analytics"],
                "delivery": [quote(one.id, safe="") for one in deliveries],
                "ids": [one.id for one in deliveries],
                "act": ["check", "uncheck", "send"],
                "number": [1, 2],
                "visit": ["v1"],
                "table": ["vip"],
                "login": ["olena@example.com"],
                "target": ["101"],
                "secrets": [True],
            },
        )


async def _configure(web: Web) -> None:
    for method, path, body in (
        ("PUT", "config/events/crm", ONE_EVENT),
        ("PATCH", "config/screening", {"block_withheld": True}),
        ("PUT", "drafts/spring", MINIMAL),
        ("PUT", "drafts/wrong", "[[["),
        ("PUT", "visits/v1", {"attributes": {"source": "google"}}),
        ("POST", "deliveries/jobs", {"act": "check"}),
        ("POST", "deliveries/jobs", {"act": "send"}),
        ("PUT", "tables/vip", CSV_TABLE),
        ("PUT", "users/olena@example.com", {"role": "editor"}),
        ("POST", "rehearsals", {"draft": "spring"}),
        ("PATCH", "scenario", {"after_url": "https://127.0.0.1:1/roistat"}),
    ):
        bearer = f"Bearer {BY_ROLE['role-owner']}"
        answer = await web.ask(
            method, f"/api/projects/acme/{path}", body, key="", Authorization=bearer
        )
        assert answer.status in {200, 202}, (path, answer.body)
    assert (await web.ask("POST", "/api/imports", IMPORTED)).status == 202
    for number in (1, 2):
        hook = {"target_url": f"https://hooks.example/{number}", "event": "custom"}
        assert (await web.ask("POST", HOOKS, hook)).status == 201
