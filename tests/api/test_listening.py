"""A place that cannot be had is named, with what to do."""

from __future__ import annotations

import pytest

from switchhook.api.listening import CannotListenError, listen


def test_a_free_port_is_taken() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert port > 0
        with pytest.raises(CannotListenError) as caught:
            listen("127.0.0.1", port)
    assert str(caught.value) == (
        f"cannot serve the HTTP API at 127.0.0.1:{port}: Address already in use; choose another"
        " place with --web-host and --web-port, or serve none with --web-host ''"
    )


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CannotListenError, match=r"at \[2001:db8::1\]:8070: "):
        listen("2001:db8::1", 8070)
