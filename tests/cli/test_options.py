"""The flags of `serve` are the settings, and a command's data directory is found as the server's is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from switchhook.cli.errors import CommandError
from switchhook.cli.options import Flags, data_dir_of, open_to_read, settings_of
from switchhook.settings import Settings, SettingsError
from tests.support.loop import run


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SWITCHHOOK_DATA_DIR", "SWITCHHOOK_CONFIG", "SWITCHHOOK_SIP_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_every_setting_is_a_flag() -> None:
    assert [field.name for field in fields(Flags)] == [field.name for field in fields(Settings)]


def test_flags_that_were_not_given_change_nothing() -> None:
    assert settings_of(None, Flags()) == Settings()
    assert settings_of(None, Flags(sip_port=7, log_json=True)) == Settings(
        sip_port=7, log_json=True
    )


def test_wrong_flags_are_refused() -> None:
    with pytest.raises(SettingsError, match="--sip-port: 70000 is more than 65535"):
        settings_of(None, Flags(sip_port=70000))


def test_the_data_directory_is_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "switchhook.toml"
    file.write_text('data_dir = "/in/the/file"')

    assert data_dir_of(None, None) == Settings().data_dir
    assert data_dir_of(file, None) == Path("/in/the/file")
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", "/in/the/environment")
    assert data_dir_of(file, None) == Path("/in/the/environment")
    assert data_dir_of(file, Path("/given")) == Path("/given")


def test_a_data_directory_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(open_to_read(None, tmp_path / ("x" * 300)))
