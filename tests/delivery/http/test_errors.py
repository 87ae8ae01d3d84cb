"""Every failure is told in one sentence that names where, why, and what to do."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest

from switchhook.delivery.http.errors import (
    ExchangeError,
    ExchangePhase,
    connect_failed,
    interrupted,
    timed_out,
    tls_failed,
    unresolved,
)
from switchhook.domain.failure import FailureKind


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


def certificate_error(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (unresolved("h", socket.gaierror(socket.EAI_NONAME, "x")), FailureKind.DNS, "no address for this name"),
        (unresolved("h", socket.gaierror(socket.EAI_AGAIN, "x")), FailureKind.DNS, "it may work later"),
        (unresolved("h", os_error(errno.EMFILE)), FailureKind.DNS, "Too many open files"),
        (unresolved("h", UnicodeError("label too long")), FailureKind.DNS, "label too long"),
        (connect_failed(os_error(errno.ECONNREFUSED), "h"), FailureKind.REFUSED, "check that the endpoint runs"),
        (connect_failed(os_error(errno.ETIMEDOUT), "h"), FailureKind.CONNECT_TIMEOUT, "firewall"),
        (connect_failed(os_error(errno.EHOSTUNREACH), "h"), FailureKind.UNREACHABLE, "No route to host"),
        (connect_failed(os_error(errno.ENETUNREACH), "h"), FailureKind.UNREACHABLE, "routes"),
        (connect_failed(os_error(errno.EMFILE), "h"), FailureKind.UNREACHABLE, "Switchhook has no socket left"),
        (connect_failed(os_error(errno.ECONNRESET), "h"), FailureKind.RESET, "while it was being made"),
        (connect_failed(OSError("odd"), "h"), FailureKind.UNREACHABLE, "odd"),
        (tls_failed(certificate_error("certificate has expired"), "h"), FailureKind.TLS, "certificate has expired"),
        (tls_failed(tls_error("WRONG_VERSION_NUMBER"), "h"), FailureKind.TLS, "plain http"),
        (tls_failed(tls_error("NO_SHARED_CIPHER"), "h"), FailureKind.TLS, "NO_SHARED_CIPHER"),
        (tls_failed(os_error(errno.ECONNRESET), "h"), FailureKind.TLS, "cut the connection"),
        (interrupted("h"), FailureKind.INTERRUPTED, "Switchhook stopped"),
        *[(timed_out(phase, "h"), phase.value, "in time") for phase in ExchangePhase],
    ],
)  # fmt: skip
def test_a_failure_says_where_why_and_what_to_do(
    error: ExchangeError, kind: FailureKind, words: str
) -> None:
    assert error.failure.kind is kind
    assert words in error.failure.detail
    assert error.failure.detail.startswith("h: ")
    assert error.failure.detail.endswith(".")
    assert ".." not in error.failure.detail
    assert str(error) == error.failure.detail


def test_every_phase_has_a_class_of_its_own() -> None:
    assert len({phase.value for phase in ExchangePhase}) == len(ExchangePhase)
