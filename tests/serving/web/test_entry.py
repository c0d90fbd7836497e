"""The token that lets a page in, and the certificate that lets it have a microphone."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the page needs starlette")
pytest.importorskip("cryptography", reason="a certificate needs cryptography")

from cryptography import x509

from assistant.locations import web_dir
from assistant.private_files import FILE
from assistant.serving.web import certificate
from assistant.serving.web.certificate import local_addresses, own_certificate
from assistant.serving.web.entry import Entry, kept_token


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_token_is_the_same_the_next_time_until_a_new_one_is_asked_for() -> None:
    first = kept_token()
    assert len(first) >= 32
    assert kept_token() == first
    assert kept_token(anew=True) != first
    assert (web_dir() / "token").stat().st_mode & 0o777 == FILE


@pytest.mark.parametrize("text", [b"", b"short", b"\xff\xfe\xff" * 20])
def test_a_token_that_was_damaged_is_made_anew(text: bytes) -> None:
    kept_token()
    (web_dir() / "token").write_bytes(text)
    assert len(kept_token()) >= 32


def test_each_wrong_token_after_some_doubles_the_wait_of_that_address_only() -> None:
    clock = Clock()
    entry = Entry("right", 80, secure=True, clock=clock)
    waits = []
    for _ in range(8):
        assert not entry.admits("wrong", "192.0.2.7")
        waits.append(entry.wait("192.0.2.7"))
        clock.now += entry.wait("192.0.2.7")
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8]
    assert entry.wait("192.0.2.8") == 0
    assert entry.admits("right", "192.0.2.7")
    assert not entry.admits("wrong", "192.0.2.7")
    assert entry.wait("192.0.2.7") == 0, "who knew it begins anew"


def test_tries_of_many_addresses_do_not_fill_the_memory() -> None:
    entry = Entry("right", 80, secure=True)
    for number in range(5000):
        entry.admits("wrong", f"192.0.2.{number}")
    assert len(entry._tries) <= 1000


def test_our_certificate_is_for_the_names_and_addresses_of_this_machine() -> None:
    made = own_certificate(frozenset({"kitchen", "0.0.0.0"}), ["192.0.2.4", "2001:db8::4"])
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
    first = own_certificate(names, ["192.0.2.4"])
    assert own_certificate(names, ["192.0.2.4"]).fingerprint == first.fingerprint
    other = own_certificate(names, ["192.0.2.9"])
    assert other.fingerprint != first.fingerprint, "this machine has another address now"
    monkeypatch.setattr(certificate, "_RENEW_DAYS", 500)
    assert own_certificate(names, ["192.0.2.9"]).fingerprint != other.fingerprint


@pytest.mark.parametrize("damage", ["certificate.pem", "key.pem"])
def test_one_that_is_broken_is_made_anew(damage: str) -> None:
    first = own_certificate(frozenset(), [])
    broken: Path = web_dir() / damage
    broken.unlink() if damage == "key.pem" else broken.write_text("no certificate")
    assert own_certificate(frozenset(), []).fingerprint != first.fingerprint


def test_addresses_of_this_machine_are_others_reach_it_by() -> None:
    for each in local_addresses():
        assert not ipaddress.ip_address(each).is_loopback
