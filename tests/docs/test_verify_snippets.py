"""What the docs tell receivers to verify with accepts our signatures, and no others."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from switchhook.domain.credentials import Credentials
from switchhook.webhooks.signatures import (
    asymmetric_key,
    public_key,
    signature_lines,
    symmetric_key,
)

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "prove-who-sends.md"
KEY, OTHER = symmetric_key(b"0123456789abcdef" * 2), symmetric_key(b"x" * 32)
BODY = '{"caller": "Оксана \\u0000"}'.encode()
AT = 1_764_550_000
IN_PYTHON = """
import sys, json
for one in json.load(sys.stdin):
    print(is_ours(one["headers"], base64.b64decode(one["body"]), one["secret"], one["now"]))
"""
IN_PHP = """
foreach (json_decode(file_get_contents('php://stdin'), true) as $one) {
    $is = is_ours($one['headers'], base64_decode($one['body']), $one['secret'], $one['now']);
    echo $is ? "True\\n" : "False\\n";
}
"""
IN_JAVASCRIPT = """
for (const one of JSON.parse(require("fs").readFileSync(0))) {
  const is = isOurs(one.headers, Buffer.from(one.body, "base64"), one.secret, one.now);
  console.log(is ? "True" : "False");
}
"""
HARNESS = {
    "python": (sys.executable, IN_PYTHON),
    "php": ("php", IN_PHP),
    "javascript": ("node", IN_JAVASCRIPT),
}
"""What runs a block of the page, and what calls its function."""


def case(
    *, keys: tuple[str, ...] = (KEY,), now: int = AT, body: bytes = BODY, secret: str = KEY
) -> dict[str, Any]:
    lines = signature_lines(Credentials(signing_secrets=keys), id_="d.1", at=AT, body=BODY)
    return {
        "headers": {"webhook-id": "d.1", **dict(lines)},
        "body": b64encode(body).decode(),
        "secret": secret,
        "now": now,
    }


CASES = [
    (case(), True),
    (case(keys=(OTHER, KEY)), True),
    (case(now=AT + 299), True),
    (case(keys=(OTHER,)), False),
    (case(body=BODY + b" "), False),
    (case(now=AT + 301), False),
    (case(now=AT - 301), False),
]


PAIR, ANOTHER = (asymmetric_key(bytes([number]) * 32) for number in (1, 2))


def pair_case(*, keys: tuple[str, ...] = (PAIR,), **changes: Any) -> dict[str, Any]:
    return case(keys=keys, secret=public_key(PAIR), **changes)


PAIR_CASES = [
    (pair_case(), True),
    (pair_case(keys=(KEY, ANOTHER, PAIR)), True),
    (pair_case(now=AT + 299), True),
    (pair_case(keys=(KEY, ANOTHER)), False),
    (pair_case(body=BODY + b" "), False),
    (pair_case(now=AT + 301), False),
]


@pytest.mark.row("T-14")
@pytest.mark.parametrize("language", HARNESS)
@pytest.mark.parametrize("is_pair", [False, True], ids=["hmac", "ed25519"])
def test_a_receiver_of_the_docs_knows_ours(
    language: str,
    is_pair: bool,  # noqa: FBT001 (a case)
    tmp_path: Path,
) -> None:
    cases = PAIR_CASES if is_pair else CASES
    page = PAGE.read_text().split("<!-- ed25519 -->")[is_pair]
    found = re.search(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found is not None
    runs, harness = HARNESS[language]
    command = shutil.which(runs)
    if command is None:
        pytest.skip(f"{runs} is not installed")
    program = tmp_path / "verify"
    program.write_text(found[1] + harness)
    ran = subprocess.run(
        [command, str(program)],
        input=json.dumps([one for one, _ in cases]).encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert ran.stdout.decode().split() == [str(expected) for _, expected in cases]
