"""Files are fetched only from hosts that the installation names (RECEIPT_HOSTS)."""

from __future__ import annotations

import pytest

from pleo_export.errors import Misconfigured
from pleo_export.receipts.hosts import ForeignHost, ReceiptHosts

HOSTS = ReceiptHosts.parse(" Files.Example.com, receipts.eu.example.org ,http://127.0.0.1:8080/")


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.com/a.pdf?X-Signature=a%2Fb",
        "https://FILES.example.com./a",
        "https://eu.west.files.example.com/a",
        "https://files.example.com:443/a",
        "https://receipts.eu.example.org/",
        "http://127.0.0.1:8080/files/a.pdf?ends=1",
    ],
)
def test_given_a_host_of_the_list_then_its_files_may_be_fetched(url: str) -> None:
    assert HOSTS.admit(url).lower() == url.lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.com/a",
        "https://files.example.com:8443/a",
        "https://example.com/a",
        "https://notfiles.example.com/a",
        "https://files.example.com.evil.net/a",
        "https://evil.net/files.example.com",
        "https://evil.net#files.example.com",
        "https://evil.net?files.example.com",
        "https://evil.net\\@files.example.com/a",
        "https://files.example.com\\.evil.net/a",
        "https://user:secret@files.example.com/a",
        "https://files.example.com@evil.net/a",
        "https://127.0.0.1:8080/a",
        "http://127.0.0.1/a",
        "http://127.0.0.1:8081/a",
        "http://localhost:8080/a",
        "http://[::1]:8080/a",
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://files.example.c\u043em/a",
        "ftp://files.example.com/a",
        "file:///etc/passwd",
        "//files.example.com/a",
        "/files/a",
        "https://",
        "https://files.example.com:port/a",
        "",
    ],
)
def test_given_any_other_address_then_it_is_not_called(url: str) -> None:
    with pytest.raises(ForeignHost) as refusal:
        HOSTS.admit(url)
    assert "/" not in str(refusal.value)


@pytest.mark.parametrize(
    "setting",
    [
        "",
        " , ",
        "com",
        "https://files.example.com",
        "*.example.com",
        "http://127.0.0.1",
        "http://10.0.0.1:80",
        "10.0.0.1",
    ],
)
def test_given_a_wrong_setting_then_it_is_refused_with_an_example(setting: str) -> None:
    with pytest.raises(Misconfigured, match=r"RECEIPT_HOSTS: .*for example 'files\.example\.com"):
        ReceiptHosts.parse(setting)
