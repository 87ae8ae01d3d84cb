"""What is encrypted can be read with its key, at its place, and in no other way."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from switchhook.storage.encryption import KEY_SIZE, Cipher, create_key, key_path, new_key, read_key
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(KEY_SIZE))


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_what_was_encrypted_opens_with_the_same_key_and_place(text: str, aad: str) -> None:
    cipher = Cipher(KEY)
    assert cipher.decrypt(cipher.encrypt(text, aad=aad), aad=aad) == text


def test_the_secret_does_not_stand_in_what_is_encrypted() -> None:
    encrypted = Cipher(KEY).encrypt("password = 'tr0ub4dor'", aad="p")
    assert b"tr0ub4dor" not in encrypted


def test_the_same_text_is_encrypted_differently_each_time() -> None:
    cipher = Cipher(KEY)
    assert cipher.encrypt("x", aad="p") != cipher.encrypt("x", aad="p")


def test_another_key_place_or_byte_does_not_open_it() -> None:
    encrypted = Cipher(KEY).encrypt("x", aad="version 1")
    with pytest.raises(StoreError, match="version 1 cannot be decrypted"):
        Cipher(new_key()).decrypt(encrypted, aad="version 1")
    with pytest.raises(StoreError, match="version 2 cannot be decrypted"):
        Cipher(KEY).decrypt(encrypted, aad="version 2")
    with pytest.raises(StoreError, match="was changed"):
        Cipher(KEY).decrypt(encrypted[:-1] + bytes([encrypted[-1] ^ 1]), aad="version 1")
    with pytest.raises(StoreError, match="does not know"):
        Cipher(KEY).decrypt(b"\x02" + encrypted[1:], aad="version 1")
    with pytest.raises(StoreError, match="cannot be decrypted"):
        Cipher(KEY).decrypt(b"\x01", aad="version 1")


def test_a_key_of_another_size_is_refused() -> None:
    with pytest.raises(StoreError, match="32 bytes, not 4"):
        Cipher(b"1234")


def test_a_key_file_is_made_beside_the_database_for_its_owner_alone(tmp_path: Path) -> None:
    path = key_path(tmp_path / "switchhook.sqlite3")
    key = create_key(path)
    assert path.name == "switchhook.sqlite3.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_processes_that_make_a_key_at_once_agree_on_one(tmp_path: Path) -> None:
    path, keys = tmp_path / "key", list[bytes]()
    threads = [threading.Thread(target=lambda: keys.append(create_key(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_missing_or_broken_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Restore it from the backup"):
        read_key(tmp_path / "none")
    (tmp_path / "short").write_bytes(b"123")
    with pytest.raises(StoreError, match="is no key: it should have 32 bytes"):
        read_key(tmp_path / "short")
    with pytest.raises(StoreError, match="cannot be made"):
        create_key(tmp_path / "nowhere" / "key")


def test_a_key_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_key(path)
    path.chmod(0o644)
    with capture_logs() as logs:
        read_key(path)
    (line,) = logs
    assert line["todo"] == f"chmod 600 {path}"
