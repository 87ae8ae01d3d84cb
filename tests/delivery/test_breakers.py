"""Each project's endpoints have breakers of their own, which say in the log when they open and close."""

from __future__ import annotations

from structlog.testing import capture_logs

from switchhook.delivery.breaker import BreakerDecision, BreakerPolicy
from switchhook.delivery.breakers import Breakers, endpoint_of

POLICY = BreakerPolicy(failures=2, pause=10.0)
CRM = endpoint_of("acme", "https://crm.example.com/route?key=secret#rc=1")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_endpoint_is_told_without_its_query_and_credentials() -> None:
    assert CRM == ("acme", "https://crm.example.com/route")
    assert endpoint_of("acme", "https://u:p@crm.example.com/route") == CRM
    assert endpoint_of("acme", "https://crm.example.com/@route")[1].endswith("/@route")


def test_it_opens_for_one_project_alone_and_closes_again() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    with capture_logs() as logs:
        for _ in range(2):
            breakers.failed(CRM, POLICY, breakers.admit(CRM, POLICY))
        assert breakers.admit(CRM, POLICY) is BreakerDecision.REJECT
        assert breakers.seconds_left(CRM) == 10.0
        assert breakers.admit(("other", CRM[1]), POLICY) is BreakerDecision.ALLOW
        assert breakers.failing[CRM].failures == 2
        clock.now += 10
        assert breakers.admit(CRM, POLICY) is BreakerDecision.PROBE
        breakers.succeeded(CRM)

    assert breakers.skipped == 1
    assert not breakers.failing, "what works again is forgotten"
    assert [log["event"] for log in logs] == ["circuit breaker opened", "circuit breaker closed"]
    assert logs[0]["reason"] == "failures"
    assert all("secret" not in str(log) for log in logs)


def test_a_probe_that_was_given_up_is_made_again() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    for _ in range(2):
        breakers.failed(CRM, POLICY, BreakerDecision.ALLOW)
    clock.now += 10
    breakers.cancelled(CRM, breakers.admit(CRM, POLICY))

    assert breakers.admit(CRM, POLICY) is BreakerDecision.PROBE


def test_retry_after_opens_it_and_the_log_says_that_this_is_why() -> None:
    breakers = Breakers(Clock())
    with capture_logs() as logs:
        breakers.retry_after(CRM, POLICY, 5.0)

    (line,) = logs
    assert (line["event"], line["reason"], line["seconds"]) == (
        "circuit breaker opened",
        "retry-after",
        5.0,
    )
