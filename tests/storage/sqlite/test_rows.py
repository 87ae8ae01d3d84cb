"""A stored value read back is equal to what was stored, and one that is damaged says so."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import MISSING, fields, replace
from typing import NoReturn

import pytest
from hypothesis import given, settings

from switchhook.domain.call import Call, SchemePosition
from switchhook.storage.records import MAIN, StoreError
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.rows import call_reader, call_to_row, delivery_to_row
from switchhook.storage.sqlite.rows import delivery as read_delivery
from switchhook.storage.sqlite.statements import sql
from tests.support.promises import CIPHER, call, delivery
from tests.support.snapshots import snapshot
from tests.support.strategies import calls


@settings(max_examples=25, deadline=None)
@given(calls())
def test_a_call_in_any_state_is_read_back_equal(made: Call) -> None:
    *_, value = call_to_row(made, MAIN)
    assert call_reader(lambda *_: made.snapshot)(str(value)) == made


def test_a_call_is_stored_with_its_plan_s_key_alone() -> None:
    _, project, call_id, state, _, value = call_to_row(call("c1"), MAIN)
    stored = json.loads(str(value))
    assert (project, call_id, state) == ("shop", "c1", "arrived")
    assert stored["plan"] == ["shop", 1]
    assert stored["told"] == 0
    assert not {"snapshot", "emitted"} & stored.keys()
    assert "secret" not in str(value)


def test_members_of_a_later_version_are_ignored() -> None:
    *_, value = call_to_row(call("c1"), MAIN)
    later = json.dumps(json.loads(str(value)) | {"mood": "sunny"})
    assert call_reader(lambda *_: snapshot())(later) == call("c1")


def test_members_that_an_earlier_version_did_not_have_are_at_their_defaults() -> None:
    *_, value = call_to_row(call("c1"), MAIN)
    since = ("given", "variables", "playing", "collecting", "recordings", "background", "rated")
    stored = json.loads(str(value))
    earlier = {name: item for name, item in stored.items() if name not in since}
    assert earlier["path"] == [0]
    assert len(earlier) == len(stored) - len(since)
    assert call_reader(lambda *_: snapshot())(json.dumps(earlier)) == call("c1")


def test_a_call_of_an_earlier_version_is_changed_in_members_that_it_did_not_have() -> None:
    *_, value = call_to_row(call("c1"), MAIN)
    stored = json.loads(str(value))
    needed = {field.name for field in fields(Call) if field.default is MISSING} | {"plan"}
    stored = {key: item for key, item in stored.items() if key in needed}
    earlier = call_reader(lambda *_: snapshot())(json.dumps(stored))
    for field in fields(Call):
        same = getattr(earlier, field.name)
        assert getattr(earlier.changed(**{field.name: same}), field.name) == same
    *_, again = call_to_row(earlier, MAIN)
    assert call_reader(lambda *_: snapshot())(str(again)) == earlier


def test_a_path_through_branches_is_read_back() -> None:
    deep = call("c1").changed(position=SchemePosition(path=(2, "success", 0, "1", 3)))
    *_, value = call_to_row(deep, MAIN)
    assert call_reader(lambda *_: snapshot())(str(value)).position.path == (2, "success", 0, "1", 3)


@pytest.mark.row("FT-02")
@pytest.mark.parametrize(
    ("codes", "stored"),
    [
        ((), "[]"),
        ((200,), "[[200,200]]"),
        ((200, 202, 203), "[[200,200],[202,203]]"),
        (tuple(range(200, 300)), "[[200,299]]"),
        ((200, 201, 204, 410), "[[200,201],[204,204],[410,410]]"),
        ((301, 300, 300), "[[301,301],[300,300],[300,300]]"),
    ],
)
def test_success_codes_are_stored_as_runs(codes: tuple[int, ...], stored: str) -> None:
    row = delivery_to_row(delivery(success_codes=codes), CIPHER, MAIN)
    assert stored in row
    with closing(open_to_write(None)) as connection:
        connection.execute(sql("promise"), row)
        (found,) = connection.execute(sql("unsettled_deliveries"), {"node": MAIN})
        assert read_delivery(found, CIPHER).success_codes == codes


@pytest.mark.parametrize("damaged", ["", "{}", "[]", '{"id": 5}'])
def test_a_damaged_value_says_so(damaged: str) -> None:
    with pytest.raises(StoreError, match="a stored value cannot be read"):
        call_reader(lambda *_: snapshot())(damaged)


def test_text_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(StoreError, match="the value cannot be stored"):
        call_to_row(replace(call(), caller=call().caller.changed(name="\ud800")), MAIN)


def test_a_plan_that_is_gone_is_for_the_caller_to_handle() -> None:
    def gone(project: str, _version: int) -> NoReturn:
        raise LookupError(project)

    *_, value = call_to_row(call("c1"), MAIN)
    with pytest.raises(LookupError):
        call_reader(gone)(str(value))
