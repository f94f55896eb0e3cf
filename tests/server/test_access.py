"""Who is let in: passwords are hashed and tried a few times only, sessions end, a read-only server changes nothing for anybody."""

from __future__ import annotations

import base64
import json
import re
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from hypviz.errors import SettingsError
from hypviz.explore.library import Library
from hypviz.server import routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.edge.access import Access, TooManyError
from hypviz.server.edge.gate import QUESTIONS
from hypviz.server.edge.rate import KEPT, Attempts, network_of
from hypviz.server.edge.users import Users, hash_password, is_password, read_users, remove_user, write_user
from hypviz.server.server import _announce, addresses, build_site
from tests.server.every_route import every_route, filled
from tests.worlds import TinyWorld

SITE = "http://localhost"
RIGHT = {"name": "ada", "password": "correct horse"}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("users") / "users.json"
    write_user(path, "ada", "correct horse", admin=True)
    write_user(path, "bob", "battery staple", admin=False)
    return path


def client_of(users: Path, **options: object) -> TestClient:
    app = routes.build_app(Library(device="cpu"), EdgeSettings("0.0.0.0", auth=users))
    return TestClient(app, base_url=SITE, follow_redirects=False, **options)  # type: ignore[arg-type]


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_passwords_are_kept_as_salted_hashes_that_only_their_owner_can_read(users: Path) -> None:
    text = users.read_text()
    assert "horse" not in text and text.count("scrypt$15$8$3$") == 2 and users.stat().st_mode & 0o077 == 0
    assert hash_password("correct horse") != hash_password("correct horse")
    known = read_users(users)["ada"].password
    assert is_password("correct horse", known) and not is_password("correct hors", known) and not is_password("x" * 300, known)


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [("a b", "long enough", "A user's name"), ("", "long enough", "name"), ("ada", "short", "8 to 256"), ("ada", "x" * 257, "8 to 256")],
)
def test_a_name_or_password_that_cannot_be_is_refused(tmp_path: Path, name: str, password: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        write_user(tmp_path / "u.json", name, password, admin=False)
    assert not (tmp_path / "u.json").exists()


@pytest.mark.parametrize("content", ["{}", "[]", "no json", '{"users": {"ada": {"password": "plain"}}}', '{"users": {}}'])
def test_a_file_that_names_no_user_lets_no_server_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "u.json").write_text(content)
    with pytest.raises(SettingsError, match=r"user add NAME"):
        Access(EdgeSettings(auth=tmp_path / "u.json"))


def test_without_signing_in_every_route_but_the_way_in_is_closed(users: Path, tiny_world: TinyWorld, home: Path) -> None:
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    client = TestClient(build_site(library, "tiny", "tiny", EdgeSettings("0.0.0.0", auth=users)), base_url=SITE, follow_redirects=False)
    for method, path in every_route(client.app):
        status = client.request(method, filled(path)).status_code
        known = path in ("/healthz", "/hypviz/login") or status == 404  # what of Gradio is not there at all
        assert known or status == 401, (method, path, status)
    answer = client.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/hypviz/login")
    assert "tiny" not in client.get("/hypviz/login").text and client.get("/healthz").status_code == 200


def test_signing_in_opens_and_signing_out_closes(users: Path, home: Path) -> None:
    client = client_of(users)
    assert client.post("/hypviz/login", data={**RIGHT, "password": "wrong one"}).status_code == 401
    answer = client.post("/hypviz/login", data=RIGHT)
    assert answer.status_code == 303 and re.search(
        r"hypviz-7860-session=\S{40,}; Path=/; .*HttpOnly; SameSite=Lax", answer.headers["set-cookie"]
    )
    assert client.get("/hypviz/tune/sets").status_code == 200
    stolen = dict(client.cookies)
    client.post("/hypviz/logout")
    assert client.get("/hypviz/tune/sets").status_code == 401
    assert client_of(users).get("/hypviz/tune/sets", cookies=stolen).status_code == 401


def test_programs_send_name_and_password(users: Path, home: Path) -> None:
    client = client_of(users)
    assert client.get("/hypviz/tune/sets", headers=basic("ada", "correct horse")).status_code == 200
    for wrong in (
        basic("ada", "no"),
        {"Authorization": b"Basic \xb2"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic " + "A" * 5},
    ):
        assert client.get("/hypviz/tune/sets", headers=wrong).status_code == 401


@pytest.mark.parametrize("way", ["form", "basic"])
def test_a_password_can_be_tried_a_few_times_only(users: Path, home: Path, way: str) -> None:
    client = client_of(users)

    def tried(password: str) -> int:
        if way == "form":
            return client.post("/hypviz/login", data={"name": "ada", "password": password}).status_code
        return client.get("/hypviz/tune/sets", headers=basic("ada", password)).status_code

    assert [tried(f"guess {number}") for number in range(6)] == [401] * 5 + [429]
    assert tried("correct horse") == 429  # not even whether it was right is told
    answer = client.post("/hypviz/login", data=RIGHT)
    assert int(answer.headers["retry-after"]) <= 22 and "seconds" in answer.text


def test_a_session_ends_with_its_password_its_user_and_its_time(users: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "u.json"
    path.write_bytes(users.read_bytes())
    access = Access(EdgeSettings(auth=path))
    ada, bob = access.users.all()["ada"], access.users.all()["bob"]  # type: ignore[union-attr]
    first, second, third = access.begin(ada), access.begin(bob), access.begin(ada)
    assert access.of_session(first) is not None and access.of_session("x") is None and access.of_session("") is None
    write_user(path, "ada", "another horse", admin=False)
    assert access.of_session(first) is None and access.of_session(second) is not None
    remove_user(path, "bob")
    assert access.of_session(second) is None and access.of_session(third) is None
    fresh = access.begin(access.users.all()["ada"])  # type: ignore[union-attr]
    now = [access_now()]
    monkeypatch.setattr("hypviz.server.edge.access.time.monotonic", lambda: now[0] + 13 * 3600)
    assert access.of_session(fresh) is None


def access_now() -> float:
    import time

    return time.monotonic()


def test_a_name_that_is_not_known_takes_as_long_as_a_wrong_password(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("hypviz.server.edge.users._scrypt", lambda password, *_: hashed.append(password) or b"")
    known = Users(users)
    hashed.clear()
    known.check("ada", "wrong one"), known.check("nobody", "wrong two")
    assert hashed == ["wrong one", "wrong two"]


def test_tries_come_back_with_time_and_are_not_remembered_without_end() -> None:
    now = [0.0]
    attempts = Attempts(2, 10, clock=lambda: now[0])
    assert [attempts.take("a") for _ in range(3)] == [0, 0, 10] and attempts.take("b") == 0
    now[0] = 10
    assert attempts.take("a") == 0 and attempts.take("a") > 0
    attempts.give_back("a")
    assert attempts.take("a") == 0
    for number in range(KEPT + 50):
        attempts.take(str(number))
    assert len(attempts._buckets) == KEPT
    assert (
        network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:0:1::1") and network_of("10.0.0.1") == "10.0.0.1"
    )


def test_one_person_from_many_addresses_is_stopped_by_the_name(users: Path) -> None:
    access = Access(EdgeSettings(auth=users))
    access.users.check = lambda *_: None  # type: ignore[union-attr, method-assign]
    for number in range(20):
        assert access.check("ada", "guess", f"10.0.{number}.1") is None
    with pytest.raises(TooManyError, match="try again in"):
        access.check("ada", "guess", "10.9.9.9")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lab.example"])
def test_other_machines_are_let_in_only_with_a_word_about_passwords(host: str, users: Path) -> None:
    with pytest.raises(SettingsError, match=r"--auth FILE .* or --no-auth"):
        EdgeSettings(host).checked()
    assert EdgeSettings(host, auth=users).checked() and EdgeSettings(host, no_auth=True).checked()
    with pytest.raises(SettingsError, match="contradict"):
        EdgeSettings(host, auth=users, no_auth=True).checked()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_a_machine_of_ones_own_needs_none(host: str, home: Path) -> None:
    settings = EdgeSettings(host).checked()
    client = TestClient(routes.build_app(Library(device="cpu"), settings), base_url=SITE)
    answer = client.get("/hypviz/tune/sets")
    assert settings.local and answer.status_code == 200 and "set-cookie" not in answer.headers


def test_the_address_that_is_printed_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypviz.server.server._machine_addresses", lambda: ["192.168.1.5"])
    assert addresses("0.0.0.0", 80) == ["http://192.168.1.5:80", "http://127.0.0.1:80"]
    assert addresses("::1", 80) == ["http://[::1]:80"] and addresses("127.0.0.1", 7860) == ["http://127.0.0.1:7860"]
    monkeypatch.setattr("hypviz.server.server._machine_addresses", list)
    assert addresses("0.0.0.0", 80) == ["http://127.0.0.1:80"] and addresses(socket.gethostname(), 8) == [
        f"http://{socket.gethostname()}:8"
    ]


@pytest.mark.parametrize(
    ("settings", "sentence", "warned"),
    [
        (EdgeSettings("0.0.0.0", no_auth=True), "open at http://192.168.1.5:4711 (on this machine also http://127.0.0.1:4711)", True),
        (EdgeSettings(), "open at http://127.0.0.1:4711 (Ctrl-C stops it)", False),
    ],
    ids=["others are let in", "this machine alone"],
)
def test_whoever_starts_a_server_is_told_where_others_reach_it_and_that_they_do(
    settings: EdgeSettings, sentence: str, warned: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    listening = SimpleNamespace(getsockname=lambda: (settings.host, 4711))
    started = SimpleNamespace(started=True, servers=[SimpleNamespace(sockets=[listening])])
    monkeypatch.setattr("hypviz.server.server._machine_addresses", lambda: ["192.168.1.5"])
    with caplog.at_level("INFO"):
        _announce(started, settings, False, lambda: None)  # type: ignore[arg-type]
    assert sentence in caplog.text and ("Everybody who reaches this machine is let in" in caplog.text) == warned


def test_a_read_only_server_refuses_every_change_there_is(tiny_world: TinyWorld, home: Path) -> None:
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    client = TestClient(build_site(library, "tiny", "tiny", EdgeSettings(read_only=True)), base_url=SITE, follow_redirects=False)
    asked = 0
    for method, path in every_route(client.app):
        if method in ("POST", "PUT", "DELETE", "PATCH") and not QUESTIONS.fullmatch(filled(path)):
            answer = client.request(method, filled(path), json={})
            assert answer.status_code in (403, 404), (method, path, answer.status_code)
            asked += answer.status_code == 403
    assert asked >= 20 and not home.exists()
    view = library.open("tiny", "tiny")
    assert client.post(f"/hypviz/view/{view.key}/select", json={"query": {"row": 0}}).status_code == 200
    config = json.dumps(client.get("/config").json())
    assert re.search(r'"label": "Fine-tune", "visible": false', config) or '"visible": false' in config
