"""What browsers load comes from the package alone, is known by its digest and licence, and is little."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from switchhook.console.assets import STATIC, VENDOR, assets, icon
from tests.support.console import Office, in_office

MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
LICENCES = {"0BSD", "MIT", "ISC", "BSD-3-Clause"}
BUDGET = 100_000
"""Bytes of the first page with all that it loads, compressed."""


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda one: str(one["file"]))
def test_a_file_of_others_is_the_one_of_the_manifest(entry: dict[str, str]) -> None:
    body = (VENDOR / entry["file"]).read_bytes()

    assert hashlib.sha256(body).hexdigest() == entry["sha256"]
    assert entry["licence"] in LICENCES
    assert f"{entry['name']} {entry['version']}" in (VENDOR / "LICENCES.txt").read_text("utf-8")


def test_every_file_of_others_stands_in_the_manifest() -> None:
    ours = {"manifest.json", "LICENCES.txt"}

    assert {one.name for one in VENDOR.iterdir()} - ours == {one["file"] for one in MANIFEST}


def test_no_file_of_ours_names_another_host() -> None:
    for file in (*STATIC.glob("*.css"), *STATIC.glob("*.js")):
        assert "//" not in file.read_text(encoding="utf-8").replace("// ", "").replace(
            "://", "//"
        ) or ("http" not in file.read_text(encoding="utf-8"))


def test_an_asset_is_kept_for_good_under_its_digest_and_asked_for_again_under_another() -> None:
    async def scenario(office: Office) -> None:
        url = assets()["console.css"].url
        answer = await office.get(url, Accept_Encoding="gzip")
        assert answer.status == 200
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        assert gzip.decompress(answer.body) == assets()["console.css"].body
        former = await office.get("/console/static/000000000000/console.css")
        assert (former.status, former.headers["cache-control"]) == (200, "no-cache")
        assert (await office.get("/console/static/000000000000/..%2fasgi.py")).status == 404

    in_office(scenario, is_filled=False)


def test_the_first_page_is_below_the_budget_in_three_requests_beside_it() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        page = await owner.get("/console/projects/acme/", Accept_Encoding="gzip")
        text = gzip.decompress(page.body).decode()
        loaded = [one.url for one in assets().values() if one.url in text]
        assert 0 < len(loaded) <= 3
        parts = [await owner.get(url, Accept_Encoding="gzip") for url in loaded]
        assert sum(len(one.body) for one in (page, *parts)) < BUDGET

    in_office(scenario)


def test_an_icon_is_a_picture_beside_a_word_or_has_a_label_of_its_own() -> None:
    assert 'aria-hidden="true"' in icon("phone")
    assert 'aria-label="&lt;b&gt;"' in icon("phone", "<b>")
