"""Signatures of stations: RSA and ECDSA under an anchor, and everything that must not pass."""

from __future__ import annotations

import base64
import datetime as dt
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from emitter.api.suz.dev_ca import (
    ALGORITHMS,
    make_authority,
    make_key,
    make_signer,
    write_station,
)
from emitter.api.suz.signatures import Anchors
from emitter.errors import Reason, Refused
from fuzzing import amount

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
BIN = "990140000384"
DATA = b'{"products":[]}'
DETACHED = (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary)
ATTACHED = (pkcs7.PKCS7Options.Binary,)


class Home:
    """An authority, a station's key and certificate, and the anchors that trust the authority."""

    def __init__(self, algorithm: str, bin_: str = BIN, made: dt.datetime = NOW) -> None:
        self.authority_key = make_key(algorithm)
        self.authority = make_authority(self.authority_key, made)
        self.key = make_key(algorithm)
        self.certificate = make_signer(self.key, bin_, self.authority, self.authority_key, made)
        self.anchors = Anchors([self.authority], lambda: NOW)

    def sign(
        self,
        data: bytes = DATA,
        options: tuple[pkcs7.PKCS7Options, ...] = DETACHED,
        algorithm: hashes.HashAlgorithm | None = None,
        **more: object,
    ) -> str:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
        builder = builder.add_signer(
            self.certificate, self.key, algorithm or hashes.SHA256(), **more
        )
        signed = builder.sign(serialization.Encoding.DER, options)
        return base64.b64encode(signed).decode()


@cache
def home(algorithm: str = "ecdsa") -> Home:
    return Home(algorithm)


def refusal(action) -> Refused:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value


def rule(action) -> str:
    refused = refusal(action)
    assert refused.reason is Reason.SIGNATURE_INVALID
    return refused.refusal.details["rule"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()],
                         ids=lambda digest: digest.name)  # fmt: skip
def test_a_detached_signature_over_the_data_is_accepted(algorithm: str, digest: object) -> None:
    here = home(algorithm)
    here.anchors.verify_detached(here.sign(algorithm=digest), DATA, int(BIN))


def test_a_signature_without_attributes_is_accepted() -> None:
    options = (*DETACHED, pkcs7.PKCS7Options.NoAttributes)
    home().anchors.verify_detached(home().sign(options=options), DATA, int(BIN))
    assert "not of this data" in rule(
        lambda: home().anchors.verify_detached(home().sign(options=options), b"x", int(BIN))
    )


def test_rsa_pss_is_accepted() -> None:
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    text = home("rsa").sign(rsa_padding=scheme)
    home("rsa").anchors.verify_detached(text, DATA, int(BIN))


def test_the_armour_of_pem_and_line_ends_are_accepted() -> None:
    text = home().sign()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    armoured = f"-----BEGIN CMS-----\n{lines}\n-----END CMS-----\n"
    home().anchors.verify_detached(armoured, DATA, int(BIN))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("data", [DATA + b" ", b"", DATA[:-1]])
def test_a_signature_over_other_data_is_refused(algorithm: str, data: bytes) -> None:
    here = home(algorithm)
    assert "not of this data" in rule(
        lambda: here.anchors.verify_detached(here.sign(), data, int(BIN))
    )


def test_an_attached_signature_is_told_apart() -> None:
    text = home().sign(options=ATTACHED)
    refused = refusal(lambda: home().anchors.verify_detached(text, DATA, int(BIN)))
    assert refused.reason is Reason.SIGNATURE_ATTACHED
    assert home().anchors.verify_attached(text, int(BIN)) == DATA
    assert "holds no data" in rule(lambda: home().anchors.verify_attached(home().sign(), int(BIN)))


def test_another_participants_certificate_is_refused() -> None:
    assert "participant" in rule(
        lambda: home().anchors.verify_detached(home().sign(), DATA, 990240003471)
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_authoritys_certificate_is_refused(algorithm: str) -> None:
    stranger = Home(algorithm)
    assert "trusted authority" in rule(
        lambda: home(algorithm).anchors.verify_detached(stranger.sign(), DATA, int(BIN))
    )


@pytest.mark.parametrize("made", [NOW - dt.timedelta(days=900), NOW + dt.timedelta(days=1)])
def test_a_certificate_is_good_in_its_time_only(made: dt.datetime) -> None:
    old = Home("ecdsa", made=made)
    assert "trusted authority" in rule(
        lambda: old.anchors.verify_detached(old.sign(), DATA, int(BIN))
    )


def test_a_station_cannot_make_certificates() -> None:
    """A chain through a station's own certificate: it is not an authority's."""
    here = home()
    forged = Home("ecdsa")
    forged.certificate = make_signer(forged.key, BIN, here.certificate, here.key, NOW)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(DATA)
    builder = builder.add_signer(forged.certificate, forged.key, hashes.SHA256())
    builder = builder.add_certificate(here.certificate)
    text = base64.b64encode(builder.sign(serialization.Encoding.DER, DETACHED)).decode()
    assert "trusted authority" in rule(lambda: here.anchors.verify_detached(text, DATA, int(BIN)))


def subject(here: Home, *names: tuple[x509.ObjectIdentifier, str]) -> Home:
    """A home whose station's certificate names these."""
    made = Home.__new__(Home)
    made.__dict__ |= here.__dict__
    name = x509.Name([x509.NameAttribute(oid, text) for oid, text in names])
    made.certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(here.authority.subject)
        .public_key(here.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=1))
        .sign(here.authority_key, hashes.SHA256())
    )
    return made


def test_a_sole_trader_is_named_by_the_serial_number_and_an_organisation_goes_first() -> None:
    trader = subject(home(), (NameOID.SERIAL_NUMBER, f"IIN{BIN}"))
    trader.anchors.verify_detached(trader.sign(), DATA, int(BIN))
    both = subject(
        home(),
        (NameOID.SERIAL_NUMBER, f"IIN{BIN}"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "BIN990240003471"),
    )
    both.anchors.verify_detached(both.sign(), DATA, 990240003471)
    assert "participant" in rule(lambda: both.anchors.verify_detached(both.sign(), DATA, int(BIN)))


@pytest.mark.parametrize("text", [f"BIN{BIN}9", f"XBIN{BIN}", BIN, "BIN", f"bin{BIN}"])
def test_a_subject_that_names_nobody_is_refused(text: str) -> None:
    nobody = subject(home(), (NameOID.ORGANIZATIONAL_UNIT_NAME, text))
    assert "participant" in rule(
        lambda: nobody.anchors.verify_detached(nobody.sign(), DATA, int(BIN))
    )


@pytest.mark.parametrize(
    "text", ["", "====", "русский", "AAAA", base64.b64encode(b"0\x80" * 500).decode(), "A" * 70_000]
)
def test_what_is_no_cms_is_refused(text: str) -> None:
    refused = refusal(lambda: home().anchors.verify_detached(text, DATA, int(BIN)))
    assert refused.reason is Reason.SIGNATURE_INVALID


@cache
def one_signature() -> str:
    """The same bytes for every example: ECDSA signs anew each time."""
    return home().sign()


@settings(max_examples=amount(150, 5000), deadline=None)
@given(st.data())
def test_a_damaged_message_is_refused_or_still_the_same_signature(data: st.DataObject) -> None:
    """Whatever byte is changed: a refusal, never another error."""
    message = bytearray(base64.b64decode(one_signature()))
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    text = base64.b64encode(message).decode()
    try:
        home().anchors.verify_detached(text, DATA, int(BIN))
    except Refused as refused:
        ours = (Reason.SIGNATURE_INVALID, Reason.SIGNATURE_ATTACHED)
        assert refused.reason in ours  # noqa: PT017
    with pytest.raises(Refused):
        home().anchors.verify_detached(text, b"other", int(BIN))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_signs_with_the_files_of_dev_ca(tmp_path: Path, algorithm: str) -> None:
    openssl = shutil.which("openssl")
    assert openssl, "the documents show openssl"
    ca, _, certificate, key = write_station(tmp_path, BIN, algorithm, dt.datetime.now(dt.UTC))
    assert key.stat().st_mode & 0o777 == 0o600
    signed = subprocess.run(
        [openssl, "cms", "-sign", "-binary", "-signer", certificate, "-inkey", key,
         "-outform", "DER"],
        input=DATA, capture_output=True, check=True,
    )  # fmt: skip
    text = base64.b64encode(signed.stdout).decode()
    Anchors.load(ca).verify_detached(text, DATA, int(BIN))


def test_a_second_station_is_made_under_the_same_authority(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    first = write_station(tmp_path, BIN, "ecdsa", now)
    before = first[0].read_bytes()
    second = write_station(tmp_path, "990240003471", "rsa", now)
    assert second[0].read_bytes() == before
    assert second[2] != first[2]


def test_a_file_without_certificates_gives_no_anchors(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ValueError, match="PEM"):
        Anchors.load(tmp_path / "empty.pem")
