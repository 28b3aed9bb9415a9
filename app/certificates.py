"""Certificates of devices: a small authority of our own, P-256, for brokers that let in whoever it has signed for.

The common name is the device's name; a broker with `use_identity_as_username` takes it for the user name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIVES: Final = timedelta(days=3650)
BEFORE: Final = timedelta(minutes=5)  # clocks differ
LEAST_RSA: Final = 2048
CRL_LIVES: Final = timedelta(days=30)


class BadRequest(ValueError):
    """A certificate signing request that cannot be granted; the text says why."""


@dataclass(frozen=True)
class Authority:
    """Who signs."""

    certificate: str  # PEM
    key: str = field(repr=False)  # PEM


@dataclass(frozen=True)
class Issued:
    """A certificate, and its key where it was made here."""

    certificate: str  # PEM
    key: str | None = field(repr=False)
    serial: str  # hexadecimal
    fingerprint: str  # SHA-256, hexadecimal
    not_after: datetime


def new_authority(name: str, *, now: datetime) -> Authority:
    """An authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(subject, subject, key.public_key(), now, now + AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(_pem(certificate), _key_pem(key))


def issue(authority: Authority, name: str, *, now: datetime, days: int, request: str | None = None) -> Issued:
    """A certificate for a device: of a new key, or of the key in its request; raises BadRequest.

    Only the key of a request counts. Whatever else it asks for (names, rights) it does not get.
    """
    made = ec.generate_private_key(ec.SECP256R1()) if request is None else None
    public = made.public_key() if made else _requested_key(request or "")
    issuer, not_after = x509.load_pem_x509_certificate(authority.certificate.encode()), now + timedelta(days=days)
    if not_after > issuer.not_valid_after_utc:
        raise BadRequest("The authority ends before this certificate would; begin a new one.")
    certificate = (
        _builder(_name(name), issuer.subject, public, now, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(_private(authority), hashes.SHA256())
    )
    return Issued(
        certificate=_pem(certificate), key=_key_pem(made) if made else None, serial=f"{certificate.serial_number:x}",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(), not_after=certificate.not_valid_after_utc,
    )  # fmt: skip


def revocations(authority: Authority, revoked: Iterable[tuple[str, datetime]], *, now: datetime) -> str:
    """The list of certificates that count no more, by serial number, as PEM."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    builder = x509.CertificateRevocationListBuilder(issuer.subject, now - BEFORE, now + CRL_LIVES)
    builder = builder.add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    for serial, at in revoked:
        entry = x509.RevokedCertificateBuilder(int(serial, 16), at).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(_private(authority), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _requested_key(request: str) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    try:
        asked = x509.load_pem_x509_csr(request.encode())
        sound, public = asked.is_signature_valid, asked.public_key()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise BadRequest("That is no certificate signing request in PEM form.") from None
    if not sound:
        raise BadRequest("The request is not signed by its own key.")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= LEAST_RSA:
        return public
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in ("secp256r1", "secp384r1"):
        return public
    raise BadRequest("The key must be P-256, P-384, or RSA with at least 2048 bits.")


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, now: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:  # fmt: skip
    return x509.CertificateBuilder(
        issuer, subject, public, x509.random_serial_number(), (now - BEFORE).replace(microsecond=0),
        not_after.replace(microsecond=0),
    )  # fmt: skip


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _private(authority: Authority) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(authority.key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
