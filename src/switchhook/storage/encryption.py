"""Secrets at rest: what is encrypted cannot be read or exchanged without the key beside the database."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from switchhook.storage.records import StoreError, UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

KEY_SIZE: Final = 32
"""Bytes: AES-256."""
_NONCE_SIZE: Final = 12
_FORM: Final = b"\x01"
"""The first byte of everything encrypted: AES-256-GCM, then the nonce, then the ciphertext and its tag."""


class Cipher:
    """Encrypts text under one key, each time with a fresh nonce (AES-256-GCM).

    `aad`, the additional authenticated data, says where the text belongs. It is not stored; a text that was
    encrypted for one place cannot be decrypted at another, which prevents an exchange of two projects'
    documents.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise StoreError(f"a storage key has {KEY_SIZE} bytes, not {len(key)}")
        self._aead = AESGCM(key)

    def encrypt(self, text: str, *, aad: str) -> bytes:
        """Return `text` encrypted."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return _FORM + nonce + self._aead.encrypt(nonce, text.encode(), aad.encode())

    def decrypt(self, encrypted: bytes, *, aad: str) -> str:
        """Return what was encrypted for `aad`. Raises UnreadableError where key or place is another."""
        form, nonce, text = (
            encrypted[:1],
            encrypted[1 : 1 + _NONCE_SIZE],
            encrypted[1 + _NONCE_SIZE :],
        )
        if form != _FORM:
            raise UnreadableError(f"{aad} is encrypted in a way that this version does not know")
        try:
            return self._aead.decrypt(nonce, text, aad.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise UnreadableError(
                f"{aad} cannot be decrypted: it was encrypted with another key, or was changed"
            ) from error


def key_path(database: Path) -> Path:
    """Return where the key of a database is: beside it, with `.key` after its name."""
    return database.with_name(f"{database.name}.key")


def new_key() -> bytes:
    """Make a key by chance."""
    return secrets.token_bytes(KEY_SIZE)


def read_key(path: Path) -> bytes:
    """Read a key file. Raises StoreError, with what to do, when no key can be used."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            key = file.read(KEY_SIZE + 1)
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be read ({error.strerror}): without it the projects' secrets"
            " stay encrypted. Restore it from the backup that the database came with"
        ) from error
    if len(key) != KEY_SIZE:
        raise StoreError(f"{path} is no key: it should have {KEY_SIZE} bytes. Restore it")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        log.warning("storage key readable by others", path=str(path), todo=f"chmod 600 {path}")
    return key


def create_key(path: Path) -> bytes:
    """Make a key file with mode 0600, or return the key of one that another process made meanwhile.

    The file appears whole or not at all: it is written under another name and then linked.
    """
    key, draft = new_key(), path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        _make_durable(path.parent)
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be made ({error.strerror}): check the folder's rights"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return read_key(path)


def _make_durable(folder: Path) -> None:
    """Make a new name in a folder survive a power failure, as the data under it does already."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
