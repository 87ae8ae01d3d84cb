"""What a person may like to know of a project in which nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.webhooks.request import effective_method

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import Project


def remarks(project: Project) -> Iterator[str]:
    """Yield a sentence for each thing that is done otherwise than one may think.

    The method of a forwarding number that JSON sets (R1-14, R3-16, A-05); an account's login that is
    an emergency number.
    """
    for webhook in project.forwarding_numbers:
        method = effective_method(webhook)
        if method is not webhook.method:
            yield (
                f"forwarding number {webhook.name!r} is asked by {method} (set by JSON),"
                f" not by {webhook.method}"
            )
    for account in project.accounts:
        if project.screening.is_emergency(account.login):
            yield (
                f"who dials {account.login} reaches the emergency service,"
                f" not the account of that login"
            )
