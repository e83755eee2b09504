"""Webhooks go to the public internet alone, however an address is written, and to the address that was checked."""

import http.server
import ipaddress
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.certificates import certificate
from rollforward.errors import UsageError
from rollforward.surfaces.notices.addresses import PrivateAddressError, address_for, is_public, resolved
from rollforward.surfaces.notices.posting import UnansweredError, WebPost, post_from_environment

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0",  # noqa: S104
    "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1",
    "64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:a00:1::", "2002:7f00:1::1", "2001:0:a00:1::", "2001:db8::1",
    "nonsense", "",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
NETWORKS = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_within_is_refused(address):
    assert not is_public(address)
    with pytest.raises(PrivateAddressError, match="ROLLFORWARD_WEBHOOKS_PRIVATE"):
        address_for("hooks.example.com", 443, lambda *_: [address], private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_taken(address):
    assert address_for("hooks.example.com", 443, lambda *_: [address], private=False) == address


@given(st.sampled_from(NETWORKS), st.integers(min_value=0), st.sampled_from(["{}", "::ffff:{}", "64:ff9b::{}"]))
def test_no_way_of_writing_leads_within(network, number, written):
    assert not is_public(written.format(network[number % network.num_addresses]))


def test_one_private_address_among_several_is_enough_to_refuse():
    with pytest.raises(PrivateAddressError):
        address_for("hooks.example.com", 443, lambda *_: ["1.1.1.1", "10.0.0.1"], private=False)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "0"])
def test_the_systems_own_ways_of_writing_this_machine_lead_nowhere(host):
    with pytest.raises(PrivateAddressError):
        address_for(host, 443, resolved, private=False)


# -- over a real connection, on this machine -------------------------------------------------------------------------


class Taker(http.server.BaseHTTPRequestHandler):
    """Notes what it gets, and answers as it is told."""

    status, drips = 204, False

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.got.append((self.path, self.headers["Host"], self.rfile.read(length)))
        if self.server.drips:
            for _ in range(1000):
                self.wfile.write(b"H")
                self.server.pause.wait(0.05)
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def taking(status=204, *, context=None, drips=False):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.daemon_threads = True
    server.got, server.status, server.drips, server.pause = [], status, drips, threading.Event()
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.pause.set()
        server.shutdown()
        server.server_close()


def here(*_):
    return ["127.0.0.1"]


def test_it_connects_to_the_address_that_was_checked_under_the_hosts_name():
    asked = []

    def once(host, port):
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["10.9.9.9"]

    with taking() as server:
        port = server.server_port
        assert WebPost(private=True, resolve=once)(f"http://hooks.example.com:{port}/mrr?a=1", {}, b"{}") == 204
    assert asked == [("hooks.example.com", port)]
    assert server.got == [("/mrr?a=1", f"hooks.example.com:{port}", b"{}")]


def test_a_redirect_is_an_answer_and_nothing_goes_there():
    with taking(302) as server:
        url = f"http://hooks.example.com:{server.server_port}/mrr"
        assert WebPost(private=True, resolve=here)(url, {}, b"{}") == 302
    assert len(server.got) == 1


def test_nothing_is_sent_to_a_private_address_or_without_encryption_unless_allowed(monkeypatch):
    with taking() as server:
        for url in (f"http://127.0.0.1:{server.server_port}/", f"https://127.0.0.1:{server.server_port}/"):
            with pytest.raises(UsageError, match="ROLLFORWARD_WEBHOOKS_PRIVATE"):
                WebPost()(url, {}, b"{}")
        assert server.got == []
        monkeypatch.setenv("ROLLFORWARD_WEBHOOKS_PRIVATE", "yes")
        assert post_from_environment()(f"http://127.0.0.1:{server.server_port}/", {}, b"{}") == 204


def test_an_answer_that_comes_drop_by_drop_is_cut_off():
    with taking(drips=True) as server:
        url = f"http://hooks.example.com:{server.server_port}/"
        with pytest.raises(UnansweredError):
            WebPost(private=True, resolve=here, seconds=0.3)(url, {}, b"{}")


def test_who_does_not_listen_does_not_answer():
    with taking() as server:
        url = f"http://hooks.example.com:{server.server_port}/"
    with pytest.raises(UnansweredError, match=r"hooks\.example\.com"):
        WebPost(private=True, resolve=here, seconds=2)(url, {}, b"{}")


def test_a_certificate_has_to_be_that_of_the_hosts_name(tmp_path):
    serving, trusting = certificate(tmp_path, "hooks.example.com")
    with taking(context=serving) as server:
        post = WebPost(private=True, resolve=here, trusted=trusting, seconds=5)
        assert post(f"https://hooks.example.com:{server.server_port}/", {}, b"{}") == 204
        with pytest.raises(UnansweredError, match="certificate"):
            post(f"https://other.example.com:{server.server_port}/", {}, b"{}")
        with pytest.raises(UnansweredError, match="certificate"):
            WebPost(private=True, resolve=here, seconds=5)(f"https://hooks.example.com:{server.server_port}/", {}, b"")
    assert len(server.got) == 1
