"""A certification authority for trying things at home: its certificates prove nothing to others.

Subjects are named as Kazakhstan's certificates name them: the person's IIN as serial number, the
organisation's BIN as organizational unit.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

    SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ALGORITHMS = ("ecdsa", "rsa")
_DAYS = 825
_EARLIER = dt.timedelta(hours=1)  # clocks differ


def make_key(algorithm: str) -> SigningKey:
    """Return a new key: ``ecdsa`` on P-256 or ``rsa`` of 2048 bits."""
    if algorithm == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def make_authority(key: SigningKey, now: dt.datetime) -> x509.Certificate:
    """Return the authority's own certificate."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
            x509.NameAttribute(NameOID.COMMON_NAME, "emitter test authority"),
        ]
    )
    return (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def make_signer(
    key: SigningKey,
    bin_: str,
    authority: x509.Certificate,
    authority_key: SigningKey,
    now: dt.datetime,
) -> x509.Certificate:
    """Return the certificate of a participant's station."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"TEST {bin_}"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"BIN{bin_}"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"order station of {bin_}"),
        ]
    )
    return (
        _builder(name, authority.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .sign(authority_key, hashes.SHA256())
    )


def write_station(folder: Path, bin_: str, algorithm: str, now: dt.datetime) -> list[Path]:
    """Write a participant's key and certificate below ``folder``; return the four files.

    The authority there is made if it is missing. OSError for the disk; keys are private files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca.key"
    if ca_key_file.exists():
        authority_key = _read_key(ca_key_file)
        authority = x509.load_pem_x509_certificate(ca_file.read_bytes())
    else:
        authority_key = make_key(algorithm)
        authority = make_authority(authority_key, now)
        _write_key(ca_key_file, authority_key)
        ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    key = make_key(algorithm)
    file, key_file = folder / f"{bin_}.pem", folder / f"{bin_}.key"
    certificate = make_signer(key, bin_, authority, authority_key, now)
    _write_key(key_file, key)
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return [ca_file, ca_key_file, file, key_file]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: SigningKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + dt.timedelta(days=_DAYS))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(file: Path, key: SigningKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(pem)


def _read_key(file: Path) -> SigningKey:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError(f"{file}: neither an RSA nor an ECDSA key")  # noqa: TRY004 - of a file
    return key
