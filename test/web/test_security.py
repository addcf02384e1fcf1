# SPDX-License-Identifier: Apache-2.0
"""Who may use the screen, and what everybody else gets."""

from __future__ import annotations

import datetime
import gc
import http.client
import json
import os
import socket
import ssl
import stat
import struct
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from web_fixtures import Served, until

from dwpose_ros.web import certificate
from dwpose_ros.web.address import announcement, names_of_this_machine, qr_code
from dwpose_ros.web.security import Access, RateLimit, is_loopback, load_token

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)


def ask(served, path: str, method: str = "GET", body: str | None = None, **headers: str):
    """A request with exactly these headers; status, headers and body."""
    url = served.url
    port = served.server.port
    if url.startswith("https"):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=20, context=ssl._create_unverified_context()
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


WEBSOCKET = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec_WebSocket_Version": "13",
}


def test_every_answer_forbids_scripts_of_others(serve):
    served = serve()
    for path in ("/", "/captures", "/nothing", "/static/person.js", "/api/captures"):
        _, headers, _ = ask(served, path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_name_of_another_site_that_leads_here_is_refused(serve):
    served = serve()
    assert ask(served, "/", Host="evil.example")[0] == 403
    for host in ("localhost:9", "127.0.0.1", "[::1]:80"):
        assert ask(served, "/", Host=host)[0] == 200


@pytest.mark.parametrize("path", ["/live", "/camera?take=1"])
def test_only_own_pages_open_websockets(serve, path):
    served = serve()
    host = f"localhost:{served.server.port}" if served.url else ""
    status = {
        origin: ask(
            served, path, Host=host, **WEBSOCKET, **({"Origin": origin} if origin else {})
        )[0]
        for origin in ("http://evil.example", "null", "", f"https://{host}")
    }
    assert set(status.values()) == {403}
    assert not served.site.hub.viewers and not served.site.camera.connected


def test_only_own_pages_change_anything(serve, captured):
    name = captured("face", 1_700_000_000)
    served = serve()
    path, change = f"/api/captures/{name}", "/api/nodes/pose/parameters"
    assert ask(served, path, "DELETE", Origin="http://evil.example")[0] == 403
    assert ask(served, path, "DELETE")[0] == 403
    assert ask(served, change, "POST", "{}", Origin="http://evil.example")[0] == 403
    assert ask(served, path + "/image")[0] == 200 and not served.backend.asked


class TestToken:
    """On all addresses, nothing is had without the token."""

    @pytest.fixture
    def served(self, serve):
        return serve(host="0.0.0.0")

    def test_without_it_nothing_is_had(self, served):
        for path in ("/api/captures", "/static/person.js", "/api/texts/en", "/live"):
            assert ask(served, path)[0] == 403
        status, _, body = ask(served, "/")
        assert status == 403 and b"needs the token" in body
        assert ask(served, "/?token=" + 32 * "A")[0] == 403

    def test_the_address_brings_it_and_a_cookie_keeps_it(self, served):
        token = served.server.token
        status, headers, _ = ask(served, f"/?token={token}")
        cookie = headers["Set-Cookie"]
        assert status == 200
        for part in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
            assert part in cookie
        kept = cookie.split(";")[0]
        assert ask(served, "/api/captures", Cookie=kept)[0] in (200, 404)
        assert ask(served, "/api/texts/en", Cookie=kept)[0] == 200
        wrong = kept[:-1] + ("x" if kept[-1] != "x" else "y")
        assert ask(served, "/api/texts/en", Cookie=wrong)[0] == 403
        # It does not end while pages are loaded.
        for path in ("/", "/captures", "/api/texts/en"):
            assert ask(served, path, Cookie=kept)[1]["Set-Cookie"] == cookie
        assert "Set-Cookie" not in ask(served, "/static/person.js", Cookie=kept)[1]
        assert "Set-Cookie" not in ask(served, "/")[1]

    def test_who_guesses_is_slowed_down(self, served):
        answers = [ask(served, f"/?token={i:032}")[0] for i in range(30)]
        assert answers[0] == 403 and answers[-1] == 429

    def test_the_certificate_is_told(self, served):
        told = (served.url, served.server.announcement())[1]
        lines = told.splitlines()
        assert served.server.token in lines[0] and lines[0].startswith("the screen is at https://")
        der = ssl.PEM_cert_to_DER_cert(
            ssl.get_server_certificate(("127.0.0.1", served.server.port))
        )
        assert certificate._fingerprint(der) in lines[-1]
        assert len(lines) > 15  # the QR code


def test_the_token_is_kept_and_secret(tmp_path):
    token = load_token(tmp_path / "screen")
    file = tmp_path / "screen" / "token"
    assert len(token) == 32 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_token(tmp_path / "screen") == token
    os.chmod(file, 0o644)  # others may have read it
    assert load_token(tmp_path / "screen") != token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_certificate_is_made_once_and_renewed_in_time(tmp_path):
    made = certificate.own(tmp_path, ["localhost", "192.0.2.7"], NOW)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert certificate.own(tmp_path, ["localhost", "192.0.2.7"], NOW) == made
    assert certificate.own(tmp_path, ["localhost"], NOW) == made
    later = NOW + datetime.timedelta(days=380)
    assert certificate.own(tmp_path, ["localhost"], later) != made
    assert certificate.own(tmp_path, ["192.0.2.8"], NOW) != made
    assert isinstance(made.context(), ssl.SSLContext)


def test_systems_that_take_turns_share_a_certificate(tmp_path):
    """People who have compared its SHA-256 once need not do so each time."""
    certificate.own(tmp_path, ["localhost"], NOW)
    both = certificate.own(tmp_path, ["192.0.2.8"], NOW)
    assert certificate.own(tmp_path, ["localhost"], NOW) == both


def test_a_key_of_another_certificate_is_not_kept(tmp_path):
    """As where the machine was switched off between the two files."""
    certificate.own(tmp_path / "other", ["localhost"], NOW)
    made = certificate.own(tmp_path, ["localhost"], NOW)
    made.key.write_bytes((tmp_path / "other" / "key.pem").read_bytes())
    certificate.own(tmp_path, ["localhost"], NOW).context()


def test_two_systems_that_start_together_make_one_certificate(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: certificate.own(tmp_path, ["localhost"], NOW), range(8)))
    assert len(set(made)) == 1
    made[0].context()


@pytest.mark.parametrize("name", ["certificate", "key"])
def test_a_certificate_needs_its_key(tmp_path, serve, name):
    (tmp_path / "a.pem").write_text("")
    with pytest.raises(certificate.CertificateError, match=r"a\.pem, but .* is empty: give both"):
        serve(**{name: str(tmp_path / "a.pem")})


def test_a_certificate_that_cannot_be_used_says_so(tmp_path, serve):
    (tmp_path / "c.pem").write_text("nonsense")
    (tmp_path / "k.pem").write_text("nonsense")
    with pytest.raises(certificate.CertificateError, match="c.pem.*PEM"):
        certificate.given(tmp_path / "c.pem", tmp_path / "k.pem")
    with pytest.raises(certificate.CertificateError, match="none.pem"):
        certificate.given(tmp_path / "none.pem", tmp_path / "k.pem")


def test_a_port_that_is_taken_is_told_once_and_tried_again(serve, monkeypatch):
    monkeypatch.setattr("dwpose_ros.web.server.AGAIN_S", 0.05)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        served = serve(port=port)
        assert f"port {port} of 127.0.0.1 is taken" in until(lambda: served.troubles)[0]
    assert served.url == f"http://127.0.0.1:{port}/"
    assert ask(served, "/")[0] == 200 and len(served.troubles) == 1


def test_requests_are_limited(serve):
    served = serve()
    answers = [ask(served, "/api/kept")[0] for _ in range(420)]
    assert answers[0] == 200 and 429 in answers


def test_a_large_request_is_refused(serve):
    served = serve()
    origin = served.url.rstrip("/")
    body = json.dumps({"name": "x" * 100_000, "value": 1})
    status, _, _ = ask(
        served, "/api/nodes/pose/parameters", "POST", body, Origin=origin, Host=origin[7:]
    )
    assert status == 413


def test_the_rate_limit_lets_go_again():
    limit = RateLimit(rate=2.0, burst=3.0)
    assert [limit.allows("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b", 0.0) and not limit.allows("a", 0.2) and limit.allows("a", 0.6)
    for i in range(5000):
        limit.allows(str(i), 1.0)
    assert len(limit._left) <= 1000


@pytest.mark.parametrize(
    "host, alone",
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.4", False), ("robot", False), ("", False)],
)  # fmt: skip
def test_which_addresses_are_this_machine_alone(host, alone):
    assert is_loopback(host) == alone


def test_ports_have_cookies_of_their_own():
    assert Access("t", 1, True).cookie != Access("t", 2, True).cookie


def test_the_announcement_of_this_machine_alone_is_one_line():
    assert announcement("http://127.0.0.1:8133/", "", "") == (
        "the screen is at http://127.0.0.1:8133/"
    )
    assert len({len(line) for line in qr_code("https://example.org/").splitlines()}) == 1
    assert "localhost" in names_of_this_machine("0.0.0.0")


@pytest.mark.parametrize("path", ["/nothing", "/%0A", "/a%0Ab", "//"])
def test_what_is_not_there_is_guarded_too(serve, path):
    served = serve()
    assert ask(served, path)[0] == 404
    status, headers, _ = ask(served, path, Host="evil.example")
    assert status == 403 and "Content-Security-Policy" in headers


def test_who_is_gone_before_the_answer_is_no_error(serve, caplog):
    served = serve()
    host, port = served.url.split("/")[2].split(":")
    upgrade = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in WEBSOCKET.items())
    origin = f"Host: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
    asked = [
        *(f"GET {path} HTTP/1.1\r\n{origin}{upgrade}\r\n" for path in ("/live", "/camera")),
        f"POST /api/nodes/left/pose/parameters HTTP/1.1\r\n{origin}Content-Length: 99\r\n\r\n{{",
    ] * 10
    for request in asked:
        with socket.create_connection((host, int(port))) as gone:
            gone.sendall(request.encode())
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ask(served, "/")[0] == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    "body, kind",
    [
        ('{"type": "double", "name": "max_age", "value": 1' + "0" * 400 + "}", "application/json"),
        ("{}", "application/json; charset=foo"),
    ],
)
def test_a_change_that_cannot_be_read_is_refused(serve, body, kind):
    served = serve()
    host = served.url.split("/")[2]
    path = "/api/nodes/left%2Fpose/parameters"
    given = {"Host": host, "Origin": f"http://{host}", "Content_Type": kind}
    assert ask(served, path, "POST", body, **given)[0] == 400


def test_a_server_that_has_answered_can_be_let_go(tmp_path):
    """aiohttp keeps what it makes of middlewares for ever, and with it whom they refer to. Then a
    node that has shown a page cannot leave DDS before its process ends.
    """
    served = Served(tmp_path)
    assert ask(served, "/")[0] == 200 and ask(served, "/nothing")[0] == 404
    served.stop()
    site = weakref.ref(served.site)
    del served
    gc.collect()
    assert site() is None
