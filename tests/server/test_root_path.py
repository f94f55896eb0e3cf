"""A server below a proxy's path, and in frames: as strict as without either, on every route."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from hypviz.errors import SettingsError
from hypviz.explore.library import Library
from hypviz.server import routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.edge.root_path import OWN, checked_root_path
from hypviz.server.edge.users import write_user
from hypviz.server.page_html import at_its_own_address
from hypviz.server.server import build_site
from tests.server.every_route import every_route, filled
from tests.server.test_hosts import FOREIGN, SITE
from tests.worlds import TinyWorld

PREFIX = "/user/a%40b/proxy/7860"
FRAMER = "https://lab.example"


@pytest.fixture(scope="module")
def site(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The whole site below a path, and in frames of one other site."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(tmp_path_factory.mktemp("below") / "home"))
        library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
        settings = EdgeSettings(root_path=PREFIX, frame_ancestors=(FRAMER,)).checked()
        yield TestClient(build_site(library, "tiny", "tiny", settings), base_url=SITE, raise_server_exceptions=False)


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(headers.values()))
def test_no_route_answers_a_foreign_page_with_or_without_the_path(site: TestClient, headers: dict[str, str]) -> None:
    framed = headers.get("Sec-Fetch-Dest") == "iframe"
    for method, path in every_route(site.app):
        for below in ("", PREFIX):
            answer = site.request(method, below + filled(path), headers=headers, follow_redirects=False)
            shown = framed and method in ("GET", "HEAD") and path in ("/", "/hypviz/login")
            assert (answer.status_code != 403) if shown else (answer.status_code == 403), (method, below + path)


def test_no_route_answers_to_another_name_below_the_path(site: TestClient) -> None:
    for method, path in every_route(site.app):
        answer = site.request(method, PREFIX + filled(path), headers={"Host": "evil.example"}, follow_redirects=False)
        assert answer.status_code == 421, (method, path)


def test_routes_below_the_path_are_the_routes(site: TestClient) -> None:
    for path in ("/healthz", "/hypviz/tune/sets", "/config", "/hypviz/assets/disk/disk.js", "/gradio_api/info"):
        inside, below = site.get(path), site.get(PREFIX + path)
        assert (inside.status_code, below.status_code) == (200, 200), path
    for gone in ("/monitoring", "/gradio_api/file=/etc/passwd", "/gradio_api/runs", f"{PREFIX}/config"):
        assert site.get(PREFIX + gone).status_code == 404, gone
    assert site.post(f"{PREFIX}/hypviz/login", content=b"x" * 5000).status_code == 413  # limits are those of the address inside
    assert unquote(site.get(f"{PREFIX}/config").json()["root"]) == SITE + unquote(PREFIX)


def test_a_read_only_server_with_passwords_is_one_below_the_path(tmp_path: Path, home: Path) -> None:
    write_user(tmp_path / "users.json", "ada", "a long password", admin=False)
    settings = EdgeSettings(root_path="/lab", auth=tmp_path / "users.json", read_only=True).checked()
    client = TestClient(routes.build_app(Library(device="cpu"), settings), base_url=SITE)
    assert client.get("/lab/hypviz/tune/sets").status_code == 401
    signing = client.get("/lab/", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (signing.status_code, signing.headers["location"]) == (303, "/lab/hypviz/login")
    assert client.post("/lab/hypviz/tune/jobs", json={}, auth=("ada", "a long password")).status_code == 403
    form = {"name": "ada", "password": "a long password"}
    signed = client.post("/lab/hypviz/login", data=form, follow_redirects=False)
    assert signed.headers["location"] == "/lab/" and "; Path=/lab;" in signed.headers["set-cookie"]


@pytest.mark.parametrize(
    ("given", "written"),
    [("", ""), ("/", ""), ("/proxy/7860", "/proxy/7860"), ("/a/", "/a"), ("/user/a@b/x", "/user/a@b/x"), ("/user/ü", "/user/%C3%BC")],
)
def test_a_path_is_written_as_browsers_write_it(given: str, written: str) -> None:
    assert checked_root_path(given) == written == checked_root_path(written)


@pytest.mark.parametrize(
    "given",
    ["proxy", "http://lab.example/x", "/a//b", "/../x", "/a/%2e%2e/b", "/a?b", "/a#b", "/a%2Fb", "/a\r\nb", "/a;b", "/" + "x" * 501],
)
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="--root-path is the path that a proxy"):
        EdgeSettings(root_path=given).checked()


@pytest.mark.parametrize("first", OWN)
def test_a_path_that_is_an_address_of_the_server_itself_is_refused(first: str) -> None:
    with pytest.raises(SettingsError, match="could not be told apart"):
        EdgeSettings(root_path=f"/{first}/x").checked()


def test_every_first_part_of_an_address_is_known(site: TestClient) -> None:
    """So that a new route cannot be mistaken for a path in front; Gradio's further ones are not served."""
    firsts = {path.split("/")[1] for _, path in every_route(routes.build_app(Library(device="cpu")))}
    assert firsts - {""} <= set(OWN)


@pytest.mark.parametrize(
    ("given", "written"), [("https://Lab.example", "https://lab.example"), ("http://localhost:8888/", "http://localhost:8888")]
)
def test_origins_reach_the_policy(home: Path, given: str, written: str) -> None:
    client = TestClient(routes.build_app(Library(device="cpu"), EdgeSettings(frame_ancestors=(given,)).checked()), base_url=SITE)
    assert client.get("/healthz").headers["content-security-policy"].endswith(f"frame-ancestors 'self' {written}")
    plain = TestClient(routes.build_app(Library(device="cpu")), base_url=SITE)
    assert plain.get("/healthz").headers["content-security-policy"].endswith("frame-ancestors 'self'")


@pytest.mark.parametrize(
    "given", ["*", "lab.example", "https://lab.example/x", "https://a.b; script-src *", "'none'", "https://*", "", "https://a b"]
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="--frame-ancestors names the site"):
        EdgeSettings(frame_ancestors=(given,)).checked()


def test_the_page_keeps_no_address_of_the_server(site: TestClient) -> None:
    page = site.get("/", headers={"X-Forwarded-Host": "hub.example", "X-Forwarded-Proto": "https"}).text
    assert page.count('"root":"./"') == 1 and "hypvizReach" in page and 'href="/' not in page
    start, _, rest = page.partition("window.gradio_api_info = ")  # examples for programs, which name the whole address
    for part in (start, rest.partition("</script>")[2]):
        assert "hub.example" not in part and SITE not in part and unquote(PREFIX) not in part


def test_what_html_escapes_in_an_address_is_found() -> None:
    page = '<head><script>window.gradio_config = {"root":"http://h/a\\u0026b"};</script><script>const root = "http://h/a\\u0026b";'
    assert "http://h" not in at_its_own_address(page)
