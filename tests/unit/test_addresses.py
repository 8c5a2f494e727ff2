"""Which addresses a webhook may have: none that reaches into this machine or its network, however it is written."""

import ipaddress
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from uuid import UUID

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from briefsmith.errors import InvalidReceiver, ReceiverUnavailable
from briefsmith.models.enums import OutputType
from briefsmith.providers.ip_addresses import reach_of
from briefsmith.providers.receivers.addresses import checked_addresses
from briefsmith.providers.receivers.port import Delivery
from briefsmith.providers.receivers.webhooks import Surroundings, Webhook
from briefsmith.schemas.receivers import WebhookTarget, read_receiver
from briefsmith.schemas.web_addresses import IPAddress
from tests.integration.http_story import Waits

PUBLIC = "93.184.216.34"
KEY = b"k" * 32
DELIVERY = Delivery(
    UUID(int=1), UUID(int=2), OutputType.MARKDOWN, "secret text", datetime(2027, 1, 1, tzinfo=UTC)
)

# What names resolve to, for those that an attacker has made.
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localtest.example": ["127.0.0.1"],
    "intranet.example": ["10.1.2.3"],
    "metadata.example": ["169.254.169.254"],
    "mixed.example": [PUBLIC, "192.168.1.1"],
    "mixed6.example": [PUBLIC, "fe80::1%1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "sixtofour.example": ["2002:7f00:1::"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "zero.example": ["0.0.0.0"],  # noqa: S104  Linux takes it for 127.0.0.1
    "xn--lclhst-bua2da.example": ["127.0.0.1"],
}

HOSTILE = [
    # The machine itself, in all its spellings.
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.0.0.1.:443/",
    "https://127.255.255.254/",
    "https://0/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2001:4860::5efe:7f00:1]/",
    "https://[::1%25lo]/",
    "https://[fe80::1%25eth0]/",
    # Its network, and what tells secrets there.
    "https://10.0.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.0.192/",
    "https://192.0.0.9/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[fc00::1]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[fd00:ec2::254]/",
    "https://[2001:db8::1]/",
    # Names that an attacker has made.
    *(f"https://{name}/" for name in NAMES if name != "localhost"),
    # Addresses that two readers read differently.
    f"https://{PUBLIC}@127.0.0.1/",
    f"https://127.0.0.1@{PUBLIC}/",
    f"https://user:password@{PUBLIC}/",
    f"https://{PUBLIC}\\@127.0.0.1/",
    f"https://127.0.0.1\\.{PUBLIC}/",
    "https://127.0.0.1%2f.example/",
    "https://127。0。0。1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://ⓛocalhost/",
    "https://exämple.example/",
    "https://exa mple.example/",
    "https://exam\tple.example/",
    f"https://{PUBLIC}\r\nHost: 127.0.0.1/",
    "https:///127.0.0.1/",
    "https:/127.0.0.1/",
    "https:127.0.0.1",
    "//127.0.0.1/",
    "\\\\127.0.0.1\\share",
    "https://",
    "https://:443/",
    f"https://{PUBLIC}:0/",
    f"https://{PUBLIC}:65536/",
    f"https://{PUBLIC}:80:443/",
    f"https://{PUBLIC}:+443/",
    f"https://{PUBLIC}/#fragment",
    f"https://{PUBLIC}/%zz",
    "https://a..example/",
    "https://-a.example/",
    "https://[v1.fe80]/",
    "https://[::1/",
    "https://hook.example:٤٤٣/",
    # Other ways than https.
    f"http://{PUBLIC}/",
    "http://hook.example/",
    "http://10.0.0.1/",
    "http://[::ffff:10.0.0.1]/",
    "ftp://hook.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:/var/run/docker.sock",
]


class Network(httpx.AsyncBaseTransport):
    """Takes every request, and notes where it would have gone."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204)


class Names:
    """Looks names up in a table; the answers of one name come one after the other, the last one for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[IPAddress]:
        self.asked.append(host)
        if host in NAMES:
            return list(map(ip_address, NAMES[host]))
        found = self.answers.get(host.partition(".")[0])
        if not found:
            message = "no such name"
            raise OSError(message)
        return list(map(ip_address, found[0] if len(found) == 1 else found.pop(0)))


def webhook(url: str, names: Names, network: Network, *, allow_private: bool = False) -> Webhook:
    target = read_receiver(url)
    assert isinstance(target, WebhookTarget)
    world = Surroundings(look_up=names, sleep=Waits(), now=lambda: 1.0, transport=network)
    return Webhook(target, [KEY], allow_private=allow_private, surroundings=world)


# Addresses as text.


@pytest.mark.parametrize("url", HOSTILE)
async def test_nothing_is_sent_to_a_hostile_address(url: str) -> None:
    network = Network()

    for step in ("check", "deliver"):
        with pytest.raises(InvalidReceiver) as caught:
            receiver = webhook(url, Names(), network)
            await (receiver.check() if step == "check" else receiver.deliver(DELIVERY))
        assert "password" not in caught.value.message.replace("a user or a password", "")

    assert network.requests == []


def test_there_are_more_than_50_hostile_addresses() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) > 51


@pytest.mark.parametrize(
    ("url", "connected", "host", "path"),
    [
        ("https://hook.example/a/b?c=d%20e", PUBLIC, "hook.example", "/a/b?c=d%20e"),
        ("HTTPS://Hook.Example", PUBLIC, "hook.example", "/"),
        ("https://hook.example:8443?x", PUBLIC, "hook.example:8443", "/?x"),
        ("https://hook.example:443/", PUBLIC, "hook.example", "/"),
        (f"https://{PUBLIC}/", PUBLIC, PUBLIC, "/"),
        ("https://[2606:4700::1]:1/", "2606:4700::1", "[2606:4700::1]:1", "/"),
        ("https://nat.example/", "64:ff9b::5db8:d822", "nat.example", "/"),
        ("https://xn--bcher-kva.example/", PUBLIC, "xn--bcher-kva.example", "/"),
    ],
)
async def test_an_ordinary_address_is_sent_to_as_it_is(
    url: str, connected: str, host: str, path: str
) -> None:
    network = Network()
    names = Names(
        **{"hook": [[PUBLIC]], "nat": [["64:ff9b::5db8:d822"]], "xn--bcher-kva": [[PUBLIC]]}
    )

    await webhook(url, names, network).deliver(DELIVERY)

    [request] = network.requests
    assert (request.url.host, request.headers["host"]) == (connected, host)
    assert request.url.raw_path.decode() == path
    assert request.extensions["sni_hostname"] == host.rpartition(":")[0].strip("[]") or host


# Names that change.


async def test_a_name_is_looked_up_once_a_try_and_connected_to_as_found() -> None:
    network = Network()
    names = Names(rebinding=[[PUBLIC], ["127.0.0.1"]])

    await webhook("https://rebinding.example/", names, network).deliver(DELIVERY)

    assert names.asked == ["rebinding.example"]
    assert [request.url.host for request in network.requests] == [PUBLIC]


async def test_a_name_that_was_fine_when_it_was_checked_is_refused_when_it_has_turned() -> None:
    network = Network()
    receiver = webhook("https://turning.example/", Names(turning=[[PUBLIC], ["10.0.0.1"]]), network)
    await receiver.check()

    with pytest.raises(InvalidReceiver, match=r"this machine or in a private network"):
        await receiver.deliver(DELIVERY)

    assert network.requests == []


async def test_a_name_that_nobody_knows_is_no_reason_not_to_begin_but_nothing_arrives() -> None:
    network = Network()
    receiver = webhook("https://unknown.example/", Names(), network)
    await receiver.check()

    with pytest.raises(ReceiverUnavailable):
        await receiver.deliver(DELIVERY)

    assert network.requests == []


async def test_a_name_without_any_address_is_as_good_as_unknown() -> None:
    target = WebhookTarget("https", "empty.example", 443, "/")

    with pytest.raises(OSError, match="no address"):
        await checked_addresses(target, Names(empty=[[]]), allow_private=True)


# Where private addresses are allowed.


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/",
        "http://localhost:8000/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "https://10.0.0.1/",
        "https://[fc00::1]/",
        "https://100.64.0.1/",
        "https://mapped.example/",
        "https://mixed.example/",
    ],
)
async def test_a_private_address_can_be_allowed(url: str) -> None:
    network = Network()

    await webhook(url, Names(), network, allow_private=True).deliver(DELIVERY)

    assert len(network.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/",
        "https://metadata.example/",
        "https://nat64.example/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
        "https://zero.example/",
        "https://[fe80::1]/",
        "https://mixed6.example/",
        "https://224.0.0.1/",
        "https://192.0.0.192/",
    ],
)
async def test_some_addresses_are_refused_even_then(url: str) -> None:
    network = Network()

    with pytest.raises(InvalidReceiver, match="nothing is ever sent to"):
        await webhook(url, Names(), network, allow_private=True).deliver(DELIVERY)

    assert network.requests == []


async def test_without_encryption_nothing_leaves_the_machine() -> None:
    target = WebhookTarget("http", "localhost", 80, "/")

    async def elsewhere(host: str, port: int) -> list[IPAddress]:
        return [ip_address("10.0.0.1")]

    with pytest.raises(InvalidReceiver, match="is not encrypted"):
        await checked_addresses(target, elsewhere, allow_private=True)


# Laws of addresses.

any_ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)
special_ipv4 = st.one_of(any_ipv4, st.ip_addresses(v=4))


@given(special_ipv4)
@example(IPv4Address("192.0.0.192"))
@example(IPv4Address("100.127.255.255"))
def test_what_counts_as_public_is_public_to_the_standard_library_too(address: IPv4Address) -> None:
    if reach_of(address) == "public":
        assert address.is_global
        assert not address.is_multicast


@given(special_ipv4)
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address(PUBLIC))
def test_an_address_inside_of_another_reaches_as_far_as_by_itself(address: IPv4Address) -> None:
    number = int(address)

    mapped = IPv6Address(0xFFFF << 32 | number)
    nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) | number)
    sixtofour = IPv6Address(0x2002 << 112 | number << 80 | 1)

    assert {reach_of(one) for one in (mapped, nat64)} == {reach_of(address)}
    assert reach_of(sixtofour) == "never"
    assert reach_of(IPv6Address(number)) in {"never", "private"}
    assert reach_of(IPv6Address(0x20014860 << 96 | 0x5EFE << 32 | number)) == "never"


@given(st.ip_addresses(v=6))
@example(IPv6Address("fe80::1%1"))
@example(IPv6Address("2606:4700::1"))
@example(IPv6Address("2002:b00::"))
def test_an_ipv6_address_is_public_only_in_the_space_that_is_given_out(
    address: IPv6Address,
) -> None:
    if reach_of(address) == "public" and address not in ipaddress.ip_network("64:ff9b::/96"):
        assert address.ipv4_mapped is not None or address in ipaddress.ip_network("2000::/3")
        assert not (address.is_private or address.is_multicast) or address.ipv4_mapped


@given(
    st.text(max_size=40) | st.text("https://.[]@:%127x0a\\#?", max_size=30).map("https://".__add__)
)
def test_any_text_is_a_receiver_or_refused_as_one(text: str) -> None:
    try:
        target = read_receiver(text)
    except InvalidReceiver:
        return
    if isinstance(target, WebhookTarget):
        assert target.authority.isascii()
        assert target.host == target.host.lower()
        assert target.path.startswith("/")
        written = f"{target.scheme}://{target.authority}{target.path}"
        assert read_receiver(written) == target
