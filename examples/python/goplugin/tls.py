"""AutoMTLS: each end trusts exactly the one certificate that the other has sent."""

import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Optional

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Tls:
    # For everything that this plugin serves: its main server and those of the broker.
    server: ssl.SSLContext
    # For everything that it dials through the broker.
    client: ssl.SSLContext
    # For the handshake line.
    certificate: bytes


def auto_mtls() -> Optional[Tls]:
    """None if the host does not ask for AutoMTLS."""
    host_certificate = os.environ.get("PLUGIN_CLIENT_CERT")
    if not host_certificate:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = self_signed(key)
    identity = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    return Tls(
        server=context(ssl.PROTOCOL_TLS_SERVER, identity, host_certificate),
        client=context(ssl.PROTOCOL_TLS_CLIENT, identity, host_certificate),
        certificate=certificate.public_bytes(serialization.Encoding.DER),
    )


def self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """For both roles, because with the broker either end dials; for the name localhost, which Go hosts verify."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "HashiCorp"),
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost"),
        ]
    )
    now = datetime.now(timezone.utc)
    roles = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(seconds=30))
        .not_valid_after(now + timedelta(hours=262_980))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(roles), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def context(role: int, identity: bytes, trusted: str) -> ssl.SSLContext:
    made = ssl.SSLContext(role)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # As a server, too: only the host may connect.
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(cadata=trusted)
    # grpc-go refuses connections on which HTTP/2 was not agreed.
    made.set_alpn_protocols(["h2"])
    # Python reads keys from files only.
    with tempfile.NamedTemporaryFile() as file:
        file.write(identity)
        file.flush()
        made.load_cert_chain(file.name)
    return made
