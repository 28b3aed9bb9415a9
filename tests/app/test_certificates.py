"""Certificates of devices: who is signed for, with which key, until when, and the list of those that count no more."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from app import certificates
from app.certificates import Authority, BadRequest
from tests.conftest import MORNING


@pytest.fixture(scope="module")
def authority() -> Authority:
    return certificates.new_authority("Yinling devices", now=MORNING)


def a_request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "somebody-else") -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_device_is_signed_for_by_its_own_name_whatever_it_asks_for(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = certificates.issue(authority, "pendant-3f21", now=MORNING, days=730, request=a_request(key))
    made = x509.load_pem_x509_certificate(issued.certificate.encode())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.encode()))
    assert made.subject.rfc4514_string() == "CN=pendant-3f21" and issued.key is None
    assert made.public_key() == key.public_key()
    assert made.not_valid_after_utc == issued.not_after == MORNING + timedelta(days=730)
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_key_made_here_fits_its_certificate(authority: Authority) -> None:
    issued = certificates.issue(authority, "pendant-3f21", now=MORNING, days=730)
    key = serialization.load_pem_private_key((issued.key or "").encode(), None)
    made = x509.load_pem_x509_certificate(issued.certificate.encode())
    assert key.public_key() == made.public_key() and f"{made.serial_number:x}" == issued.serial
    assert "PRIVATE" not in repr(issued) + repr(authority)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ("", "no certificate signing request"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "no certificate signing"),
        (a_request(rsa.generate_private_key(65537, 1024)), "at least 2048"),
        (a_request(ec.generate_private_key(ec.SECP256K1())), "P-256"),
    ],
)
def test_a_weak_or_broken_request_is_refused(authority: Authority, request_: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        certificates.issue(authority, "x", now=MORNING, days=730, request=request_)


def test_a_request_that_its_key_did_not_sign_is_refused(authority: Authority) -> None:
    pem = a_request(ec.generate_private_key(ec.SECP256R1()))
    der = bytearray(x509.load_pem_x509_csr(pem.encode()).public_bytes(serialization.Encoding.DER))
    der[der.index(b"somebody")] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(BadRequest, match="not signed"):
        certificates.issue(authority, "x", now=MORNING, days=730, request=forged)


def test_no_certificate_outlives_its_authority(authority: Authority) -> None:
    with pytest.raises(BadRequest, match="authority ends"):
        certificates.issue(authority, "x", now=MORNING + timedelta(days=3000), days=730)


def test_the_list_of_revoked_ones_is_signed_and_names_them(authority: Authority) -> None:
    issued = certificates.issue(authority, "pendant-3f21", now=MORNING, days=730)
    pem = certificates.revocations(authority, [(issued.serial, MORNING)], now=MORNING + timedelta(hours=1))
    found = x509.load_pem_x509_crl(pem.encode())
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode()).public_key()
    assert isinstance(issuer, ec.EllipticCurvePublicKey) and found.is_signature_valid(issuer)
    assert [f"{entry.serial_number:x}" for entry in found] == [issued.serial]
