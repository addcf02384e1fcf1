# SPDX-License-Identifier: Apache-2.0
"""Who may use the screen: token, cookie, origins, and the headers of every answer."""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import secrets
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from dwpose_ros.core.errors import DwposeError

TOKEN_BYTES = 24
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
COOKIE_S = 30 * 24 * 3600
# Everything comes from this server, and nothing is written into pages: no script of others runs.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
MOST_REMOTES = 1000


class SecurityError(DwposeError):
    """The token cannot be kept; the message says why."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_token(folder: Path) -> str:
    """Return the token that a folder keeps in a file that only its owner can read. It is made the
    first time, and again if others could have read it.

    Raises:
        SecurityError: it cannot be kept.
    """
    path = folder / "token"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file() and not path.stat().st_mode & 0o077:
            kept = path.read_text(encoding="ascii", errors="replace").strip()
            if _TOKEN.fullmatch(kept):
                return kept
        token = secrets.token_urlsafe(TOKEN_BYTES)
        write_secret(path, token.encode())
    except OSError as err:
        raise SecurityError(
            f"the token cannot be kept in {path}: {err.strerror or err}; set DWPOSE_ROS_CACHE to "
            "a folder that can be written"
        ) from err
    return token


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, or leave the old one. Raises OSError."""
    handle, name = tempfile.mkstemp(".part", f".{path.name}_", path.parent)  # with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Access:
    """Decides about requests.

    Args:
        token: what a browser must show; empty: only programs of this machine reach the server, and
            none is needed.
        port: of the server. Cookies do not tell ports apart, so it is in the cookie's name.
        secure: the pages are served by HTTPS.
    """

    def __init__(self, token: str, port: int, secure: bool) -> None:
        self.token, self.secure = token, secure
        self.cookie = f"dwpose_screen_{port}"

    def refusal(
        self,
        method: str,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
        shown: str,
        websocket: bool,
    ) -> str:
        """Return why a request is refused; empty if it is not.

        Args:
            shown: the token in the address; empty if it has none.
        """
        host = headers.get("Host", "")
        if not self.token and not is_loopback(_name_of(host)):
            # Another site's name that leads here (DNS rebinding) would make its pages ours.
            return "this server is for its own machine: use http://localhost"
        origin = headers.get("Origin", "")
        changes = websocket or method not in ("GET", "HEAD")
        if changes and not self._is_own(origin, host):
            return "only this server's own pages may do that"
        if self.token and not self._knows(shown) and not self._knows(cookies.get(self.cookie, "")):
            return "the token is missing or wrong"
        return ""

    def enters(self, shown: str) -> bool:
        """Return whether the address brought the token, which the browser is to keep."""
        return bool(self.token) and self._knows(shown)

    def _knows(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(errors="replace"), self.token.encode())

    def _is_own(self, origin: str, host: str) -> bool:
        return bool(host) and origin == f"{'https' if self.secure else 'http'}://{host}"


class RateLimit:
    """Limits how often each of many may do something: `burst` times at once, then `rate` a second.

    Times are seconds on a monotonic clock.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, who: str, now: float) -> bool:
        """Count an attempt, and return whether it is within the limit."""
        left, before = self._left.pop(who, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._rate)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left), now
        while len(self._left) > MOST_REMOTES:
            self._left.popitem(last=False)
        return allowed


def _name_of(host: str) -> str:
    """Return a Host header without its port."""
    match = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](:\d+)?|([^:]*)(:\d+)?", host)
    return "" if match is None else (match[1] or match[3] or "").lower().rstrip(".")
