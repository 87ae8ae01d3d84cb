"""One request for a page: who asks, in which project, with which rights; and the answers that it may get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from switchhook.api.access.masking import hides_numbers
from switchhook.api.responses import AnyRequest
from switchhook.console.access import Access
from switchhook.console.cookies import FLASH, cookie
from switchhook.console.dependencies import ConsoleDependencies
from switchhook.console.discovery import find_pages
from switchhook.console.flash import packed, unpacked
from switchhook.console.form_tokens import FIELD, form_token
from switchhook.console.navigation import side_list
from switchhook.console.rendering import render
from switchhook.domain.access.people import Role, User, UserSession
from switchhook.domain.access.rights import Need
from switchhook.domain.access.token import Scope
from switchhook.domain.project import ProjectSnapshot
from switchhook.storage.records import Count
from switchhook.views.masked_numbers import masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from switchhook.api.dependencies import ApiDependencies, ApiStore

KEY: Final = "switchhook.page"
"""Where a request's scope has its page."""
HTML: Final = "text/html"
NO_PROBLEMS: Final = Count(number=0)


@dataclass(slots=True, kw_only=True)
class Page:
    """A request that was let in. Every handler of a page gets one, as `page`."""

    request: AnyRequest
    deps: ConsoleDependencies
    need: Need | Access
    user: User | None = None
    session: UserSession | None = None
    session_key: str = field(default="", repr=False)
    form_key: str = field(default="", repr=False)
    flash: str = ""
    """The cookie with the message of the page before."""
    project: str = ""
    """The id of the project in the path; empty on a page of no project."""
    role: Role | None = None
    """The reader's role there."""
    snapshot: ProjectSnapshot | None = None
    """What the project's next call follows."""
    problems: Count = NO_PROBLEMS
    """The deliveries of the project that need somebody."""
    cookies: list[Cookie] = field(default_factory=list)
    """Set with the answer."""

    @property
    def api(self) -> ApiDependencies:
        """Return the parts that operations are called with."""
        return self.deps.api

    @property
    def store(self) -> ApiStore:
        """Return the store."""
        return self.deps.api.store

    @property
    def now(self) -> float:
        """Return unix time in seconds."""
        return self.deps.api.clock()

    @property
    def by(self) -> str:
        """Return who acts, for those who ask later."""
        return f"{self.user.login} in the console" if self.user else ""

    @property
    def is_secure(self) -> bool:
        """Say whether the browser speaks TLS, with us or with a trusted proxy."""
        return str(self.request.scope["scheme"]) == "https"

    @property
    def base(self) -> str:
        """Return the path that the project's pages begin with."""
        return f"/console/projects/{self.project}"

    @property
    def masks(self) -> bool:
        """Say whether the reader sees telephone numbers masked."""
        return self.role is not None and hides_numbers(self.role, self.snapshot)

    def may(self, need: Need) -> bool:
        """Say whether the reader has a right in this project: for links and buttons alone, the guard decides."""
        return not need.refusal(self.role, Scope.ADMIN)

    def query(self) -> dict[str, str]:
        """Return the parameters of the query, of each name the last; empty ones are not given."""
        return {name: text for name, text in self.request.query_params.items() if text}

    async def form(self) -> dict[str, str]:
        """Return the texts of the form that was sent, of each name the last."""
        sent = await self.request.form()
        texts = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
        texts.pop(FIELD, None)
        return texts

    def set_cookie(self, kind: str, value: str) -> None:
        """Have the answer set a cookie; an empty value deletes it."""
        self.cookies.append(cookie(kind, value, is_secure=self.is_secure))

    def render(
        self,
        template: str,
        *,
        title: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        markup: Mapping[str, Markup | Sequence[Markup]] | None = None,
        **values: Any,  # noqa: ANN401 (what the template shows)
    ) -> Response[bytes]:
        """Answer with a page.

        Values become JSON, in which numbers are masked for those who may not see them: nothing else gets into a
        template. `markup` is what the server drew, such as SVG, of values that it masked itself.
        """
        told = msgspec.to_builtins(values)
        if self.masks:
            told = masked(told)
        text = render(
            template, told | dict(markup or {}) | {"title": title, "layout": self._layout()}
        )
        return Response(
            text.encode(),
            status_code=status,
            media_type=HTML,
            headers=headers,
            cookies=self.cookies,
        )

    def redirect(self, path: str, *, told: str = "") -> Response[bytes]:
        """Answer that the browser should get another page of the console, which shows what it is `told`."""
        if told:
            self.set_cookie(FLASH, packed(told, self.form_key))
        return Response(b"", status_code=303, headers={"Location": path}, cookies=self.cookies)

    def token(self) -> str:
        """Return a token for the forms of this page."""
        return form_token(self.form_key, self.session_key)

    def _layout(self) -> dict[str, Any]:
        """Return what every page has around its own."""
        project = None if self.snapshot is None else self.snapshot.project
        return {
            "csrf": self.token(),
            "path": self.request.url.path,
            "login": None if self.user is None else self.user.login,
            "role": self.role,
            "project": self.project,
            "base": self.base,
            "project_name": self.project if project is None else project.name,
            "projects": [] if self.user is None else sorted(one.project for one in self.user.roles),
            "time_zone": "UTC" if project is None else project.time_zone,
            "side": side_list(find_pages().side, self.role, self.project, self.request.url.path),
            "problems": {"count": self.problems.number, "is_more": self.problems.is_more},
            "flash": self._taken_flash(),
        }

    def _taken_flash(self) -> str:
        if not self.flash:
            return ""
        self.set_cookie(FLASH, "")
        return unpacked(self.flash, self.form_key)


CurrentPage = NamedDependency[SkipValidation[Page]]
"""What a handler annotates its parameter `page` with."""


def page_of(request: AnyRequest) -> Page:
    """Return the page of a request that the guard let in."""
    return cast("Page", cast("dict[str, Any]", request.scope)[KEY])
