"""The file of keys: made once, sealed, rotated; never a second serial key, never an id twice."""

from __future__ import annotations

import base64
import multiprocessing
import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emitter import _core
from emitter.engine import keys as keys_module
from emitter.engine.keys import (
    KeyInfo,
    KeyKind,
    KeyRing,
    KeysError,
    KeyState,
    create_master,
    format_key_id,
    read_master,
)
from emitter.engine.sealed import seal, unseal
from emitter.errors import Reason, Refused

MASTER = bytes(range(32))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def ring(path):
    return KeyRing.create(path, MASTER)


def states(ring: KeyRing) -> list[tuple[int, KeyKind, KeyState]]:
    return [(info.key_id, info.kind, info.state) for info in ring.infos()]


def tails(ring: KeyRing) -> dict[int, bytes]:
    """What each key makes of one record, so that keys can be compared without seeing them."""
    made = {}
    for info in ring.infos():
        size = {KeyKind.MAC: 44, KeyKind.SIGNATURE: 88, KeyKind.SHORT: 4}[info.kind]
        record = b"0104670033010053210000000000000" + b"\x1d92" + bytes(size)
        made[info.key_id] = _core.emit(
            ring.serial_key,
            ring.check_key(info.key_id),
            record=record,
            gtin=b"04670033010053",
            form=_core.FORM_GS1,
            serial_at=18,
            serial_size=13,
            message_size=31,
            check_at=34,
            first=0,
            count=1,
        )
    return made


def test_new_keys_have_one_current_check_key_of_each_kind(ring):
    assert states(ring) == [
        (1, KeyKind.MAC, KeyState.CURRENT),
        (2, KeyKind.SIGNATURE, KeyState.CURRENT),
        (3, KeyKind.SHORT, KeyState.CURRENT),
    ]
    for kind in KeyKind:
        key_id, key = ring.current(kind)
        assert key.kind == kind
        assert key is ring.check_key(key_id)


def test_loaded_keys_make_the_same_codes(ring, path):
    again = KeyRing.load(path, MASTER)
    assert tails(again) == tails(ring)
    assert again.fingerprint() == ring.fingerprint()
    assert states(again) == states(ring)


def test_keys_of_two_stores_differ_and_so_do_their_fingerprints(ring, tmp_path):
    other = KeyRing.create(tmp_path / "others", MASTER)
    assert other.fingerprint() != ring.fingerprint()
    assert len(ring.fingerprint()) == 8
    assert not set(tails(other).values()) & set(tails(ring).values())


@pytest.mark.usefixtures("ring")
def test_keys_are_never_made_over_others(path):
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        KeyRing.create(path, MASTER)
    assert path.read_bytes() == before


def test_the_file_is_readable_by_its_owner_only_also_after_a_change(ring, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ring.add(KeyKind.MAC)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_file_that_others_may_touch_is_refused(ring, path, mode):
    path.chmod(mode)
    with pytest.raises(KeysError, match="chmod 600"):
        KeyRing.load(path, MASTER)
    with pytest.raises(KeysError, match="chmod 600"):
        ring.add(KeyKind.MAC)


@pytest.mark.usefixtures("ring")
def test_a_wrong_master_key_is_refused(path, monkeypatch):
    monkeypatch.setenv("EMITTER_LANG", "en")
    with pytest.raises(KeysError, match="master key is wrong"):
        KeyRing.load(path, bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing.load(path, MASTER[:16])


@pytest.mark.parametrize("row", [(9, 1), (1, 9)])
def test_a_key_of_a_later_version_is_refused_by_its_id(ring, path, row):
    plain = unseal(path, MASTER)
    path.write_bytes(seal(plain + bytes(row) + bytes(32), MASTER))
    for reads in (lambda: KeyRing.load(path, MASTER), lambda: ring.reload(lambda _: None)):
        with pytest.raises(KeysError, match="0004"):
            reads()
    assert len(ring.infos()) == 3


@pytest.mark.usefixtures("ring")
def test_every_changed_byte_is_noticed(path):
    content = path.read_bytes()
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(KeysError):
            KeyRing.load(path, MASTER)


@pytest.mark.usefixtures("ring")
def test_a_cut_or_lengthened_file_is_refused(path):
    content = path.read_bytes()
    row = 34
    for wrong in (
        b"",
        content[:20],
        content[:-1],
        content[:-row],
        content + b"\0",
        content + bytes(row),
    ):
        path.write_bytes(wrong)
        with pytest.raises(KeysError):
            KeyRing.load(path, MASTER)


def test_no_secret_stands_in_the_file_the_representation_or_an_error(path, monkeypatch):
    secrets = [bytes([value]) * 32 for value in (0xA1, 0xB2, 0xC3, 0xD4, 0xE5)]
    drawn = iter(secrets)
    real = os.urandom
    monkeypatch.setattr(
        keys_module.os, "urandom", lambda size: next(drawn) if size == 32 else real(size)
    )
    ring = KeyRing.create(path, MASTER)
    ring.add(KeyKind.MAC)
    content = path.read_bytes()
    text = repr(ring) + str(ring.__dict__.keys()) + repr(ring.infos())
    with pytest.raises(KeysError) as error:
        ring.retire(1)
    text += repr(error.value) + str(error.value)
    for secret in (*secrets, MASTER):
        assert secret not in content
        assert secret.hex() not in text
        assert repr(secret) not in text


def test_an_added_key_is_active_until_it_is_made_current(ring):
    old, _ = ring.current(KeyKind.SIGNATURE)
    new = ring.add(KeyKind.SIGNATURE)
    assert new == 4
    assert ring.current(KeyKind.SIGNATURE)[0] == old
    ring.make_current(new)
    assert ring.current(KeyKind.SIGNATURE)[0] == new
    assert states(ring)[old - 1] == (old, KeyKind.SIGNATURE, KeyState.ACTIVE)
    assert ring.current(KeyKind.MAC)[0] == 1


def test_rotation_changes_no_key_and_no_serial_key(ring, path):
    before, fingerprint = tails(ring), ring.fingerprint()
    ring.make_current(ring.add(KeyKind.MAC))
    ring.retire(1)
    again = KeyRing.load(path, MASTER)
    assert again.fingerprint() == fingerprint
    assert {key_id: tails(again)[key_id] for key_id in before} == before


def test_a_retired_key_still_verifies_and_never_comes_back(ring, path):
    ring.make_current(ring.add(KeyKind.SHORT))
    ring.retire(3)
    again = KeyRing.load(path, MASTER)
    assert again.check_key(3).kind == KeyKind.SHORT
    with pytest.raises(KeysError, match="0003"):
        again.make_current(3)
    assert states(again)[2] == (3, KeyKind.SHORT, KeyState.RETIRED)


def test_the_current_key_cannot_be_retired(ring):
    with pytest.raises(KeysError, match="0002"):
        ring.retire(2)
    assert ring.current(KeyKind.SIGNATURE)[0] == 2


def test_ids_are_never_reused(ring, path):
    seen = [info.key_id for info in ring.infos()]
    for kind in (KeyKind.MAC, KeyKind.SHORT, KeyKind.MAC):
        seen.append(ring.add(kind))
        ring.retire(seen[-1])
        seen.append(KeyRing.load(path, MASTER).add(kind))
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)


def test_the_last_id_is_FFFF(ring, monkeypatch):  # noqa: N802 - the id is written so
    monkeypatch.setattr(keys_module, "_KEYS_MAX", 4)
    assert ring.add(KeyKind.MAC) == 4
    with pytest.raises(KeysError):
        ring.add(KeyKind.MAC)
    assert len(ring.infos()) == 4
    assert format_key_id(0xFFFF) == "FFFF"
    assert format_key_id(10) == "000A"


def test_unknown_ids_are_told_from_known_ones(ring):
    with pytest.raises(KeyError):
        ring.check_key(99)
    for key_id in (0, 4, -1):
        with pytest.raises(KeysError):
            ring.make_current(key_id)
        with pytest.raises(KeysError):
            ring.retire(key_id)


def test_a_kind_without_a_current_key_is_refused_by_name(ring):
    ring._infos = {}
    with pytest.raises(Refused) as refused:
        ring.current(KeyKind.SHORT)
    assert refused.value.reason is Reason.KEY_MISSING
    assert refused.value.refusal.details == {"kind": "SHORT"}


def test_public_keys_are_those_of_every_signature_key(path, monkeypatch):
    secrets = [bytes([value]) * 32 for value in range(1, 7)]
    drawn = iter(secrets)
    real = os.urandom
    monkeypatch.setattr(
        keys_module.os, "urandom", lambda size: next(drawn) if size == 32 else real(size)
    )
    ring = KeyRing.create(path, MASTER)  # serial, MAC, SIGNATURE, SHORT
    ring.make_current(ring.add(KeyKind.SIGNATURE))
    ring.retire(2)

    def public(secret: bytes) -> str:
        key = Ed25519PrivateKey.from_private_bytes(secret).public_key()
        return base64.b64encode(key.public_bytes_raw()).decode()

    assert ring.public_keys() == {
        "keys": [
            {"id": "0002", "algorithm": "ED25519", "public_key": public(secrets[2])},
            {"id": "0004", "algorithm": "ED25519", "public_key": public(secrets[4])},
        ]
    }
    assert ring.infos()[0] == KeyInfo(
        1, KeyKind.MAC, KeyState.CURRENT, b"", ring.infos()[0].fingerprint
    )


def _add_twenty(path):
    ring = KeyRing.load(path, MASTER)
    for _ in range(20):
        ring.add(KeyKind.MAC)


@pytest.mark.usefixtures("ring")
def test_changes_of_several_processes_are_all_kept(path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_twenty, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(KeyRing.load(path, MASTER).infos()) == 3 + 60


def test_a_failed_write_leaves_the_old_keys(ring, path, monkeypatch):
    def fail(_):
        raise OSError(5, "Input/output error")

    before = path.read_bytes()
    monkeypatch.setattr(keys_module.os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        ring.add(KeyKind.MAC)
    assert path.read_bytes() == before
    assert len(ring.infos()) == 3
    assert [file.name for file in path.parent.iterdir()] == ["keys"]


def test_a_master_key_comes_from_a_file_or_else_the_environment(tmp_path):
    file = tmp_path / "master"
    master = create_master(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_master(file, {"EMITTER_MASTER_KEY": MASTER.hex()}) == master
    assert read_master(None, {"EMITTER_MASTER_KEY": f"{MASTER.hex().upper()}\n"}) == MASTER
    with pytest.raises(FileExistsError):
        create_master(file)
    assert read_master(file, {}) == master


def test_a_master_key_in_a_wide_file_is_refused(tmp_path):
    file = tmp_path / "master"
    create_master(file)
    file.chmod(0o640)
    with pytest.raises(KeysError, match="chmod 600"):
        read_master(file, {})


@pytest.mark.parametrize("text", ["", "00", "0" * 63, "0" * 66, "x" * 64, "é" * 64])
def test_another_text_is_no_master_key_and_is_not_quoted(text):
    with pytest.raises(KeysError) as error:
        read_master(None, {"EMITTER_MASTER_KEY": text})
    assert not text or text not in str(error.value)


def test_a_file_read_again_must_go_on_from_what_is_open(tmp_path):
    path, heard = tmp_path / "keys", []
    ring = KeyRing.create(path, MASTER)
    first = path.read_bytes()
    other = KeyRing.load(path, MASTER)
    other.make_current(other.add(KeyKind.MAC))
    ring.reload(heard.append)
    assert ring.infos() == other.infos() == heard[0]
    assert ring.current(KeyKind.MAC)[0] == 4
    other.retire(1)
    ring.reload(heard.append)
    now, retired = ring.infos(), path.read_bytes()

    def refuse(_):
        raise OSError

    other.add(KeyKind.MAC)
    with pytest.raises(OSError):  # noqa: PT011 - what hears of the keys does not take them
        ring.reload(refuse)
    for damage in (first, b"", retired[:-1]):  # an older copy has lost a key
        path.write_bytes(damage)
        with pytest.raises(KeysError):
            ring.reload(heard.append)
    path.unlink()
    stranger = KeyRing.create(path, MASTER)
    for _ in range(2):
        stranger.add(KeyKind.MAC)
    with pytest.raises(KeysError):
        ring.reload(heard.append)
    assert ring.infos() == now
    assert len(heard) == 2
