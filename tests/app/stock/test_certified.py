"""Certificates of devices on a real Mosquitto: let in by name, held to their topics, shut out when revoked."""

import ipaddress
import signal
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app import certificates
from app.certificates import Authority, Issued
from devices import accounts
from devices.accounts import Login
from devices.mqtt import Address
from tests.devices.conftest import free_port, until
from tests.devices.test_accounts import House, Someone, with_plugin

pytestmark = pytest.mark.alone


@dataclass
class Line:
    """A broker with a TLS listener that lets in who our authority has signed for."""

    house: House
    port: int
    authority: Authority
    folder: Path

    def issue(self, name: str) -> Issued:
        return certificates.issue(self.authority, name, now=datetime.now(UTC), days=30)

    def someone(self, name: str, issued: Issued) -> Someone:
        """Connected with this certificate; `name` is what it says in its user name, which counts for nothing."""
        files = {"crt": issued.certificate, "key": issued.key or "", "ca": (self.folder / "server.crt").read_text()}
        for suffix, content in files.items():
            (self.folder / f"{issued.serial}.{suffix}").write_text(content)
        context = ssl.create_default_context(cafile=str(self.folder / f"{issued.serial}.ca"))
        context.load_cert_chain(self.folder / f"{issued.serial}.crt", self.folder / f"{issued.serial}.key")
        return Someone(Address("localhost", self.port, username=name), tls=context)

    def revoke(self, *issued: Issued) -> None:
        """The list written anew, and the broker told."""
        now = datetime.now(UTC)
        content = certificates.revocations(self.authority, [(each.serial, now) for each in issued], now=now)
        (self.folder / "revoked.pem").write_text(content)
        if self.house.broker.process:
            self.house.broker.process.send_signal(signal.SIGHUP)


def a_server(folder: Path) -> None:
    """The broker's own certificate, for localhost."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1)
    ).add_extension(names, critical=False)
    (folder / "server.crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    house, port = with_plugin(tmp_path), free_port()
    authority = certificates.new_authority("Yinling devices", now=datetime.now(UTC))
    made = Line(house, port, authority, tmp_path)
    a_server(tmp_path)
    (tmp_path / "authority.crt").write_text(authority.certificate)
    made.revoke()
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        config.read_text()
        + f"listener {port} 127.0.0.1\ncertfile {tmp_path}/server.crt\nkeyfile {tmp_path}/server.key\n"
        + f"cafile {tmp_path}/authority.crt\ncrlfile {tmp_path}/revoked.pem\n"
        + "require_certificate true\nuse_identity_as_username true\n"
    )
    house.broker.start()
    yield made
    house.broker.kill()


def test_a_certificate_lets_in_its_own_device_and_no_other(line: Line) -> None:
    with accounts.keeper(line.house.keeper) as keeper:
        keeper.put([Login("anna"), Login("bela")])
    issued = line.issue("anna")
    anna = line.someone("bela", issued)
    assert anna.let_in and anna.publishes("care/v1/anna/event")
    assert not anna.publishes("care/v1/bela/event")
    anna.close()
    stranger = certificates.new_authority("Yinling devices", now=datetime.now(UTC))
    forged = certificates.issue(stranger, "anna", now=datetime.now(UTC), days=30)
    someone = line.someone("anna", forged)
    someone.close()
    assert not someone.let_in


def test_a_revoked_certificate_is_hung_up_on_and_refused(line: Line) -> None:
    with accounts.keeper(line.house.keeper) as keeper:
        keeper.put([Login("anna"), Login("bela")])
    lost, kept = line.issue("anna"), line.issue("bela")
    anna = line.someone("anna", lost)
    assert anna.publishes("care/v1/anna/event")
    with accounts.keeper(line.house.keeper) as keeper:
        keeper.remove(["anna"])
    assert anna.hung_up.wait(20)
    anna.close()
    again = line.someone("anna", lost)
    assert not (again.let_in and again.publishes("care/v1/anna/event"))
    again.close()
    line.revoke(lost)

    def shut_out() -> bool:
        someone = line.someone("anna", lost)
        someone.close()
        return not someone.let_in

    until(shut_out)
    bela = line.someone("bela", kept)
    assert bela.let_in and bela.publishes("care/v1/bela/event")
    bela.close()
