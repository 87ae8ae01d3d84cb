"""`switchhook serve` with a certificate speaks HTTPS, and its ready line says so."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
import trustme

from tests.support.certificates import authority
from tests.support.server import Server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_certificate_of_ones_own_serves_https(tmp_path: Path) -> None:
    ca = trustme.CA()
    issued = ca.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "pbx.pem", tmp_path / "pbx.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    settings = {"web_certificate": str(certificate), "web_key": str(key)}
    context = ssl.create_default_context(cadata=authority(ca))

    with Server(tmp_path, settings=settings) as server:
        url = f"https://127.0.0.1:{server.web_port}/readyz"
        with urlopen(url, timeout=20, context=context) as answer:
            assert json.loads(answer.read()) == {"status": "ok"}
        assert any("HTTP API: https://127.0.0.1" in line for line in server.log)
