"""Makes the driver that reaches telephones."""

from collections.abc import Callable
from typing import Protocol

from switchhook.drivers.embedded.driver import EmbeddedDriver
from switchhook.drivers.embedded.media_control import MediaSettings
from switchhook.drivers.ports import SipDriver, Sounds
from switchhook.operations.recordings import RECORDINGS
from switchhook.operations.trunks import write_states
from switchhook.settings import Settings, port_range
from switchhook.storage.ports import EndedLegs, RegistrationStore


class DriverStore(RegistrationStore, EndedLegs, Protocol):
    """Keeps what a driver takes up again after a restart."""


DriverFactory = Callable[[Settings, DriverStore, Sounds], SipDriver]


def embedded(settings: Settings, store: DriverStore, sounds: Sounds) -> EmbeddedDriver:
    """Make the built-in SIP server."""
    return EmbeddedDriver(
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
