# SPDX-License-Identifier: Apache-2.0
"""Under which addresses browsers reach this machine, and how its user is told."""

from __future__ import annotations

import ipaddress
import socket

_EVERYWHERE = ("0.0.0.0", "::", "")


def outward_address() -> str:
    """Return this machine's address in its network; "127.0.0.1" without a network. Nothing is
    sent: a UDP socket that is connected only chooses its route.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation, which nobody has
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def names_of_this_machine(host: str) -> list[str]:
    """Return the names and addresses that a certificate must hold for a server on `host`."""
    names = ["localhost", "127.0.0.1"]
    if host in _EVERYWHERE:
        own = socket.gethostname()
        names += [own, f"{own.split('.')[0]}.local", outward_address()]
    else:
        names.append(host)
    return [name for name in dict.fromkeys(names) if _usable(name)]


def _usable(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        return name.isascii() and 0 < len(name) < 64 and "_" not in name


def address(host: str, port: int, secure: bool) -> str:
    """Return the address to open, without the token, of a server that listens on `host`."""
    shown = outward_address() if host in _EVERYWHERE else host
    if ":" in shown:
        shown = f"[{shown}]"
    return f"{'https' if secure else 'http'}://{shown}:{port}/"


def announcement(url: str, token: str, fingerprint: str) -> str:
    """Return what the user is told once: the address and, where it is for other machines, a QR
    code and what the browser will ask.

    Args:
        token: empty: only this machine can reach the server.
        fingerprint: of a certificate that this machine has made itself; empty for another.
    """
    if not token:
        return f"the screen is at {url}"
    full = f"{url}?token={token}"
    lines = [f"the screen is at {full}"]
    if code := qr_code(full):
        lines.append(code)
    if fingerprint:
        lines.append(
            "The browser will say that the connection is not private, since this machine made the "
            'certificate itself: choose "Advanced", then "Proceed". Its SHA-256 must be '
            f"{fingerprint}"
        )
    return "\n".join(lines)


def qr_code(text: str) -> str:
    """Return a QR code of block characters for a terminal; empty without the library segno."""
    try:
        import segno
    except ImportError:
        return ""
    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # Two rows a line; dark is blank, for terminals that write light on dark. Readers take both.
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return "\n".join(
        "".join(blocks[bool(a), bool(b)] for a, b in zip(upper, lower))
        for upper, lower in zip(rows[::2], rows[1::2])
    )
