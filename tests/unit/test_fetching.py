"""Which addresses are fetched from: those whose host was allowed by name, and that are nowhere near."""

from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.errors import InvalidSetting, SourceUnavailable, UnusableSource
from briefsmith.providers.fetching import Fetched, Fetcher, Web, read_allowed
from briefsmith.schemas.web_addresses import IPAddress, NoWebAddressError, read_web_address
from tests.unit.test_addresses import HOSTILE, NAMES, PUBLIC, Names


class Bytes(httpx.AsyncByteStream):
    """A body that comes in one piece."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


class Site(httpx.AsyncBaseTransport):
    """Answers each request with the next answer, then with a text; notes where it would have gone."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answers:
            return self.answers.pop(0)
        headers = {"content-type": "text/plain"}
        return httpx.Response(200, headers=headers, stream=Bytes(b"a text"))


def fetcher(site: Site, names: Names, *allowed: str) -> Fetcher:
    return Fetcher(read_allowed(allowed), web=Web(look_up=names, transport=site))


def redirect(to: str) -> httpx.Response:
    return httpx.Response(302, headers=[(b"location", to.encode())], stream=Bytes(b""))


def allowing(url: str) -> frozenset[tuple[str, int]]:
    """As if the person had allowed just the host of this address, where it has one."""
    try:
        found = read_web_address(url)
    except NoWebAddressError:
        return frozenset({(PUBLIC, 443), ("127.0.0.1", 443), ("hook.example", 443)})
    return frozenset({(found.host, found.port)})


@pytest.mark.parametrize("url", HOSTILE)
async def test_nothing_is_fetched_from_a_hostile_address_although_its_host_is_allowed(
    url: str,
) -> None:
    site = Site()
    fetching = Fetcher(allowing(url), web=Web(look_up=Names(), transport=site))

    with pytest.raises((UnusableSource, SourceUnavailable)) as caught:
        await fetching.fetch(url)

    assert site.requests == []
    assert "password" not in caught.value.message.replace("a user or a password", "")


@pytest.mark.parametrize("url", HOSTILE)
async def test_no_redirect_leads_to_a_hostile_address(url: str) -> None:
    site = Site(redirect(url))
    allowed = allowing(url) | {("hook.example", 443)}
    fetching = Fetcher(
        frozenset(allowed - {(PUBLIC, 443)}),
        web=Web(look_up=Names(hook=[[PUBLIC]]), transport=site),
    )

    try:
        await fetching.fetch("https://hook.example/page")
    except (UnusableSource, SourceUnavailable):
        pass
    else:
        # What a redirect leaves out comes from the page that redirects; a fragment is not sent.
        assert {request.headers["host"] for request in site.requests} == {"hook.example"}
    assert {request.url.host for request in site.requests} == {PUBLIC}


def test_the_hostile_addresses_are_more_than_50() -> None:
    assert len(HOSTILE) > 51
    assert len(NAMES) > 10


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("site.example", "https://site.example/a?b=c"),
        ("SITE.example.", "HTTPS://Site.Example/"),
        ("site.example:443", "https://site.example/"),
        ("site.example:8443", "https://site.example:8443/"),
        (PUBLIC, f"https://{PUBLIC}/"),
        ("[2606:4700::1]", "https://[2606:4700::1]/"),
        ("xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
    ],
)
async def test_what_is_allowed_by_name_is_fetched(allowed: str, url: str) -> None:
    site = Site()
    names = Names(**{"site": [[PUBLIC]], "xn--bcher-kva": [[PUBLIC]]})

    found = await fetcher(site, names, allowed).fetch(url)

    assert found == Fetched(read_web_address(url).authority, "text/plain", b"a text")
    [request] = site.requests
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("site.example", "https://www.site.example/"),
        ("www.site.example", "https://site.example/"),
        ("site.example", "https://site.example:8443/"),
        ("site.example:8443", "https://site.example/"),
        ("site.example", "https://site.example.evil.example/"),
        ("site.example", "https://evilsite.example/"),
        ("site.example", "https://site.example./"),
        ("site.example", "https://site.example@evil.example/"),
        ("site.example", "https://evil.example/site.example"),
        ("site.example", "http://site.example/"),
        ("site.example", "https://\u017fite.example/"),
    ],
)
async def test_what_only_looks_like_an_allowed_host_is_not_asked(allowed: str, url: str) -> None:
    site = Site()

    with pytest.raises(UnusableSource):
        await fetcher(site, Names(site=[[PUBLIC]], evil=[[PUBLIC]]), allowed).fetch(url)

    assert site.requests == []


async def test_without_any_host_nothing_is_asked_nor_looked_up() -> None:
    names = Names(site=[[PUBLIC]])

    with pytest.raises(UnusableSource, match="BRIEFSMITH_FETCH_ALLOW"):
        await fetcher(Site(), names).fetch("https://site.example/")

    assert names.asked == []


@pytest.mark.parametrize(
    "entry",
    [
        "*",
        "*.example.com",
        "https://site.example",
        "site.example/path",
        "site.example?",
        "site.example..",
        "bücher.example",
        ":443",
        "site.example:0",
        "site.example:x",
        "user@site.example",
        "127.1",
        "a b",
        ".",
    ],
)
def test_what_names_no_host_exactly_is_refused_as_a_setting(entry: str) -> None:
    with pytest.raises(InvalidSetting, match="BRIEFSMITH_FETCH_ALLOW"):
        read_allowed([entry])


@given(st.text(max_size=30) | st.text("sitexample.:8443[]@/*", max_size=20))
def test_any_entry_names_one_host_or_is_refused(entry: str) -> None:
    try:
        [(host, port)] = read_allowed([entry])
    except InvalidSetting:
        return
    literal = f"[{host}]" if ":" in host else host
    assert read_allowed([f"{literal}:{port}"]) == {(host, port)}


async def test_a_redirect_is_followed_to_allowed_hosts_only_and_each_is_looked_up_anew() -> None:
    names = Names(site=[[PUBLIC]], other=[["198.41.0.4"]])
    site = Site(redirect("/next"), redirect("//other.example/x#part"))
    found = await fetcher(site, names, "site.example", "other.example").fetch(
        "https://site.example/"
    )

    assert found.authority == "other.example"
    assert names.asked == ["site.example", "site.example", "other.example"]
    assert [str(request.url) for request in site.requests] == [
        f"https://{PUBLIC}/",
        f"https://{PUBLIC}/next",
        "https://198.41.0.4/x",
    ]

    refused = Site(redirect("https://other.example/"))
    with pytest.raises(UnusableSource, match=r"redirects: The host other\.example is not in"):
        await fetcher(refused, names, "site.example").fetch("https://site.example/")
    assert len(refused.requests) == 1


async def test_a_redirect_to_what_is_not_encrypted_is_not_followed() -> None:
    site = Site(redirect("http://site.example/"))

    with pytest.raises(UnusableSource, match="not encrypted"):
        await fetcher(site, Names(site=[[PUBLIC]]), "site.example").fetch("https://site.example/")


async def test_a_circle_of_redirects_has_an_end() -> None:
    site = Site(*(redirect("/again") for _ in range(50)))

    with pytest.raises(UnusableSource, match="redirects too often"):
        await fetcher(site, Names(site=[[PUBLIC]]), "site.example").fetch("https://site.example/")

    assert len(site.requests) == 6


async def test_a_name_that_turns_between_two_requests_is_refused_at_the_second() -> None:
    names = Names(turning=[[PUBLIC], ["127.0.0.1"]])
    site = Site(redirect("/again"))

    with pytest.raises(UnusableSource, match="on this machine"):
        await fetcher(site, names, "turning.example").fetch("https://turning.example/")

    assert [request.url.host for request in site.requests] == [PUBLIC]


async def test_a_name_with_an_address_of_another_network_is_asked_at_its_next_one() -> None:
    class Half(Site):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "2606:4700::1":
                message = "unreachable"
                raise httpx.ConnectError(message)
            return await super().handle_async_request(request)

    names = Names(both=[["2606:4700::1", PUBLIC]])

    found = await fetcher(Half(), names, "both.example").fetch("https://both.example/")

    assert found.data == b"a text"


async def test_what_nobody_knows_is_told_as_something_that_may_pass() -> None:
    async def unknown(host: str, port: int) -> list[IPAddress]:
        raise OSError

    web = Web(look_up=unknown, transport=Site())
    with pytest.raises(SourceUnavailable) as caught:
        await Fetcher(read_allowed(["site.example"]), web=web).fetch("https://site.example/secret")

    assert caught.value.code == "B612"
    assert "secret" not in str(caught.value.as_dict())
