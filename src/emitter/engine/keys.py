"""The keys of a store: one serial key for ever, and check keys that rotate.

They live in one file apart from the data, sealed under a master key that stands in neither. Inside:

    serial key 32 . { kind u8 . state u8 . secret 32 } per check key, ids 1, 2, 3 …

The serial key is the permutation of every serial ever issued, so nothing here can replace it. A
check key serves one kind of check. Its id, in AI 91, is its place in the list; keys are never
removed, so an id is never reused and a retired key still verifies.

Secrets are held in the core's objects, zeroed when they die. The plain content is in memory only
while it is read or changed, in a bytearray that is zeroed then; the copies that Python makes on
the way cannot be reached.
"""

from __future__ import annotations

import base64
import enum
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from emitter import _core
from emitter.engine.sealed import (
    KeysError,
    locked,
    read_private,
    seal,
    unseal,
    write_private,
    zeroed,
)
from emitter.errors import Reason, Refused
from emitter.language import t

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

KEY_BYTES: Final = 32
FINGERPRINT_BYTES: Final = 8
MASTER_VARIABLE: Final = "EMITTER_MASTER_KEY"

_ROW_BYTES: Final = 1 + 1 + KEY_BYTES
_KEYS_MAX: Final = 0xFFFF


class KeyKind(enum.IntEnum):
    """What a check key makes; the values are the core's."""

    MAC = _core.CHECK_MAC
    SIGNATURE = _core.CHECK_SIGNATURE
    SHORT = _core.CHECK_SHORT


class KeyState(enum.IntEnum):
    """Where a check key stands: new codes take the CURRENT one of their kind; all verify."""

    CURRENT = 1
    ACTIVE = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A check key without its secret; ``public_key`` is empty unless it signs."""

    key_id: int
    kind: KeyKind
    state: KeyState
    public_key: bytes
    fingerprint: bytes


def format_key_id(key_id: int) -> str:
    """Return the id as AI 91 carries it: four upper-case hex digits."""
    return f"{key_id:04X}"


def read_master(file: Path | None, environ: Mapping[str, str] = os.environ) -> bytes:
    """Return the master key (32 bytes) of ``file``, or of the variable where no file is named.

    Its text is 64 hex digits. `KeysError` where it is missing, is another text (which is never
    quoted), or stands in a file that others may touch; `OSError` for the disk.
    """
    if file is not None:
        text = read_private(file).decode("ascii", "replace")
    else:
        text = environ.get(MASTER_VARIABLE, "")
    if not text:
        raise KeysError(
            t(
                f"Мастер-ключ не задан: укажите файл или переменную {MASTER_VARIABLE}.",
                f"No master key: name a file, or set {MASTER_VARIABLE}.",
            )
        )
    try:
        master = bytes.fromhex(text.strip())
    except ValueError:
        master = b""
    if len(master) != KEY_BYTES:
        raise KeysError(
            t("Мастер-ключ – это 64 шестнадцатеричные цифры.", "A master key has 64 hex digits.")
        )
    return master


def create_master(file: Path) -> bytes:
    """Write a new master key to ``file``, mode 0600, and return it; never over another file."""
    master = os.urandom(KEY_BYTES)
    write_private(file, master.hex().encode() + b"\n", replace=False)
    return master


class KeyRing:
    """The keys of one store, opened; a change is on disk when its method returns.

    Made by `create` or `load`. Reading is safe from every thread. Changes read the file again and
    replace it whole, so those of several processes wait for each other and none is lost; another
    process sees them when it loads the keys again, or has them `reload`.
    """

    _check_keys: dict[int, _core.CheckKey]
    _infos: dict[int, KeyInfo]

    def __init__(self, path: Path, master: bytes, plain: bytearray) -> None:
        self._path = path
        self._master = master
        with memoryview(plain) as view:
            self._serial_key = _core.SerialKey(bytes(view[:KEY_BYTES]))
            self._fingerprint = _fingerprint(view[:KEY_BYTES])
        self._take(plain)

    def __repr__(self) -> str:
        return f"<KeyRing {self._path}: {len(self._infos)} check keys>"

    @classmethod
    def create(cls, path: Path | str, master: bytes) -> KeyRing:
        """Make the keys of a new store: a serial key, and one current check key of each kind.

        The file appears whole or not at all; `FileExistsError` if something is there already.
        """
        path = Path(path)
        _require_master(master)
        with zeroed(bytearray(os.urandom(KEY_BYTES))) as plain:
            for kind in KeyKind:
                _append(plain, kind, KeyState.CURRENT)
            write_private(path, seal(plain, master), replace=False)
            return cls(path, master, plain)

    @classmethod
    def load(cls, path: Path | str, master: bytes) -> KeyRing:
        """Open the keys.

        `KeysError` for a wrong master key, a changed file or a wide mode; `OSError` for the disk.
        """
        path = Path(path)
        _require_master(master)
        with zeroed(unseal(path, master)) as plain:
            return cls(path, master, plain)

    @property
    def serial_key(self) -> _core.SerialKey:
        """The one serial key of the store."""
        return self._serial_key

    def fingerprint(self) -> bytes:
        """Return 8 bytes that tell serial keys apart and reveal nothing of them."""
        return self._fingerprint

    def current(self, kind: int) -> tuple[int, _core.CheckKey]:
        """Return id and key for new codes of the kind; refused with KEY_MISSING if none."""
        for info in self._infos.values():
            if info.kind == kind and info.state is KeyState.CURRENT:
                return info.key_id, self._check_keys[info.key_id]
        raise Refused(Reason.KEY_MISSING, kind=KeyKind(kind).name)

    def check_key(self, key_id: int) -> _core.CheckKey:
        """Return the check key of the id, whatever its state; `KeyError` if there is none."""
        return self._check_keys[key_id]

    def infos(self) -> list[KeyInfo]:
        """Return the check keys without their secrets, in order of id."""
        return list(self._infos.values())

    def public_keys(self) -> dict[str, list[dict[str, str]]]:
        """Return what checks signatures without a server: every key that signs or has signed.

        ``{"keys": [{"id": AI 91, "algorithm": "ED25519", "public_key": 32 bytes in base64}]}``
        """
        return {
            "keys": [
                {
                    "id": format_key_id(info.key_id),
                    "algorithm": "ED25519",
                    "public_key": base64.b64encode(info.public_key).decode(),
                }
                for info in self._infos.values()
                if info.kind is KeyKind.SIGNATURE
            ]
        }

    def add(self, kind: int) -> int:
        """Make a new check key of the kind, ACTIVE until `make_current`, and return its id."""
        return self._change(lambda plain: _append(plain, KeyKind(kind), KeyState.ACTIVE))

    def make_current(self, key_id: int) -> None:
        """Let new codes take this key; the one they took becomes ACTIVE. Not a retired one."""

        def change(plain: bytearray) -> None:
            kind, state = _row(plain, key_id)
            if state is KeyState.RETIRED:
                raise KeysError(
                    t(
                        f"Ключ {format_key_id(key_id)} выведен из обращения.",
                        f"Key {format_key_id(key_id)} is retired.",
                    )
                )
            for other in _ids(plain):
                if _row(plain, other) == (kind, KeyState.CURRENT):
                    _set_state(plain, other, KeyState.ACTIVE)
            _set_state(plain, key_id, KeyState.CURRENT)

        self._change(change)

    def retire(self, key_id: int) -> None:
        """Take a key out of use for ever; its codes still verify. Not a current one."""

        def change(plain: bytearray) -> None:
            _, state = _row(plain, key_id)
            if state is KeyState.CURRENT:
                raise KeysError(
                    t(
                        f"Ключ {format_key_id(key_id)} действующий: сначала назначьте другой.",
                        f"Key {format_key_id(key_id)} is current: make another current first.",
                    )
                )
            _set_state(plain, key_id, KeyState.RETIRED)

        self._change(change)

    def _change(self, change: Callable[[bytearray], T]) -> T:
        """Apply a change to what is on disk now, write it back, and take it over."""
        with locked(self._path.parent), zeroed(unseal(self._path, self._master)) as plain:
            answer = change(plain)
            write_private(self._path, seal(plain, self._master), replace=True)
            self._take(plain)
            return answer

    def reload(self, accept: Callable[[list[KeyInfo]], None]) -> None:
        """Read the file again, where another process has added to it; or keep what is there.

        `KeysError` if it is not what was opened with more to it: the serial key and every check key
        must be there as they were, and who was retired stays so. ``accept`` hears of the new keys
        before anybody can use them; what it raises keeps the old ones.
        """
        with zeroed(unseal(self._path, self._master)) as plain:
            with memoryview(plain) as view:
                serial = _fingerprint(view[:KEY_BYTES])
            check_keys, infos = _opened(plain)
            if serial != self._fingerprint or any(
                not _continues(infos.get(key_id), before) for key_id, before in self._infos.items()
            ):
                raise KeysError(
                    t(
                        f"В файле {self._path} нет прежних ключей.",
                        f"{self._path} does not have the keys that are in use.",
                    )
                )
            accept(list(infos.values()))
            self._check_keys = check_keys
            self._infos = infos

    def _take(self, plain: bytearray) -> None:
        """Take over the check keys; replaced whole, never changed in place."""
        self._check_keys, self._infos = _opened(plain)


def _continues(after: KeyInfo | None, before: KeyInfo) -> bool:
    """Whether a check key is the one that it was; only its state may have changed."""
    return (
        after is not None
        and (after.kind, after.fingerprint) == (before.kind, before.fingerprint)
        and (before.state is not KeyState.RETIRED or after.state is KeyState.RETIRED)
    )


def _opened(plain: bytearray) -> tuple[dict[int, _core.CheckKey], dict[int, KeyInfo]]:
    """Make the core's objects of the check keys."""
    check_keys: dict[int, _core.CheckKey] = {}
    infos: dict[int, KeyInfo] = {}
    for key_id in _ids(plain):
        kind, state = _row(plain, key_id)
        start = _row_at(key_id) + 2
        with memoryview(plain) as view:
            key = _core.CheckKey(kind, bytes(view[start : start + KEY_BYTES]))
            fingerprint = _fingerprint(view[start : start + KEY_BYTES])
        check_keys[key_id] = key
        infos[key_id] = KeyInfo(key_id, kind, state, key.public_key, fingerprint)
    return check_keys, infos


def _fingerprint(secret: memoryview) -> bytes:
    """Return what tells this secret from others and reveals nothing of it."""
    return hmac.digest(secret, b"emitter: which key", "sha256")[:FINGERPRINT_BYTES]


# The plain file: rows of fixed size, the id a row's place.


def _row_at(key_id: int) -> int:
    return KEY_BYTES + (key_id - 1) * _ROW_BYTES


def _ids(plain: bytearray) -> range:
    return range(1, 1 + (len(plain) - KEY_BYTES) // _ROW_BYTES)


def _row(plain: bytearray, key_id: int) -> tuple[KeyKind, KeyState]:
    if key_id not in _ids(plain):
        raise KeysError(
            t(f"Ключа {format_key_id(key_id)} нет.", f"There is no key {format_key_id(key_id)}.")
        )
    at = _row_at(key_id)
    try:
        return KeyKind(plain[at]), KeyState(plain[at + 1])
    except ValueError:  # the file has been with a later version
        raise KeysError(
            t(
                f"Ключ {format_key_id(key_id)} этой версии неизвестен.",
                f"Key {format_key_id(key_id)} is of a kind that this version does not know.",
            )
        ) from None


def _set_state(plain: bytearray, key_id: int, state: KeyState) -> None:
    plain[_row_at(key_id) + 1] = state


def _append(plain: bytearray, kind: KeyKind, state: KeyState) -> int:
    key_id = _ids(plain).stop
    if key_id > _KEYS_MAX:
        raise KeysError(t("Номера ключей исчерпаны.", "The ids of keys are used up."))
    plain += bytes((kind, state))
    plain += os.urandom(KEY_BYTES)
    return key_id


def _require_master(master: bytes) -> None:
    if len(master) != KEY_BYTES:
        raise ValueError(f"a master key has {KEY_BYTES} bytes")
