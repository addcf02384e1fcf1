# SPDX-License-Identifier: Apache-2.0
"""The certificate that the screen makes for itself, since browsers give a camera to HTTPS only."""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import ipaddress
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from dwpose_ros.core.errors import DwposeError
from dwpose_ros.web.security import write_secret

DAYS = 397  # browsers refuse some that are valid for longer
RENEW_DAYS = 30


class CertificateError(DwposeError):
    """There is no certificate that can be used; the message says why."""


class Certificate(NamedTuple):
    """Files of a certificate, and its SHA-256 as browsers show it: "A1:B2:..."."""

    certificate: Path
    key: Path
    fingerprint: str

    def context(self) -> ssl.SSLContext:
        """Return what a server needs. Raises CertificateError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as err:  # ssl.SSLError is an OSError
            raise CertificateError(
                f"the certificate {self.certificate} with the key {self.key} cannot be used: "
                f"{getattr(err, 'strerror', None) or err}; give both as PEM files"
            ) from err
        return context


def given(certificate: Path, key: Path) -> Certificate:
    """Return the user's own certificate. Raises CertificateError."""
    try:
        text = certificate.read_text(encoding="ascii")
        key.read_bytes()
        der = ssl.PEM_cert_to_DER_cert(_first(text))
    except (OSError, ValueError) as err:
        raise CertificateError(
            f"the certificate {certificate} with the key {key} cannot be read: "
            f"{getattr(err, 'strerror', None) or err}; give both as PEM files"
        ) from err
    return Certificate(certificate, key, _fingerprint(der))


def own(folder: Path, names: list[str], now: datetime.datetime) -> Certificate:
    """Return the certificate that a folder keeps; made if there is none that can be used, or if it
    lacks one of the names.

    Args:
        names: host names and addresses under which browsers reach this machine.
        now: with a time zone.

    Raises:
        CertificateError: it cannot be made or kept.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as err:
        raise CertificateError(
            "to serve other machines a certificate is needed, and to make one the library "
            "cryptography: pip install cryptography, or apt install python3-cryptography; or give "
            "your own by the parameters certificate and key"
        ) from err
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "certificate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two systems that start together, one makes it
            kept = _kept(certificate, key, now)
            if kept is None or not kept.issuperset(names):
                made, secret = _make(sorted(kept.union(names) if kept else names), now)
                write_secret(key, secret)
                write_secret(certificate, made)
    except OSError as err:
        raise CertificateError(
            f"the certificate cannot be kept in {folder}: {err.strerror or err}; set "
            "DWPOSE_ROS_CACHE to a folder that can be written"
        ) from err
    return given(certificate, key)


def _kept(certificate: Path, key: Path, now: datetime.datetime) -> set[str] | None:
    """Return the names that a certificate is for; None if it must be made: there is none, it ends
    soon, others may read its key, or that is of another one.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        kept = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret: Any = load_pem_private_key(key.read_bytes(), None)
        shared = key.stat().st_mode & 0o077
        there = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return None
    if shared or _spki(kept) != _spki(secret) or not _lasts(kept, now):
        return None
    return {str(name.value) for name in there}


def _spki(owner: Any) -> bytes:
    """Return the public key of a certificate or a key. Those compare only since version 40."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    form = PublicFormat.SubjectPublicKeyInfo
    return owner.public_key().public_bytes(Encoding.DER, form)


def _lasts(kept: Any, now: datetime.datetime) -> bool:
    if hasattr(kept, "not_valid_after_utc"):
        begins, ends = kept.not_valid_before_utc, kept.not_valid_after_utc
    else:  # before version 42
        begins, ends = (
            time.replace(tzinfo=datetime.timezone.utc)
            for time in (kept.not_valid_before, kept.not_valid_after)
        )
    return begins <= now < ends - datetime.timedelta(days=RENEW_DAYS)


def _make(names: list[str], now: datetime.datetime) -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dwpose_ros screen")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM), secret


def _general(name: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _first(pem: str) -> str:
    """Return the first certificate of a file that may hold a chain."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in pem or end not in pem:
        raise ValueError("it holds no PEM certificate")
    return pem[pem.index(begin) : pem.index(end) + len(end)]


def _fingerprint(der: bytes) -> str:
    text = hashlib.sha256(der).hexdigest().upper()
    return ":".join(text[i : i + 2] for i in range(0, len(text), 2))
