"""The certificate that lets a page have a microphone, and other programs talk to us unheard."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="a certificate needs cryptography")

from cryptography import x509

from assistant.locations import web_dir
from assistant.private_files import FILE
from assistant.serving import certificate
from assistant.serving.certificate import local_addresses, own_certificate


def test_our_certificate_is_for_the_names_and_addresses_of_this_machine() -> None:
    made = own_certificate(
        frozenset({"kitchen", "0.0.0.0"}), ["192.0.2.4", "2001:db8::4"], web_dir()
    )
    loaded = x509.load_pem_x509_certificate(made.path.read_bytes())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "kitchen" in names.get_values_for_type(x509.DNSName)
    assert ipaddress.ip_address("192.0.2.4") in names.get_values_for_type(x509.IPAddress)
    assert made.key.stat().st_mode & 0o777 == FILE
    assert len(made.fingerprint) == 95
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.path, made.key)
    lasts = loaded.not_valid_after_utc - loaded.not_valid_before_utc
    assert lasts <= datetime.timedelta(days=398), "browsers take no longer one"


def test_it_stays_the_same_so_that_a_browser_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = frozenset({"kitchen"})
    first = own_certificate(names, ["192.0.2.4"], web_dir())
    assert own_certificate(names, ["192.0.2.4"], web_dir()).fingerprint == first.fingerprint
    other = own_certificate(names, ["192.0.2.9"], web_dir())
    assert other.fingerprint != first.fingerprint, "this machine has another address now"
    monkeypatch.setattr(certificate, "_RENEW_DAYS", 500)
    assert own_certificate(names, ["192.0.2.9"], web_dir()).fingerprint != other.fingerprint


@pytest.mark.parametrize("damage", ["certificate.pem", "key.pem"])
def test_one_that_is_broken_is_made_anew(damage: str) -> None:
    first = own_certificate(frozenset(), [], web_dir())
    broken: Path = web_dir() / damage
    broken.unlink() if damage == "key.pem" else broken.write_text("no certificate")
    assert own_certificate(frozenset(), [], web_dir()).fingerprint != first.fingerprint


def test_addresses_of_this_machine_are_others_reach_it_by() -> None:
    for each in local_addresses():
        assert not ipaddress.ip_address(each).is_loopback
