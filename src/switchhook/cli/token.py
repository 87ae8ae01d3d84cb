"""`switchhook token`, the keys to the HTTP API, and `switchhook secret`, those that sign webhooks."""

import secrets
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from switchhook.cli.changing import change, operator
from switchhook.cli.options import Config, DataDir, Json, ask_store, data_dir_of
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.domain.access.people import Role
from switchhook.domain.access.token import Scope, Token
from switchhook.operations.tokens import NewToken, list_tokens
from switchhook.views.people import token_row
from switchhook.views.text import NOTHING, clock
from switchhook.webhooks.signatures import asymmetric_key, public_key, symmetric_key

KEY_BYTES = 32
"""Of a key that signs."""
MAX_SECONDS = 3650
"""Days that a token may be good for, unless it is for ever."""

token = App(name="token", help="Make, list and revoke keys to the HTTP API.")


@token.command
def create(
    *,
    project: Annotated[str, Parameter(help="Id of the project that it opens.")],
    user: Annotated[str, Parameter(help="Whose it is: an e-mail address, or a word.")],
    scope: Annotated[Scope, Parameter(help="What it is good for.")] = Scope.SUBSCRIPTIONS,
    role: Annotated[
        Role, Parameter(help="The most that it may do; of a user's, their own role holds, too.")
    ] = Role.OWNER,
    days: Annotated[
        int | None,
        Parameter(
            help="How long it is good; without, until it is revoked.",
            validator=Number(gte=1, lte=MAX_SECONDS),
        ),
    ] = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Make a token and print its key, which is not shown again. A user's is good for what their role allows."""
    from switchhook.operations.control import CreateToken  # noqa: PLC0415 (it brings in all that acts need)

    where = data_dir_of(config, data_dir)
    made = change(
        where,
        CreateToken(project=project, user=user, scope=scope, role=role, days=days, by=operator()),
    )
    print_json(token_row(made.token) | {"key": made.key}) if json else _show_new(made)
    return 0


@token.command(name="list")
def list_(
    *,
    project: Annotated[str | None, Parameter(help="Only this project's.")] = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List tokens, without their keys."""
    found = ask_store(
        config, data_dir, lambda store: list_tokens(store.tokens, project=project), project=project
    )
    print_json([token_row(one) for one in found]) if json else _show(found)
    return 0


@token.command
def revoke(
    token_id: Annotated[str, Parameter(help="Id of the token, as the list has it.")],
    /,
    *,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Let a token be good no more; a running server refuses it from its next request on."""
    from switchhook.operations.control import RevokeToken  # noqa: PLC0415 (it brings in all that acts need)

    where = data_dir_of(config, data_dir)
    revoked = change(where, RevokeToken(token=token_id, by=operator()))
    if json:
        print_json(token_row(revoked))
        return 0
    stdout().print(f"token {revoked.id} of {revoked.user} for project {revoked.project} is revoked")
    return 0


def _show_new(made: NewToken) -> None:
    one = made.token
    until = "until it is revoked" if one.expires_at is None else f"until {clock(one.expires_at)}"
    stdout().print(f"token {one.id} for project {one.project}, scope {one.scope}, good {until}")
    stdout().print("This header lets its bearer in. It is not shown again:")
    stdout().print(f"Authorization: Token {one.user}:{made.key}")


def _show(found: tuple[Token, ...]) -> None:
    if not found:
        stdout().print("there is no token; revoked ones are not kept")
        return
    rows = [
        (
            one.id,
            one.project,
            one.user,
            one.scope,
            _role(one),
            clock(one.created_at),
            "never" if one.expires_at is None else clock(one.expires_at),
            clock(one.used_at),
            f"{one.made_by} (gone)" if one.is_maker_gone else one.made_by or NOTHING,
        )
        for one in found
    ]
    heads = (
        "token",
        "project",
        "user",
        "scope",
        "role",
        "created",
        "expires",
        "last used",
        "made by",
    )
    print_table(heads, rows)


def _role(one: Token) -> str:
    """Say what limits it beside its scope: its user's role, or a role of its own."""
    return "their own" if one.person is not None and one.role is Role.OWNER else f"{one.role}"


secret = App(name="secret", help="Make keys for the signatures of webhooks.")


@secret.command
def new(
    *,
    asymmetric: Annotated[
        bool,
        Parameter(
            help="Make a pair: the receiver gets a public key, and cannot sign.", negative=()
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Make a key for `signing_secrets` and print it. It is kept nowhere, and not shown again."""
    random = secrets.token_bytes(KEY_BYTES)
    made = {"secret": asymmetric_key(random) if asymmetric else symmetric_key(random)}
    if asymmetric:
        made["public_key"] = public_key(made["secret"])
    if json:
        print_json(made)
        return 0
    stdout().print(made["secret"])
    if asymmetric:
        stdout().print(f"for receivers: {made['public_key']}")
    return 0
