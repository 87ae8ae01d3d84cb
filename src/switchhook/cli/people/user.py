"""`switchhook user`: the people of this host, their roles, passwords, one-time passwords and sessions."""

import sys
from typing import Annotated, Literal

from cyclopts import App, Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.options import (
    NO_FLAGS,
    Config,
    DataDir,
    Json,
    OnlyProject,
    ask_store,
    data_dir_of,
    settings_of,
)
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.domain.access.people import LinkKind, Role, User, UserSession
from switchhook.operations.tokens import list_tokens
from switchhook.views import people
from switchhook.views.text import clock, one_line

Login = Annotated[str, Parameter(help="Login of the user.")]
InProject = Annotated[str, Parameter(help="Id of the project.", name="--project")]
NONE = "none"

user = App(
    name="user", help="The people of this host: their roles in projects, passwords and sessions."
)


@user.command
def add(
    login: Annotated[str, Parameter(help="By which they sign in: an e-mail address, or a word.")],
    /,
    *,
    project: Annotated[
        str | None, Parameter(help="Id of a project that they get a role in.", name="--project")
    ] = None,
    role: Annotated[Role, Parameter(help="Their role there.")] = Role.VIEWER,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Make a user. They sign in once `switchhook user password` gave them a password."""
    from switchhook.operations.people.acts import AddUser  # noqa: PLC0415 (it brings in all that acts need)

    made = change(
        data_dir_of(config, data_dir),
        AddUser(login=login, project=project, role=role, by=operator()),
    )
    if json:
        print_json(people.user(made))
    else:
        stdout().print(f"user {made.login} is there, {_roles(made) or 'without a role'}")
    return 0


@user.command(name="list")
def list_(
    *,
    project: OnlyProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List users with their roles."""
    found = ask_store(
        config, data_dir, lambda store: store.people.users(project=project), project=project
    )
    print_json([people.user(one) for one in found]) if json else _show(found)
    return 0


@user.command
def role(
    login: Login,
    role: Annotated[
        Role | Literal["none"],
        Parameter(help="The role in place of theirs; none takes it away, with their tokens."),
    ],
    /,
    *,
    project: InProject,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Give a user a role in a project: it holds from the next request on."""
    from switchhook.operations.people.acts import GiveRole  # noqa: PLC0415 (it brings in all that acts need)

    given = None if role == NONE else Role(role)
    where = data_dir_of(config, data_dir)
    changed = change(where, GiveRole(login=login, project=project, role=given, by=operator()))
    if json:
        gone = {"login": changed.login}
        print_json(gone if given is None else people.member(changed, project))
        return 0
    stdout().print(f"user {changed.login} is {given or 'nobody'} in project {project}")
    return 0


@user.command
def password(
    login: Login,
    /,
    *,
    stdin: Annotated[
        bool,
        Parameter(help="Read it from standard input, instead of making one.", negative=()),
    ] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Set a user's password, which is made and printed once, and end their sessions."""
    from switchhook.operations.people import passwords  # noqa: PLC0415 (for this command alone)
    from switchhook.operations.people.acts import SetPassword  # noqa: PLC0415 (it brings in all that acts need)

    given = sys.stdin.readline(1000).rstrip("\r\n") if stdin else passwords.new_password()
    passwords.check_password(given, login=login.strip().casefold())
    digest = passwords.hashed(given)
    changed = change(
        data_dir_of(config, data_dir), SetPassword(login=login, digest=digest, by=operator())
    )
    if stdin:
        stdout().print(f"the password of {changed.login} is set; their sessions are ended")
    else:
        stdout().print(f"the password of {changed.login}; it is not shown again:")
        stdout().print(given)
    return 0


@user.command
def totp(
    login: Login,
    /,
    *,
    off: Annotated[bool, Parameter(help="Ask for none any more.", negative=())] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Have a user sign in with a one-time password, too (TOTP), and print its secret once, for their app."""
    from switchhook.operations.people import one_time  # noqa: PLC0415 (for this command alone)
    from switchhook.operations.people.acts import SetTotp  # noqa: PLC0415 (it brings in all that acts need)

    secret = None if off else one_time.new_secret()
    changed = change(
        data_dir_of(config, data_dir), SetTotp(login=login, secret=secret, by=operator())
    )
    if secret is None:
        stdout().print(f"user {changed.login} signs in without one-time passwords")
        return 0
    stdout().print(f"for the app of {changed.login}; it is not shown again:")
    stdout().print(secret)
    stdout().print(one_time.link(secret, login=changed.login))
    return 0


@user.command
def disable(login: Login, /, *, config: Config = None, data_dir: DataDir = None) -> int:
    """Let a user do nothing any more: sessions end, tokens are refused; `enable` undoes it."""
    return _set_disabled(login, config, data_dir, is_disabled=True)


@user.command
def enable(login: Login, /, *, config: Config = None, data_dir: DataDir = None) -> int:
    """Let a user who was disabled do again what they might."""
    return _set_disabled(login, config, data_dir, is_disabled=False)


def _set_disabled(login: str, config: Config, data_dir: DataDir, *, is_disabled: bool) -> int:
    from switchhook.operations.people.acts import DisableUser  # noqa: PLC0415 (it brings in all that acts need)

    act = DisableUser(login=login, is_disabled=is_disabled, by=operator())
    changed = change(data_dir_of(config, data_dir), act)
    stdout().print(f"user {changed.login} is {'disabled' if is_disabled else 'enabled'}")
    return 0


@user.command
def remove(login: Login, /, *, config: Config = None, data_dir: DataDir = None) -> int:
    """Remove a user with their roles, sessions and tokens."""
    from switchhook.operations.people.acts import RemoveUser  # noqa: PLC0415 (it brings in all that acts need)

    removed = change(data_dir_of(config, data_dir), RemoveUser(login=login, by=operator()))
    stdout().print(f"user {removed.login} is removed, with their tokens")
    made = ask_store(config, data_dir, lambda store: list_tokens(store.tokens))
    left = [one.id for one in made if one.maker == removed.id]
    if left:
        stdout().print(
            f"tokens of programs that they made stay good: {', '.join(left)}; `switchhook token revoke` ends one"
        )
    return 0


@user.command
def sessions(
    login: Login,
    /,
    *,
    end: Annotated[str | None, Parameter(help="End the session of this id.")] = None,
    end_all: Annotated[bool, Parameter(help="End all of them.", negative=())] = False,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List where a user is signed in, or end sessions."""
    if end is not None or end_all:
        from switchhook.operations.people.acts import EndSessions  # noqa: PLC0415 (it brings in all that acts need)

        act = EndSessions(login=login, session=None if end_all else end, by=operator())
        ended = change(data_dir_of(config, data_dir), act)
        stdout().print("1 session is ended" if ended == 1 else f"{ended} sessions are ended")
        return 0
    from switchhook.operations.people.users import list_sessions  # noqa: PLC0415 (for those who read)

    found = ask_store(config, data_dir, lambda store: list_sessions(store.people, login))
    print_json([people.session(one) for one in found]) if json else _show_sessions(found)
    return 0


@user.command
def link(
    login: Annotated[
        str | None,
        Parameter(help="Login of the user; without one, the link makes the host's first owner."),
    ] = None,
    /,
    *,
    sign_in: Annotated[
        bool,
        Parameter(help="Sign in at once, instead of setting a password first.", negative=()),
    ] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a link to the console that lets somebody in once: to set a password, to sign in, or as the first owner."""
    from switchhook.operations.people.acts import MakeLink  # noqa: PLC0415 (it brings in all that acts need)

    kind = LinkKind.SIGN_IN if sign_in else LinkKind.PASSWORD
    if login is None:
        kind = LinkKind.FIRST_OWNER
    settings = settings_of(config, NO_FLAGS)
    made = change(
        data_dir_of(config, data_dir), MakeLink(kind=kind, login=login or "", by=operator())
    )
    stdout().print(f"good once, until {clock(made.expires_at)}:")
    stdout().print(made.url(settings.url_of_links(settings.web_port)), soft_wrap=True)
    return 0


def _show(found: tuple[User, ...]) -> None:
    if not found:
        stdout().print("there are no users")
        return
    rows = [
        (
            one.login,
            _roles(one) or "-",
            _state(one),
            "yes" if one.has_totp else "no",
            "never" if one.signed_in_at is None else clock(one.signed_in_at),
        )
        for one in found
    ]
    print_table(("user", "roles", "state", "one-time", "signed in"), rows)


def _state(one: User) -> str:
    if one.disabled_at is not None:
        return "disabled"
    return "active" if one.has_password else "no password"


def _roles(one: User) -> str:
    return "\n".join(f"{each.role} of {each.project}" for each in one.roles)


def _show_sessions(found: tuple[UserSession, ...]) -> None:
    if not found:
        stdout().print("no sessions")
        return
    rows = [
        (one.id, clock(one.created_at), clock(one.used_at), one.source, one_line(one.agent)[:60])
        for one in found
    ]
    print_table(("session", "signed in", "last used", "from", "with"), rows)
