"""The whole page behind a reverse proxy that serves it below a path, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from playwright.sync_api import expect
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from hypviz.explore.library import Library
from hypviz.server.edge import EdgeSettings
from hypviz.server.edge.users import write_user
from hypviz.server.server import build_site
from tests.page.browser import OpenPage, serve
from tests.page.proxy import Proxy, proxied
from tests.page.serving import serving
from tests.worlds import TinyWorld

PREFIX = "/user/ada/proxy/7860"
REFUSED = '{"error": "Pages of other sites may not use this server."}'


def site_of(world: TinyWorld, **settings: object) -> object:
    library = Library(device="cpu", extra={"tiny": world.workspace})
    checkpoint = library.add_checkpoint(str(world.checkpoint))
    # A test's proxy has a port of its own, which --allow-host would name; the names of this machine are allowed without.
    return build_site(library, "tiny", checkpoint, EdgeSettings(**settings).checked())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(tmp_path_factory.mktemp("proxy") / "home"))
        with serving(site_of(tiny_world, root_path=PREFIX)) as address:
            yield address


@pytest.mark.parametrize("strips", [True, False], ids=["strips", "keeps"])
def test_the_page_works_below_a_path(site: str, open_page: OpenPage, strips: bool) -> None:
    with proxied(Proxy(site, PREFIX, strips)) as proxy:
        page = open_page("about:blank", viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{proxy.address}{PREFIX}/")
        page.wait_for_selector("#hv-explorer .hv-root[data-ready]")
        page.evaluate("hypvizExplorer.walk({row: 0})")
        page.wait_for_function("() => hypvizExplorer.state().answer?.row === 0")
        expect(page.locator("#hv-unreached")).to_have_count(0)
        page.evaluate("hypvizOpen('demo', null)")
        page.wait_for_function("() => hypvizExplorer.disk().paint.n > 1000")
        for tab, part in (("Evaluate", "hypvizEvaluator"), ("Annotate", "hypvizAnnotator")):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_function(f"() => window.{part}")
        page.wait_for_load_state("networkidle")
        fetched = [url for url in asked if url.startswith("http")]
        assert len(fetched) > 60
        assert [url for url in fetched if not url.startswith(f"{proxy.address}{PREFIX}/")] == []
        assert proxy.outside == []


def test_an_address_without_its_last_slash_leads_to_the_page(site: str) -> None:
    answer = httpx.get(f"{site}{PREFIX}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{PREFIX}/")
    assert httpx.get(f"{site}{PREFIX}/").status_code == 200 and httpx.get(f"{site}/").status_code == 200
    assert httpx.get(f"{site}{PREFIX}{PREFIX}/").status_code == 404  # it is taken off once
    assert httpx.get(f"{site}/user/ada/proxy/78601/").status_code == 404


@pytest.mark.parametrize(("strips", "keeps_host"), [(True, True), (False, True), (True, False)])
def test_a_program_asks_through_the_proxy(site: str, strips: bool, keeps_host: bool) -> None:
    with proxied(Proxy(site, PREFIX, strips, keeps_host)) as proxy:
        client = Client(f"{proxy.address}{PREFIX}/", verbose=False)
        assert "tiny" in str(client.predict(api_name="/names"))
        assert proxy.outside == []


def test_a_proxy_that_names_the_server_its_own_way(tiny_world: TinyWorld, open_page: OpenPage, home: Path) -> None:
    proxy = Proxy("", PREFIX, strips=True, keeps_host=False)
    with proxied(proxy):
        public = proxy.address.removeprefix("http://")
        with serving(site_of(tiny_world, root_path=PREFIX, allow_hosts=(public,))) as address:
            proxy.target = address
            page = open_page(f"{proxy.address}{PREFIX}/")
            page.wait_for_selector("#hv-explorer .hv-root[data-ready]")
            assert proxy.outside == []


def test_signing_in_and_out_and_its_cookie_keep_to_the_path(tiny_world: TinyWorld, open_page: OpenPage, tmp_path: Path, home: Path) -> None:
    users = tmp_path / "users.json"
    write_user(users, "ada", "a long password", admin=True)
    site = site_of(tiny_world, root_path=PREFIX, auth=users)
    with serving(site) as address, proxied(Proxy(address, PREFIX, strips=True)) as proxy:
        page = open_page(f"{proxy.address}{PREFIX}/")
        assert page.url == f"{proxy.address}{PREFIX}/hypviz/login"
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("a long password")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#hv-explorer .hv-root[data-ready]")
        assert page.url.startswith(f"{proxy.address}{PREFIX}/")
        (session,) = page.context.cookies()
        assert session["path"] == PREFIX and session["httpOnly"] and session["sameSite"] == "Lax"
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{proxy.address}{PREFIX}/hypviz/login")
        assert page.context.cookies() == [] and proxy.outside == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: PlainTextResponse("no such thing", 404), "the answer has status 404"),
        (
            lambda: Response(REFUSED, 403),
            "“Pages of other sites may not use this server”",
        ),
        (lambda: HTMLResponse("<p>Sign in to the hub"), "perhaps a sign-in of the proxy"),
    ],
    ids=["another path", "another name", "a sign-in"],
)
def test_a_queue_that_is_not_reached_is_one_sentence(site: str, open_page: OpenPage, broken: object, words: str) -> None:
    def breaks(path: str) -> Response | None:
        return broken() if "/queue/join" in path else None  # type: ignore[operator]

    with proxied(Proxy(site, PREFIX, strips=True, breaks=breaks)) as proxy:
        page = open_page(f"{proxy.address}{PREFIX}/")
        told = page.locator("#hv-unreached")
        expect(told).to_contain_text(words)
        expect(told).to_contain_text(f"at {proxy.address}{PREFIX}/gradio_api/queue/join")
        expect(told).to_contain_text(f"hypviz is to be started with --root-path {PREFIX}")
        assert told.inner_text().count(". ") == 0


def test_a_proxy_that_holds_answers_back_is_one_sentence(site: str, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.clock.install()
    page.route("**/gradio_api/queue/data*", lambda route: None)  # never answered
    page.goto(f"{site}/")
    page.wait_for_selector("#hv-explorer")
    page.wait_for_timeout(1500)
    page.clock.fast_forward(40_000)
    expect(page.locator("#hv-unreached")).to_contain_text("nothing came for 30 seconds")


def test_files_that_do_not_come_are_one_sentence(site: str, open_page: OpenPage) -> None:
    def breaks(path: str) -> Response | None:
        return PlainTextResponse("", 404) if path.startswith("/assets/index") and path.endswith(".js") else None

    with proxied(Proxy(site, PREFIX, strips=True, breaks=breaks)) as proxy:
        page = open_page(f"{proxy.address}{PREFIX}/")
        expect(page.locator("#hv-unreached")).to_contain_text(f"cannot load its own file {proxy.address}{PREFIX}/assets/index")


FRAME = '<!doctype html><title>a notebook</title><iframe src="{}" width="1200" height="800"></iframe>'


def test_another_site_shows_it_in_a_frame_only_where_allowed(tiny_world: TinyWorld, open_page: OpenPage, home: Path) -> None:
    files: dict[str, bytes | Path] = {}
    with serve(files) as other:  # 127.0.0.1, while the page is at localhost: another site to a browser
        with serving(site_of(tiny_world, frame_ancestors=(other,))) as address:
            files["/"] = FRAME.format(f"{address}/").encode()
            page = open_page(f"{other}/")
            frame = page.frame_locator("iframe")
            expect(frame.locator("#hv-explorer .hv-root[data-ready]")).to_be_visible()
        with serving(site_of(tiny_world)) as address:
            files["/"] = FRAME.format(f"{address}/").encode()
            answers = []
            page = open_page("about:blank")
            page.on("response", lambda answer: answers.append((answer.url, answer.status)))
            page.goto(f"{other}/")
            page.wait_for_timeout(1500)
            assert (f"{address}/", 403) in answers and page.frames[1].query_selector("#hv-explorer") is None
