"""Electronic signatures of stations: CMS SignedData (RFC 5652) under configured trust anchors.

asn1crypto reads the structures; `cryptography` builds the chain (RFC 5280) and verifies the
signatures. RSA (PKCS #1 v1.5 and PSS) and ECDSA with SHA-256, SHA-384 or SHA-512. One signer; its
certificate must stand in the message, lead to an anchor, be valid now, allow signing, and name in
its subject the participant: ``BIN`` and 12 digits in an organizational unit, else ``IIN`` and 12
digits in the serial number, as the certificates of Kazakhstan do. Revocation is not looked up.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import re
from typing import TYPE_CHECKING, Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID

from emitter.errors import Reason, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_NOT_UNDERSTOOD = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip - all that the libraries say of bytes they cannot read
_SIGNATURE_CHARS_MAX = 64 << 10
_CERTIFICATES_MAX = 10
_ORGANISATION = re.compile(r"BIN([0-9]{12})", re.ASCII)
_PERSON = re.compile(r"IIN([0-9]{12})", re.ASCII)


def system_time() -> dt.datetime:
    """Return the time now, UTC."""
    return dt.datetime.now(dt.UTC)


class Anchors:
    """Certificates of the authorities that the operator trusts."""

    def __init__(
        self,
        certificates: Sequence[x509.Certificate],
        now: Callable[[], dt.datetime] = system_time,
    ) -> None:
        self._store = verification.Store(list(certificates))
        self._now = now

    @classmethod
    def load(cls, file: Path) -> Anchors:
        """Read the anchors of a PEM file; ValueError if it holds none, OSError for the disk."""
        try:
            return cls(x509.load_pem_x509_certificates(file.read_bytes()))
        except ValueError:
            raise ValueError(f"{file}: no certificates in PEM") from None

    def verify_detached(self, signature: str, data: bytes, bin_: int) -> None:
        """Verify a detached signature (base64) over the data by the participant; or refuse."""
        signed = _signed_data(signature)
        if signed["encap_content_info"]["content"].native is not None:
            raise Refused(Reason.SIGNATURE_ATTACHED)
        self._verify(signed, data, bin_)

    def verify_attached(self, signature: str, bin_: int) -> bytes:
        """Verify a signature that holds its data, and return the data; or refuse."""
        signed = _signed_data(signature)
        data = signed["encap_content_info"]["content"].native
        if not isinstance(data, bytes):
            raise _invalid("the signature holds no data")
        self._verify(signed, data, bin_)
        return data

    def _verify(self, signed: Any, data: bytes, bin_: int) -> None:
        try:
            signer, certificate, others = _signer(signed)
            _verify_signature(signer, signed["encap_content_info"], certificate, data)
            self._verify_chain(certificate, others)
            named = _subject_bin(certificate)
        except InvalidSignature:
            raise _invalid("it is not of this data") from None
        except _NOT_UNDERSTOOD:
            raise _invalid("its structure is not understood") from None
        if named != bin_:
            raise _invalid("its certificate is not the participant's")

    def _verify_chain(self, leaf: x509.Certificate, others: list[x509.Certificate]) -> None:
        verifier = (
            verification.PolicyBuilder()
            .store(self._store)
            .time(self._now())
            .extension_policies(ca_policy=_AUTHORITIES, ee_policy=_SIGNERS)
            .build_client_verifier()
        )
        try:
            verifier.verify(leaf, others)
        except verification.VerificationError:
            raise _invalid("its certificate does not lead to a trusted authority") from None


def _invalid(rule: str) -> Refused:
    return Refused(Reason.SIGNATURE_INVALID, rule=rule)


def _signed_data(signature: str) -> Any:
    """Return the SignedData of a base64 text, with or without the armour of PEM."""
    text = "".join(line for line in signature.splitlines() if not line.startswith("-----"))
    if len(text) > _SIGNATURE_CHARS_MAX:
        raise _invalid("it is too long")
    try:
        message = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("it is not base64") from None
    try:
        info = cms.ContentInfo.load(message, strict=True)
        if info["content_type"].native != "signed_data":
            raise _invalid("it is not CMS SignedData")
        signed = info["content"]
        _ = signed.native  # parses everything now, so that nothing fails later
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise _invalid("it is not a CMS message") from None
    return signed


def _signer(signed: Any) -> tuple[Any, x509.Certificate, list[x509.Certificate]]:
    """Return the one signer, its certificate, and the other certificates of the message."""
    signers = signed["signer_infos"]
    certificates = [item.chosen for item in signed["certificates"] if item.name == "certificate"]
    if len(signers) != 1 or not 1 <= len(certificates) <= _CERTIFICATES_MAX:
        raise _invalid("one signer with its certificate is expected")
    signer = signers[0]
    sid = signer["sid"].chosen
    if signer["sid"].name == "issuer_and_serial_number":
        wanted = (sid["issuer"].hashable, sid["serial_number"].native)
        found = [c for c in certificates if (c.issuer.hashable, c.serial_number) == wanted]
    else:
        found = [c for c in certificates if c.key_identifier == sid.native]
    if not found:
        raise _invalid("the signer's certificate is not in the message")
    others = [x509.load_der_x509_certificate(c.dump()) for c in certificates if c is not found[0]]
    return signer, x509.load_der_x509_certificate(found[0].dump()), others


def _verify_signature(
    signer: Any, content: Any, certificate: x509.Certificate, data: bytes
) -> None:
    """Verify the signer's signature over the data (RFC 5652 section 5.4)."""
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in _HASHES:
        raise _invalid("its hash algorithm is not accepted")
    algorithm = _HASHES[name]()
    signed = data
    attributes = signer["signed_attrs"]
    if attributes.native is not None:
        values = {item["type"].native: item["values"] for item in attributes}
        hasher = hashes.Hash(algorithm)
        hasher.update(data)
        digests = values["message_digest"]
        if len(values) != len(attributes) or len(digests) != 1:
            raise _invalid("its attributes are ambiguous")
        if values["content_type"].native != [content["content_type"].native]:
            raise _invalid("its attributes are of another content")
        if not hmac.compare_digest(digests[0].native, hasher.finalize()):
            raise InvalidSignature
        signed = b"\x31" + attributes.dump()[1:]  # as SET OF, not by its tag in the message
    _verify_bytes(signer["signature_algorithm"], signer["signature"].native, certificate,
                  algorithm, signed)  # fmt: skip


def _verify_bytes(
    scheme: Any,
    signature: bytes,
    certificate: x509.Certificate,
    algorithm: hashes.HashAlgorithm,
    signed: bytes,
) -> None:
    key = certificate.public_key()
    kind = scheme.signature_algo
    if kind == "rsassa_pss":
        parameters = scheme["parameters"]
        algorithm = _HASHES[parameters["hash_algorithm"]["algorithm"].native]()
    elif scheme["algorithm"].native not in ("rsassa_pkcs1v15", "ecdsa") and (
        scheme.hash_algo != algorithm.name
    ):
        raise _invalid("its algorithms do not fit each other")
    if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(algorithm))
    elif kind == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    elif kind == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
        salt = scheme["parameters"]["salt_length"].native
        key.verify(signature, signed, padding.PSS(padding.MGF1(algorithm), salt), algorithm)
    else:
        raise _invalid("its algorithm is not accepted")


def _subject_bin(certificate: x509.Certificate) -> int | None:
    """Return the participant a certificate names: the organisation, else the person."""
    for oid, form in (
        (NameOID.ORGANIZATIONAL_UNIT_NAME, _ORGANISATION),
        (NameOID.SERIAL_NUMBER, _PERSON),
    ):
        texts = [str(item.value) for item in certificate.subject.get_attributes_for_oid(oid)]
        found = {match[1] for text in texts if (match := form.fullmatch(text))}
        if found:
            return int(found.pop()) if len(found) == 1 else None
    return None


def _require_authority(
    _policy: verification.Policy, _certificate: x509.Certificate, value: x509.BasicConstraints
) -> None:
    if not value.ca:
        raise ValueError("not an authority's certificate")


def _require_signing(
    _policy: verification.Policy, _certificate: x509.Certificate, value: x509.KeyUsage | None
) -> None:
    if value is not None and not (value.digital_signature or value.content_commitment):
        raise ValueError("the key is not for signing")


_AUTHORITIES = verification.ExtensionPolicy.permit_all().require_present(
    x509.BasicConstraints, verification.Criticality.AGNOSTIC, _require_authority
)
_SIGNERS = verification.ExtensionPolicy.permit_all().may_be_present(
    x509.KeyUsage, verification.Criticality.AGNOSTIC, _require_signing
)
