"""A request must name this server and come from its own pages: on every route there is, Gradio's too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from hypviz.explore.library import Library
from hypviz.server import routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.server import build_site
from tests.server.every_route import every_route, filled
from tests.worlds import TinyWorld

SITE = "http://localhost:7860"
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:8888"},  # another program's page on this machine
    {"Origin": "http://127.0.0.1:7860"},  # another name of the same server is another site to a browser
    {"Origin": "null"},
    {"Origin": "http://localhost:7860.evil.example"},
    {"Origin": "http://localhost:7860@evil.example"},
    {"Origin": "file://"},
    {"Origin": "http://localhost:99999"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
)
OWN = (
    {},
    {"Origin": SITE},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
)


@pytest.fixture(scope="module")
def site(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The whole site on a machine of one's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(tmp_path_factory.mktemp("hosts") / "home"))
        library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
        yield TestClient(build_site(library, "tiny", "tiny"), base_url=SITE, raise_server_exceptions=False)


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(headers.values()))
def test_no_route_answers_a_foreign_page(site: TestClient, headers: dict[str, str]) -> None:
    known = every_route(site.app)
    assert len(known) > 140
    for method, path in known:
        answer = site.request(method, filled(path), headers=headers, follow_redirects=False)
        assert answer.status_code == 403, (method, path)
        if method != "HEAD":
            assert answer.json() == {"error": "Pages of other sites may not use this server."}
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "10.0.0.7:7860", "localhost.evil.example", "", "localhost:x", "a b"])
def test_no_route_answers_to_another_name(site: TestClient, host: str) -> None:
    for method, path in every_route(site.app):
        answer = site.request(method, filled(path), headers={"Host": host}, follow_redirects=False)
        assert answer.status_code == 421, (method, path)
        assert method == "HEAD" or "does not answer to the name" in answer.json()["error"]


@pytest.mark.parametrize("headers", OWN, ids=["a program", "own origin", "own fetch", "typed address"])
def test_own_pages_and_programs_are_answered(site: TestClient, headers: dict[str, str]) -> None:
    assert site.get("/", headers=headers).status_code == 200
    assert site.get("/hypviz/tune/sets", headers=headers).status_code == 200
    assert site.post("/hypviz/tune/jobs", json={"set": "nowhere"}, headers=headers).status_code == 422


def test_a_link_on_another_page_opens_the_page_and_asks_for_nothing_else(site: TestClient) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert site.get("/", headers=followed).status_code == 200
    assert site.post("/hypviz/tune/jobs", json={}, headers=followed).status_code == 403  # a form that posts here


@pytest.mark.parametrize(
    "base", ["http://localhost:7860", "http://127.0.0.1:7860", "http://127.0.0.2:7860", "http://[::1]:7860", "http://LOCALHOST"]
)
def test_this_machine_has_several_names(tiny_world: TinyWorld, home: object, base: str) -> None:
    client = TestClient(routes.build_app(Library(device="cpu")), base_url=base)
    assert client.get("/healthz").status_code == 200
    assert client.post("/hypviz/evaluate/cancel/x", headers={"Origin": base.lower()}).status_code == 200


@pytest.mark.parametrize(
    ("settings", "host", "origin", "status"),
    [
        (EdgeSettings("0.0.0.0", no_auth=True), "192.168.1.5:7860", "http://192.168.1.5:7860", 200),
        (EdgeSettings("0.0.0.0", no_auth=True), "evil.example:7860", "http://evil.example:7860", 421),
        (EdgeSettings("0.0.0.0", no_auth=True, allow_hosts=("lab.example",)), "lab.example", "https://lab.example", 200),
        (EdgeSettings("0.0.0.0", no_auth=True, allow_hosts=("lab.example",)), "lab.example", "https://lab.example:444", 403),
        (EdgeSettings(allow_hosts=("lab.example",)), "127.0.0.1:7860", "https://lab.example", 200),  # a proxy that names us its own way
        (EdgeSettings(allow_hosts=("lab.example:8443",)), "lab.example:8443", "https://lab.example:8443", 200),
        (EdgeSettings("192.168.1.5", no_auth=True), "192.168.1.5:7860", "http://192.168.1.6:7860", 403),
    ],
)
def test_other_names_are_those_that_were_allowed(home: object, settings: EdgeSettings, host: str, origin: str, status: int) -> None:
    client = TestClient(routes.build_app(Library(device="cpu"), settings), base_url=SITE)
    answer = client.post("/hypviz/evaluate/cancel/x", headers={"Host": host, "Origin": origin})
    assert answer.status_code == status, answer.text


def test_what_the_page_does_not_use_of_gradio_is_not_there(site: TestClient) -> None:
    """Among it what fetches other addresses for a client, edits code, and shows who did what."""
    for method, path in [
        ("GET", "/gradio_api/file=http://example.com/a.png"), ("GET", "/gradio_api/proxy=https://x.hf.space/a"), ("GET", "/monitoring"),
        ("POST", "/gradio_api/vibe-edit"), ("GET", "/gradio_api/vibe-code"), ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/process_recording"), ("GET", "/gradio_api/deep_link"), ("GET", "/gradio_api/dev/reload"),
        ("GET", "/gradio_api/file=/etc/passwd"), ("GET", "/gradio_api/runs"),
    ]:  # fmt: skip
        assert site.request(method, path).status_code == 404, path
    assert site.get("/gradio_api/info").status_code == 200 and site.get("/config").status_code == 200


def test_every_answer_carries_the_policy_and_an_id(site: TestClient) -> None:
    for path in ("/", "/hypviz/tune/sets", "/healthz", "/hypviz/assets/disk/disk.js", "/nowhere"):
        headers = site.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"] and len(headers["x-request-id"]) == 8
        assert headers["x-content-type-options"] == "nosniff"
    assert "default-src" in site.get("/", headers={"Host": "evil.example"}).headers["content-security-policy"]
