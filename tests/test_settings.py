"""Each setting is found in its three places, the nearer one wins, and every mistake names its place."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from switchhook.settings import CONFIG, KEYS, LogLevel, Settings, SettingsError, load_settings
from switchhook.webhooks.mail import MailServer


def write(folder: Path, text: str) -> Path:
    path = folder / "switchhook.toml"
    path.write_text(text)
    return path


def refused(**sources: object) -> list[str]:
    given = {"file": None, "environ": {}, "flags": {}} | sources
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)  # type: ignore[arg-type] # the tests give what fits
    return str(caught.value).splitlines()


def test_without_any_source_the_defaults_hold() -> None:
    settings = load_settings(file=None, environ={}, flags={})

    assert settings == Settings()
    assert settings.sip_host == "127.0.0.1"
    assert settings.data_dir == Path.home() / ".local/share/switchhook"


def test_the_nearer_source_wins(tmp_path: Path) -> None:
    file = write(tmp_path, "sip_port = 1\nmax_calls = 1\nlog_json = true\n")
    environ = {"SWITCHHOOK_SIP_PORT": "2", "SWITCHHOOK_MAX_CALLS": "2"}
    settings = load_settings(file=file, environ=environ, flags={"sip_port": 3})

    assert (settings.sip_port, settings.max_calls, settings.log_json) == (3, 2, True)


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    environ = {CONFIG: str(write(tmp_path, 'log_level = "debug"'))}

    assert load_settings(file=None, environ=environ, flags={}).log_level is LogLevel.DEBUG


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("ON", True), ("1", True), ("false", False), ("0", False), (" no ", False)],
)
def test_yes_and_no_are_understood_in_the_environment(text: str, value: bool) -> None:  # noqa: FBT001 (it is the subject)
    settings = load_settings(file=None, environ={"SWITCHHOOK_LOG_JSON": text}, flags={})

    assert settings.log_json is value


def test_a_home_directory_is_found() -> None:
    settings = load_settings(file=None, environ={"SWITCHHOOK_DATA_DIR": "~/calls"}, flags={})

    assert settings.data_dir == Path.home() / "calls"


def test_the_home_of_nobody_is_named() -> None:
    with pytest.raises(SettingsError, match=r"_DATA_DIR: '~no-such-user/x' begins with a user"):
        load_settings(file=None, environ={"SWITCHHOOK_DATA_DIR": "~no-such-user/x"}, flags={})


def test_every_mistake_names_its_place() -> None:
    environ = {"SWITCHHOOK_SIP_PORT": "sip", "SWITCHHOOK_LOG_JSON": "maybe"}
    flags = {"max_calls": 0, "log_level": "loud"}

    assert refused(environ=environ, flags=flags) == [
        "SWITCHHOOK_SIP_PORT: 'sip' is not a whole number; write 0 to 65535",
        "--max-calls: 0 is less than 1; allowed are 1 to 100000",
        "--log-level: 'loud' is not known here; known are debug, error, info, warning",
        "SWITCHHOOK_LOG_JSON: 'maybe' is not a yes or no; write true or false",
    ]


def test_mistakes_in_the_file_name_their_lines(tmp_path: Path) -> None:
    file = write(tmp_path, 'sip_port = 70000\n\nsip_hots = "x"\nsip_host = "localhost"\n')

    assert refused(file=file) == [
        f"{file}: line 1: sip_port: 70000 is more than 65535; allowed are 0 to 65535",
        f"{file}: line 3: sip_hots: unknown key; did you mean sip_host?",
        f"{file}: line 4: sip_host: 'localhost' is not accepted here; write an IP address such as 192.0.2.10",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (found,) = refused(file=tmp_path / "none.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff")

    assert found == f"settings file {tmp_path / 'none.toml'}: No such file or directory"
    assert refused(file=binary) == [
        f"{binary}: line 1: this is not UTF-8 text; save the file as UTF-8"
    ]


def test_strangers_in_the_environment_are_left_alone() -> None:
    environ = {"SWITCHHOOK_PORT": "tcp://10.0.0.1:80", "SWITCHHOOK_SERVICE_HOST": "10.0.0.1"}

    assert load_settings(file=None, environ=environ, flags={}) == Settings()


def test_every_setting_is_described() -> None:
    assert [key.name for key in KEYS] == [field.name for field in fields(Settings)]
    for key in KEYS:
        assert key.kind.allowed
        assert key.help
        assert not key.help.endswith(".")


PASSWORD = "s3cret-pass"


def test_the_password_of_the_mail_server_is_shown_nowhere() -> None:
    environ = {"SWITCHHOOK_SMTP_USERNAME": "pbx", "SWITCHHOOK_SMTP_PASSWORD": PASSWORD}
    settings = load_settings(file=None, environ=environ, flags={})

    assert settings.mail_server == MailServer(username="pbx", password=PASSWORD)
    assert PASSWORD not in repr(settings) + str(settings.mail_server)


@pytest.mark.parametrize("wrong", [f"{PASSWORD}\n", PASSWORD * 100])
def test_a_password_that_is_wrong_is_not_repeated(wrong: str) -> None:
    environ = {"SWITCHHOOK_SMTP_USERNAME": "pbx", "SWITCHHOOK_SMTP_PASSWORD": wrong}
    (said,) = refused(environ=environ)

    assert said.startswith("SWITCHHOOK_SMTP_PASSWORD: ")
    assert PASSWORD not in said


@pytest.mark.parametrize("host", ["mail.example.com", "192.0.2.1", "2001:db8::25", "::1", ""])
def test_a_mail_server_has_a_name_or_an_address(host: str) -> None:
    environ = {"SWITCHHOOK_SMTP_HOST": host}

    assert load_settings(file=None, environ=environ, flags={}).smtp_host == host


@pytest.mark.parametrize(
    "host", ["mail.example.com:587", "192.0.2.1:25", "smtp://mail.example.com"]
)
def test_the_port_of_a_mail_server_is_a_setting_of_its_own(host: str) -> None:
    assert refused(environ={"SWITCHHOOK_SMTP_HOST": host}) == [
        (
            f"SWITCHHOOK_SMTP_HOST: {host!r} is not accepted here;"
            ' write a host name or address without a port, or ""'
        )
    ]


def test_settings_of_mail_that_do_not_go_together_are_refused() -> None:
    assert refused(environ={"SWITCHHOOK_SMTP_USERNAME": "pbx"}) == [
        "smtp_password is missing beside smtp_username; set both or neither"
    ]
    (said,) = refused(
        environ={
            "SWITCHHOOK_SMTP_HOST": "mail.example",
            "SWITCHHOOK_SMTP_USERNAME": "pbx",
            "SWITCHHOOK_SMTP_PASSWORD": PASSWORD,
            "SWITCHHOOK_SMTP_SECURITY": "none",
        }
    )
    assert "in clear over the network" in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    "sender", ["", "pbx", "PBX <pbx@acme.example>", "a@b.example\r\nBcc: c@d.example"]
)
def test_the_sender_of_mail_is_one_bare_address(sender: str) -> None:
    (said,) = refused(environ={"SWITCHHOOK_MAIL_FROM": sender})

    assert said.startswith("SWITCHHOOK_MAIL_FROM: ")


def test_the_password_of_a_proxy_is_shown_nowhere() -> None:
    environ = {"SWITCHHOOK_HTTP_PROXY": "http://me:s3cret@proxy.example.com:3128"}
    settings = load_settings(file=None, environ=environ, flags={"no_proxy": "crm.lan"})
    assert "s3cret" not in repr(settings)
    assert settings.proxy is not None
    assert str(settings.proxy.origin) == "proxy.example.com:3128"
    assert settings.proxy.names == ("crm.lan",)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"http_proxy": "http://me:s3cret@proxy"}, "a proxy's URL names its port, such as :3128"),
        ({"http_proxy": "http://p:1", "no_proxy": "a b"}, "'a b' is not a host name"),
        ({"no_proxy": "crm.lan"}, "no_proxy is set without http_proxy"),
    ],
)
def test_a_proxy_that_is_none_is_refused_at_the_start(flags: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        load_settings(file=None, environ={}, flags=flags)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["0", "1", "0.25", " .5 ", "1.0"])
def test_a_ratio_is_a_part_of_all(text: str) -> None:
    settings = load_settings(file=None, environ={"SWITCHHOOK_OTEL_RATIO": text}, flags={})
    assert settings.otel_ratio == float(text)


@pytest.mark.parametrize("text", ["1.1", "-0.1", "nan", "half", "", "1e-1"])
def test_what_is_no_part_of_all_is_no_ratio(text: str) -> None:
    (line,) = refused(environ={"SWITCHHOOK_OTEL_RATIO": text})
    assert line.startswith("SWITCHHOOK_OTEL_RATIO: ")
    assert line.endswith("write 0 to 1, as 0.1")


def test_a_ratio_in_a_file_is_a_number(tmp_path: Path) -> None:
    (line,) = refused(file=write(tmp_path, 'otel_ratio = "all"\n'))
    assert "otel_ratio" in line
    assert (
        load_settings(file=write(tmp_path, "otel_ratio = 1\n"), environ={}, flags={}).otel_ratio
        == 1.0
    )


@pytest.mark.parametrize(
    "endpoint",
    ["http://collector:4318", "http://collector:4318/", "http://collector:4318/v1/traces"],
)
def test_traces_go_to_their_path(endpoint: str) -> None:
    assert Settings(otel_endpoint=endpoint).otel_traces_url == "http://collector:4318/v1/traces"


def test_headers_of_traces_are_read_from_one_line_and_not_shown() -> None:
    text = "X-Api-Key = a=b==, x-team=pbx"
    settings = load_settings(file=None, environ={"SWITCHHOOK_OTEL_HEADERS": text}, flags={})
    assert settings.otel_header_lines == {"x-api-key": "a=b==", "x-team": "pbx"}
    assert "a=b" not in repr(settings)
    (line,) = refused(environ={"SWITCHHOOK_OTEL_HEADERS": "a=b==, secret"})
    assert "secret" not in line.partition(";")[0].replace("x-api-key=secret", "")
