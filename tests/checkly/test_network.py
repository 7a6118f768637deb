"""Proxies and certificates, by the variables that other tools read."""

import ssl
from pathlib import Path

import certifi
import pytest

from runner.checkly.network import Proxy, proxy_for, trusted
from runner.errors import UsageError

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("", "https://api.example.com", False),
        ("*", "https://api.example.com", True),
        ("other.com, api.example.com", "https://api.example.com", True),
        ("other.com api.example.com", "https://api.example.com", True),
        ("example.com", "https://api.example.com", True),
        (".example.com", "https://api.example.com", True),
        (".example.com", "https://example.com", True),
        ("*.example.com", "https://api.example.com", True),
        ("EXAMPLE.com.", "https://api.example.com", True),
        ("ample.com", "https://api.example.com", False),
        ("api.example.com:443", "https://api.example.com:443", True),
        ("api.example.com:8443", "https://api.example.com:443", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.1.2.3/8", "https://10.200.0.1", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://api.example.com", False),
        ("10.1.2.3", "https://10.1.2.3:8443", True),
        ("10.1.2.3:8443", "https://10.1.2.3:8443", True),
        ("::1", "https://[2001:db8::1]", False),
        ("2001:db8::1", "https://[2001:db8::1]", True),
        ("[2001:db8::1]", "https://[2001:db8::1]", True),
        ("[2001:db8::1]:443", "https://[2001:db8::1]:443", True),
        ("2001:db8::/32", "https://[2001:db8::1]", True),
        ("fd00::/8,169.254.0.0/16,::1", "https://api.example.com", False),
    ],
)
def test_no_proxy_is_read_as_curl_reads_it(no_proxy: str, url: str, is_direct: bool) -> None:
    found = proxy_for(url, {"https": PROXY, "no": no_proxy})
    assert found == Proxy(None if is_direct else PROXY)


@pytest.mark.parametrize(
    "entry",
    ["http://api.example.com", "10.0.0.0/99", "a/b", ".", "10.*", "a.*.com", "<local>", '"a.com"'],
)
def test_what_no_proxy_can_not_mean_is_named(entry: str) -> None:
    found = proxy_for("https://api.example.com", {"https": PROXY, "no": f"x,{entry}"})
    assert found == Proxy(PROXY, (entry,))


@pytest.mark.parametrize(
    ("settings", "proxy"),
    [
        ({}, None),
        ({"http": PROXY}, None),
        ({"all": "proxy.example:3128"}, PROXY),
        ({"https": PROXY, "all": "http://other"}, PROXY),
    ],
)
def test_the_proxy_of_the_scheme_goes_before_that_of_all(
    settings: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for("https://api.example.com", settings) == Proxy(proxy)


def authorities(context: ssl.SSLContext) -> int:
    return len(context.get_ca_certs())


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_takes_the_place_of_the_usual_certificates(name: str, one: Path) -> None:
    assert authorities(trusted({name: str(one)})) == 1


def test_extra_certificates_come_beside_the_usual_ones(one: Path) -> None:
    usual = authorities(trusted({}))
    assert usual > 50
    assert authorities(trusted({"NODE_EXTRA_CA_CERTS": str(one)})) >= usual
    both = {"NODE_EXTRA_CA_CERTS": str(one), "SSL_CERT_FILE": str(one)}
    assert authorities(trusted(both)) == 1


@pytest.mark.parametrize(
    "name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]
)
@pytest.mark.parametrize("place", ["/nowhere/at/all.pem", "nothing.pem"])
def test_certificates_that_can_not_be_read_are_named(
    name: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nothing.pem").write_text("nothing")
    with pytest.raises(UsageError, match=f"The certificates that {name} names"):
        trusted({name: place})


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A bundle with one certificate."""
    text = Path(certifi.where()).read_text()
    begin = text.index("-----BEGIN")
    end = "-----END CERTIFICATE-----\n"
    path = tmp_path / "one.pem"
    path.write_text(text[begin : text.index(end) + len(end)])
    return path
