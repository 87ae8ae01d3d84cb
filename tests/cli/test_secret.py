"""`switchhook secret new` prints a key that signs, another one each time."""

from __future__ import annotations

import json

import pytest

from switchhook.cli.main import run
from switchhook.webhooks.signatures import public_key, signer


@pytest.mark.row("T-14")
def test_a_new_key_signs(capsys: pytest.CaptureFixture[str]) -> None:
    keys = []
    for _ in range(2):
        assert run(["secret", "new"]) == 0
        keys.append(capsys.readouterr().out.removesuffix("\n"))
    assert [signer(key)(b"x")[:3] for key in keys] == ["v1,", "v1,"]
    assert keys[0] != keys[1]


@pytest.mark.row("T-14")
def test_a_new_pair_comes_with_what_receivers_get(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["secret", "new", "--asymmetric", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert public_key(made["secret"]) == made["public_key"]
    assert run(["secret", "new", "--asymmetric"]) == 0
    key, receivers = capsys.readouterr().out.splitlines()
    assert receivers == f"for receivers: {public_key(key)}"
