"""Small files of secrets: private, sealed, and replaced whole.

A file is header, sealed text and tag. The header is ``b"EMITTERKEYS"``, a version (1) and a nonce
of 12 bytes, new each time; the text is sealed with AES-256-GCM (NIST SP 800-38D) under the master
key, the header being its associated data; the tag has 16 bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from emitter.language import t
from emitter.store.files import sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC: Final = b"EMITTERKEYS\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEADER_BYTES: Final = len(_MAGIC) + _NONCE_BYTES
_FILE_BYTES_MAX: Final = 4 << 20


class KeysError(Exception):
    """The file is not what it must be, or a change is not allowed; the text is for operators."""


def seal(plain: bytearray, master: bytes) -> bytes:
    """Return the file that holds ``plain``."""
    nonce = os.urandom(_NONCE_BYTES)
    header = _MAGIC + nonce
    encryptor = Cipher(AES(master), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(header)
    return header + encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def unseal(path: Path, master: bytes) -> bytearray:
    """Return what a file holds, its tag checked; the caller zeroes it.

    Wrong master key and changed file are one error: the seal cannot tell them apart.
    """
    text = read_private(path)
    size = len(text) - _HEADER_BYTES - _TAG_BYTES
    if not text.startswith(_MAGIC) or size < 0:
        raise KeysError(t(f"{path} – не файл ключей.", f"{path} is not a file of keys."))
    nonce, tag = text[len(_MAGIC) : _HEADER_BYTES], text[-_TAG_BYTES:]
    decryptor = Cipher(AES(master), GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(text[:_HEADER_BYTES])
    with memoryview(text)[_HEADER_BYTES:-_TAG_BYTES] as sealed:
        buffer = bytearray(size + AES.block_size // 8 - 1)
        decryptor.update_into(sealed, buffer)
    try:
        decryptor.finalize()
    except InvalidTag:
        buffer[:] = bytes(len(buffer))
        raise KeysError(
            t(
                f"{path}: неверный мастер-ключ, или файл изменён.",
                f"{path}: the master key is wrong, or the file was changed.",
            )
        ) from None
    del buffer[size:]
    return buffer


def read_private(path: Path) -> bytes:
    """Return the content of a file that only its owner may touch."""
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise KeysError(
                t(
                    f"{path} доступен другим пользователям: chmod 600.",
                    f"{path} is open to other users: chmod 600.",
                )
            )
        return file.read(_FILE_BYTES_MAX)


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Put the file in place whole, durably, mode 0600; without ``replace`` never over another."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(path)
        else:
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_directory(path.parent)


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory against other processes that change keys in it."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def zeroed(secret: bytearray) -> Iterator[bytearray]:
    """Lend a secret and zero it in the end."""
    try:
        yield secret
    finally:
        secret[:] = bytes(len(secret))
