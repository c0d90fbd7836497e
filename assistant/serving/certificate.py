"""A certificate of our own for the local network: browsers give a page the microphone over TLS
only.

Nobody has vouched for it, so a browser warns once; its fingerprint, which we print, is what a
person can compare. Who has a certificate that browsers trust (mkcert, Tailscale) gives that one.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assistant.private_files import write_whole

VALID_DAYS = 397
"""The longest that browsers accept (CA/Browser Forum, ballot SC31)."""
_RENEW_DAYS = 30
_NOWHERE = (
    (socket.AF_INET, ("192.0.2.1", 9)),
    (socket.AF_INET6, ("2001:db8::1", 9)),
)
"""Addresses for documentation (RFC 5737, RFC 3849): "connecting" a datagram socket sends nothing,
but tells by which of our addresses we would."""


@dataclass(frozen=True, slots=True)
class Certificate:
    path: Path
    key: Path
    fingerprint: str
    """SHA-256, as browsers show it: "A1:B2:…"."""


def local_addresses() -> list[str]:
    """By which other machines of the network reach this one; those that tell nothing are left
    out."""
    found: dict[str, None] = {}
    for family, place in _NOWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(place)
            found[str(probe.getsockname()[0]).partition("%")[0]] = None
    return [each for each in found if not ipaddress.ip_address(each).is_loopback]


def own_certificate(names: frozenset[str], addresses: list[str], folder: Path) -> Certificate:
    """The one that is kept in `folder`, made anew where it is missing,
    about to expire, or for other names or addresses. Raises `OSError`, `AssistantError`."""
    place, key_place = folder / "certificate.pem", folder / "key.pem"
    wanted = _alternative_names(names, addresses)
    known = _kept(place) if key_place.exists() else None
    if known is None or not _serves(known, wanted):
        key = ec.generate_private_key(ec.SECP256R1())
        known = _made(key, wanted)
        write_whole(
            key_place,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        write_whole(place, known.public_bytes(serialization.Encoding.PEM))
    return Certificate(place, key_place, fingerprint_of(known))


def fingerprint_of(certificate: x509.Certificate) -> str:
    return bytes(certificate.fingerprint(hashes.SHA256())).hex(":").upper()


def _kept(place: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(place.read_bytes())
    except (OSError, ValueError):
        return None


def _serves(known: x509.Certificate, wanted: list[x509.GeneralName]) -> bool:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=_RENEW_DAYS)
    if known.not_valid_after_utc < soon:
        return False
    try:
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(wanted) <= set(names)


def _alternative_names(names: frozenset[str], addresses: list[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in sorted({"localhost", *names}):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            with contextlib.suppress(ValueError):  # no name that a certificate can have
                found.append(x509.DNSName(name))
    found += [x509.IPAddress(ipaddress.ip_address(each)) for each in ["127.0.0.1", *addresses]]
    return list(dict.fromkeys(found))


def _made(key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName]) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "assistant on this machine")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
