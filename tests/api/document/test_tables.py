"""Over HTTP tables are put, read, listed and removed; one with mistakes is refused, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.loop import run
from tests.support.web import serving

if TYPE_CHECKING:
    from pathlib import Path

TABLES = "/api/projects/acme/tables"
VIP = "caller,destination\n+380441112233,101\n"


def test_a_table_is_put_read_and_removed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(data_dir=tmp_path) as web:
            assert (await web.ask("GET", TABLES)).json == []
            kept = await web.ask("PUT", f"{TABLES}/vip", VIP)
            assert (kept.status, kept.json["rows"], kept.json["trouble"]) == (200, 1, None)
            assert [one["name"] for one in (await web.ask("GET", TABLES)).json] == ["vip"]
            read = await web.ask("GET", f"{TABLES}/vip")
            assert (read.body.decode(), read.headers["content-type"]) == (
                VIP,
                "text/csv; charset=utf-8",
            )
            assert (await web.ask("DELETE", f"{TABLES}/vip")).status == 204
            assert (await web.ask("DELETE", f"{TABLES}/vip")).status == 404
            assert (await web.ask("GET", f"{TABLES}/vip")).status == 404

    run(scenario())


def test_a_table_is_checked_and_looked_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(data_dir=tmp_path) as web:
            checked = await web.ask("POST", f"{TABLES}/vip/check", VIP)
            assert (checked.status, checked.json) == (200, {"name": "vip", "rows": 1})
            assert (await web.ask("GET", TABLES)).json == []
            assert (await web.ask("POST", f"{TABLES}/vip/check", "caller\nx\n")).status == 422
            assert (await web.ask("GET", f"{TABLES}/vip/look-up")).status == 404
            assert (await web.ask("GET", f"{TABLES}/v.i.p/look-up")).status == 404
            await web.ask("PUT", f"{TABLES}/vip", VIP)
            found = await web.ask("GET", f"{TABLES}/vip/look-up?caller=%2B380441112233")
            assert found.json == {"row": {"destination": "101", "name": ""}, "line": 2}
            none = await web.ask("GET", f"{TABLES}/vip/look-up?dialled=5&code=1")
            assert (none.status, none.json) == (200, {"row": None, "line": None})
            (tmp_path / "tables" / "acme" / "vip.csv").write_text("caller\nx\n", encoding="utf-8")
            assert (await web.ask("GET", f"{TABLES}/vip/look-up")).status == 409

    run(scenario())


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(data_dir=tmp_path) as web:
            refused = await web.ask("PUT", f"{TABLES}/vip", "caller,destination\nx,101\n")
            assert refused.status == 422
            (mistake,) = refused.json["mistakes"]
            assert (mistake["line"], mistake["key"]) == (2, "caller")
            assert (await web.ask("PUT", f"{TABLES}/v.i.p", VIP)).status == 400
            assert (await web.ask("GET", TABLES, key="other")).status == 404
            assert (await web.ask("GET", TABLES, key="calls")).status == 403
            document = (await web.ask("GET", "/api/projects/acme?secrets=true")).body.decode()
            asking = document.replace('"https://crm.example/route"', '"table:vip"')
            applied = await web.ask("PUT", "/api/projects/acme", asking)
            assert applied.status == 200, applied.body

    run(scenario())
