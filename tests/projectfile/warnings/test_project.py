"""What is done otherwise than it was written, or to no purpose, is said, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import trustme

from switchhook.domain.event import EventKind
from switchhook.domain.project import Account, Group, Number, Project, Trunk
from switchhook.domain.scheme import HoursStep, RingStep, Scheme
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Encoding, Method
from switchhook.projectfile.file import read_project
from switchhook.projectfile.warnings.project import project_warnings
from switchhook.routing.project_numbers import unringable_notice
from tests.support.certificates import client_certificate
from tests.support.events import web_event
from tests.support.projects import MINIMAL
from tests.webhooks.samples import make_dial_plan, make_number

SAID = "forwarding number 'PHP demo' is asked by POST (set by JSON), not by "


@pytest.mark.row("R1-14", "R3-16", "A-05")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"submission": Encoding.JSON}, [f"{SAID}GET"]),
        ({"submission": Encoding.JSON, "method": Method.PUT}, [f"{SAID}PUT"]),
        ({"submission": Encoding.JSON_RPC}, [f"{SAID}GET"]),
        ({"submission": Encoding.JSON, "method": Method.POST}, []),
        (
            {"submission": Encoding.JSON, "method": Method.PUT, "force_post_for_json": False},
            [],
        ),
    ],
)
def test_the_method_that_json_sets_is_shown(changes: dict[str, Any], said: list[str]) -> None:
    project = Project(id="x", name="X", forwarding_numbers=(make_number(**changes),))

    assert list(project_warnings(project)) == said


def test_an_account_that_nobody_can_dial_is_named() -> None:
    accounts = (Account(login="112", password="x"), Account(login="113", password="x"))
    said = "who dials 112 reaches the emergency service, not the account of that login"

    assert list(project_warnings(Project(id="x", name="X", accounts=accounts))) == [said]


@pytest.mark.row("R5-11", "R5-17")
@pytest.mark.parametrize(
    ("query", "use_ivr", "said"),
    [
        ("code={code}", True, []),
        ("did={did}", False, []),
        ("did={did}", True, ["has callers enter a code, but its URL template holds no {code}"]),
        ("code={code}", False, ["has no code to send for {code}: use_ivr is off"]),
    ],
)
def test_a_code_that_goes_nowhere_is_told(query: str, use_ivr: bool, said: list[str]) -> None:  # noqa: FBT001 (a case)
    webhook = make_dial_plan(name="gate", url_template=f"http://t/?{query}", use_ivr=use_ivr)
    project = Project(id="x", name="X", dial_plan_webhooks=(webhook,))

    assert list(project_warnings(project)) == [f"dial-plan webhook 'gate' {text}" for text in said]


def test_a_group_that_nobody_can_dial_is_named() -> None:
    groups = (Group(name="112", accounts=("101",)), Group(name="200", accounts=("101",)))
    said = "who dials 112 reaches the emergency service, not the group of that name"

    assert list(project_warnings(Project(id="x", name="X", groups=groups))) == [said]


def test_numbers_of_the_project_that_it_rings_itself_are_named() -> None:
    """Those in branches too; what an outside number or an account becomes needs no word."""
    own = Target(kind=TargetKind.NUMBER, value="+380442223344")
    mary = Target(kind=TargetKind.ACCOUNT, value="mary")
    hours = HoursStep(
        hours="office", open_=(RingStep(targets=(own,)),), closed=(RingStep(targets=(mary,)),)
    )
    project = Project(
        id="x",
        name="X",
        numbers=(Number(number="380442223344", scheme=2),),
        schemes=(
            Scheme(id=1, name="Day", steps=(hours,)),
            Scheme(id=2, name="Night", steps=(RingStep(targets=(mary, own)),)),
        ),
        fallback=own,
    )
    goes_on = (
        "names +380442223344, a number of this project:"
        " calls go on with scheme 2, and do not leave by the trunk"
    )

    assert list(project_warnings(project)) == [
        f"a ring step of scheme 1 {goes_on}",
        f"a ring step of scheme 2 {unringable_notice(own)}",
        f"the fallback {goes_on}",
    ]


def test_two_pairs_of_braces_in_a_url_are_told() -> None:
    """A body has two, a URL one."""
    url = "https://crm.example.com/{{call_id}}?c={caller_id}"
    project = Project(
        id="x", name="X", events=(web_event(name="after", event=EventKind.INCOMING_AFTER, url=url),)
    )

    assert list(project_warnings(project)) == [
        (
            "event webhook 'after' sends braces in its URL:"
            " a parameter stands in one pair there, like {caller_id}"
        )
    ]


@pytest.mark.parametrize(
    ("url", "allowed", "said"),
    [
        ("https://hooks.example.com/x", (), ""),
        ("http://93.184.216.34/x", (), ""),
        ("http://127.0.0.1:8081/x", ("127.0.0.0/8",), ""),
        ("http://10.1.2.3/x", (), "10.1.2.3: it lies in 10.0.0.0/8 (private network); "),
        ("http://localhost:8081/x", (), "localhost:8081: it lies in 127.0.0.0/8 (loopback); "),
        ("https://[fd00::1]/{call_id}", (), "[fd00::1]: it lies in fc00::/7 (private network); "),
        ("http://93.184.216.34:5060/x", (), "93.184.216.34:5060: port 5060 belongs to a service "),
    ],
)
def test_an_address_that_no_webhook_may_reach_is_told(
    url: str, allowed: tuple[str, ...], said: str
) -> None:
    """Names are not looked up: what they mean may change."""
    project = Project(
        id="x",
        name="X",
        allowed_networks=allowed,
        forwarding_numbers=(make_number(fallback_url=url),),
        dial_plan_webhooks=(make_dial_plan(name="gate", url_template=url),),
        events=(web_event(name="after", event=EventKind.INCOMING_AFTER, url=url),),
    )
    whose = ("forwarding number 'PHP demo'", "dial-plan webhook 'gate'", "event webhook 'after'")
    told = list(project_warnings(project))

    assert len(told) == (len(whose) if said else 0)
    for who, remark in zip(whose, told, strict=False):
        assert remark.startswith(f"{who} cannot reach {said}")
        assert "allowed_networks in the project file" in remark


@pytest.mark.row("FT-10")
def test_a_service_port_is_told_whatever_address_the_name_has() -> None:
    def told(url: str, *allowed: str) -> list[str]:
        project = Project(
            id="x",
            name="X",
            allowed_networks=allowed,
            forwarding_numbers=(make_number(fallback_url=url),),
        )
        return [remark for remark in project_warnings(project) if "crm.example" in remark]

    (said,) = told("http://crm.example:25/x")
    assert "cannot reach crm.example:25: port 25 belongs to a service" in said
    assert not told("http://crm.example:25/x", "10.0.0.5/32:25")
    assert not told("http://crm.example:81/x")


@pytest.mark.row("FD-06")
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("sip.carrier.example", []),
        ("8.8.8.8", []),
        (
            "10.0.0.5",
            ["trunk 'carrier' opens 10.0.0.5:5060 to calls, though it lies in 10.0.0.0/8"],
        ),
        ("localhost", ["trunk 'carrier' opens localhost:5060 to calls, though it lies in 127.0.0"]),
        (
            "0.0.0.0",
            ["trunk 'carrier' cannot reach 0.0.0.0:5060: it lies in 0.0.0.0/8 (this host)"],
        ),
    ],
)
def test_what_a_trunk_opens_and_what_it_cannot_reach_is_told(host: str, said: list[str]) -> None:
    trunk = Trunk(name="carrier", host=host)

    told = list(project_warnings(Project(id="x", name="X", trunks=(trunk,))))

    assert len(told) == len(said)
    assert all(remark.startswith(words) for remark, words in zip(told, said, strict=True))


@pytest.mark.row("FD-06")
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("pbx.example", []),
        ("10.0.0.5", ["allowed_sip_hosts opens 10.0.0.5 to calls, though it lies in 10.0.0.0/8"]),
    ],
)
def test_what_an_allowed_sip_host_opens_is_told(host: str, said: list[str]) -> None:
    told = list(project_warnings(Project(id="x", name="X", allowed_sip_hosts=(host,))))

    assert len(told) == len(said)
    assert all(remark.startswith(words) for remark, words in zip(told, said, strict=True))


@pytest.mark.row("FE-07")
def test_a_short_number_that_is_nobodys_is_remarked_on() -> None:
    project = read_project(MINIMAL.replace('ring = ["101"]', 'ring = ["101", "204", "112"]'))
    assert isinstance(project, Project)

    (said,) = (said for said in project_warnings(project) if "204" in said or "112" in said)
    assert said == (
        "a ring step of scheme 1 names 204, which is no account or group of this project:"
        " it is dialled over the trunk"
    )


ALL_ENDPOINTS = """
[call_tracking]
after_url = "{scheme}://x.example/a"
token = "s3cret-token"
[google_analytics]
measurement_id = "G-AB12CD34EF"
api_secret = "s3cret-google-0123456-"
url = "{scheme}://x.example/g"
[warnings]
webhook = "{scheme}://x.example/w"
[[events]]
name = "call"
event = "incoming.after"
[[events.webhooks]]
url = "{scheme}://x.example/{{secret}}"
url_secret = "s3cret-url"
secret_headers = [{{ name = "X-Key", value = "s3cret-header" }}]
signing_secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]
[[events.webhooks]]
url = "{scheme}://x.example/o"
oauth = {{ token_url = "{scheme}://x.example/token", client_id = "us", client_secret = "s3cret-client" }}
[[stream_webhooks]]
name = "stream"
url = "{scheme}://x.example/s"
username = "us"
password = "s3cret-pass"
"""


def remarks_on(text: str) -> list[str]:
    project = read_project(MINIMAL + text)
    assert isinstance(project, Project), str(project)
    return list(project_warnings(project))


def test_secrets_that_anybody_on_the_way_can_read_are_told_by_their_keys() -> None:
    said = remarks_on(ALL_ENDPOINTS.format(scheme="http"))

    assert [line.partition(" in clear to x.example: ")[0] for line in said] == [
        "event webhook 'call' sends its secret_headers and url_secret",
        "event webhook 'call 2' sends its oauth",
        "event webhook 'call 2', for its access token, sends its client_secret",
        "stream webhook 'stream' sends its password",
        "call tracking's after_url sends its token",
        "Google Analytics sends its api_secret",
    ]
    assert "s3cret" not in "".join(said)
    assert remarks_on(ALL_ENDPOINTS.format(scheme="https")) == []


def test_a_signature_and_this_machine_keep_their_secrets_over_http() -> None:
    event = '[[events]]\nname = "call"\nevent = "incoming.after"\n[[events.webhooks]]\n'
    key = 'signing_secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]\n'
    here = 'url = "http://localhost:8081/"\ntoken = "s3cret"\n'

    assert remarks_on(f'{event}url = "http://x.example/"\n{key}') == []
    assert not [line for line in remarks_on(event + here) if "in clear" in line]


def test_a_client_certificate_means_nothing_without_tls() -> None:
    made = client_certificate(trustme.CA())
    text = (
        '[[stream_webhooks]]\nname = "stream"\nurl = "http://x.example/"\n'
        f"client_certificate = '''{made.certificate}'''\nclient_key = '''{made.private_key}'''\n"
    )

    assert remarks_on(text) == [
        "stream webhook 'stream' shows no client_certificate to x.example: there is none without https"
    ]


@pytest.mark.parametrize(
    ("where", "who"),
    [
        ('[warnings]\nwebhook = "http://10.0.0.5/"\n', "[warnings]"),
        (
            '[google_analytics]\nmeasurement_id = "G-AB12CD34EF"\napi_secret = "abcdefgh12345678ijkl-A"\nurl = "https://10.0.0.5/"\n',
            "Google Analytics",
        ),
        (
            (
                '[call_tracking]\nafter_url = "https://x.example/"\n'
                'oauth = { token_url = "https://10.0.0.5/", client_id = "us", client_secret = "x" }\n'
            ),
            "call tracking, for its access token,",
        ),
    ],
)
def test_every_endpoint_that_no_request_may_reach_is_told(where: str, who: str) -> None:
    said = remarks_on(where)

    assert said[0].startswith(f"{who} cannot reach 10.0.0.5: it lies in 10.0.0.0/8")
