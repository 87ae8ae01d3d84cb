"""A draft comes back as it was written, and secrets in headers are shown to nobody."""

from __future__ import annotations

from hypothesis import given

from switchhook.domain.credentials import BodyHmac, Credentials
from switchhook.domain.tracking.call_tracking import TrackingScenario
from switchhook.projectfile.scenario import (
    ScenarioDraft,
    changed,
    keys_of,
    read_draft,
    shown_keys,
    write_draft,
)
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.projects import call_trackings


@given(scenario=call_trackings(), base=call_trackings())
def test_a_draft_reads_back(scenario: TrackingScenario, base: TrackingScenario) -> None:
    draft = ScenarioDraft(scenario=scenario, base=base)

    assert read_draft(write_draft(draft)) == draft


@given(scenario=call_trackings())
def test_its_own_keys_change_nothing(scenario: TrackingScenario) -> None:
    assert changed(scenario, keys_of(scenario)) == scenario


def test_headers_are_not_shown() -> None:
    scenario = TrackingScenario(headers=(("Auth-Key", "secret"),), send_id=False)

    assert shown_keys(scenario) == {"moment_url": "", "after_url": "", "send_id": False}
    assert keys_of(scenario)["headers"] == [{"name": "Auth-Key", "value": "secret"}]


def test_a_stored_draft_that_cannot_be_read_says_why() -> None:
    assert isinstance(read_draft("[call_tracking]\nnew = 1\n"), Mistakes)


def test_credentials_are_not_shown() -> None:
    credentials = Credentials(
        token="s3cret-1",
        hmac=BodyHmac(header="X", secret="s3cret-2"),
        signing_secrets=("s3cret-3",),
    )
    scenario = TrackingScenario(after_url="https://a.example/", credentials=credentials)

    assert "s3cret" in str(keys_of(scenario))
    assert "s3cret" not in str(shown_keys(scenario))
