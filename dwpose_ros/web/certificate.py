# SPDX-License-Identifier: Apache-2.0
"""The certificate that the screen makes for itself, since browsers give a camera to HTTPS only."""

from __future__ import annotations

import datetime
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
    """Return the certificate that a folder keeps; made if there is none, or if it ends soon or
    lacks one of the names.

    Args:
        names: host names and addresses under which browsers reach this machine.
        now: with a time zone.

    Raises:
        CertificateError: it cannot be made or kept.
    """
    try:
        from cryptography import x509
    except ImportError as err:
        raise CertificateError(
            "to serve other machines a certificate is needed, and to make one the library "
            "cryptography: pip install cryptography, or apt install python3-cryptography; or give "
            "your own by the parameters certificate and key"
        ) from err
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if key.is_file() and not key.stat().st_mode & 0o077:
        try:
            kept = x509.load_pem_x509_certificate(certificate.read_bytes())
            if _covers(kept, names, now):
                return given(certificate, key)
        except (OSError, ValueError):
            pass  # it is made anew
    made, secret = _make(names, now)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_secret(key, secret)
        write_secret(certificate, made)
    except OSError as err:
        raise CertificateError(
            f"the certificate cannot be kept in {folder}: {err.strerror or err}; set "
            "DWPOSE_ROS_CACHE to a folder that can be written"
        ) from err
    return given(certificate, key)


def _covers(kept: Any, names: list[str], now: datetime.datetime) -> bool:
    from cryptography import x509

    if hasattr(kept, "not_valid_after_utc"):
        begins, ends = kept.not_valid_before_utc, kept.not_valid_after_utc
    else:  # before version 42
        begins, ends = (
            time.replace(tzinfo=datetime.timezone.utc)
            for time in (kept.not_valid_before, kept.not_valid_after)
        )
    there = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    told = {str(name.value) for name in there}
    return begins <= now < ends - datetime.timedelta(days=RENEW_DAYS) and set(names) <= told


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
