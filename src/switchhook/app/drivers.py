"""Makes the driver that reaches telephones."""

from collections.abc import Callable
from typing import Protocol

from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.drivers.embedded.media_control import MediaSettings
from switchhook.drivers.ports import SipDriver, Sounds
from switchhook.operations.recordings import RECORDINGS
from switchhook.operations.trunks import write_states
from switchhook.settings import Settings, port_range
from switchhook.storage.captures import SipCapture
from switchhook.storage.ports import EndedLegs, RegistrationStore


class DriverStore(RegistrationStore, EndedLegs, Protocol):
    """Keeps what a driver takes up again after a restart."""


TakeCapture = Callable[[str, SipCapture], None]
"""Takes the SIP messages of a call that is over."""
DriverFactory = Callable[[Settings, DriverStore, Sounds, TakeCapture], SipDriver]


def embedded(
    settings: Settings, store: DriverStore, sounds: Sounds, take_capture: TakeCapture
) -> EmbeddedDriver:
    """Make the built-in SIP server, which keeps the messages of calls where the settings say so."""
    driver = EmbeddedDriver(
        host=settings.sip_host,
        port=settings.sip_port,
        registrations=store,
        ended=store,
        sounds=sounds,
        trunks_changed=lambda states: write_states(settings.data_dir, states),
        media_settings=MediaSettings(
            ports=port_range(settings.rtp_ports),
            silence=settings.rtp_timeout,
            recordings=settings.data_dir / RECORDINGS,
        ),
    )
    if settings.sip_capture:
        driver.capture(take_capture)
    return driver
