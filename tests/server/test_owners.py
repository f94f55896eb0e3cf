"""On a shared server a person's sets, drafts, trainings and pictures are theirs: others look, only they and admins change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from hypviz.access.visitors import LOCAL, Visitor, claim, may_change, owner_of, visitor
from hypviz.annotate import DraftStore
from hypviz.data.corrections import Correction
from hypviz.errors import ForbiddenError, QuotaError, SelectionError
from hypviz.explore.library import Library
from hypviz.explore.uploads import EXPIRY_S, Uploads
from hypviz.server import quota, routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.edge.users import write_user
from hypviz.storage.home import trainings
from tests.conftest import random_picture
from tests.finetune.zips import coco_files, pack
from tests.server.test_tune_routes import bring, refused
from tests.worlds import TinyWorld, picture_bytes

SITE = "http://localhost"
ADA, BOB, EVE = Visitor("user:ada", "ada"), Visitor("user:bob", "bob"), Visitor("user:eve", "eve", admin=True)


class As:
    """The block is done as a visitor."""

    def __init__(self, one: Visitor) -> None:
        self.one = one

    def __enter__(self) -> None:
        self.token = visitor.set(self.one)

    def __exit__(self, *_: object) -> None:
        visitor.reset(self.token)


@pytest.fixture
def people(home: Path, tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, TestClient]:
    """One server with passwords and three signed-in people at it; nothing trains."""
    monkeypatch.setattr("hypviz.finetune.queue.TrainingQueue._work", lambda self: None)
    monkeypatch.setattr("hypviz.server.edge.users.COST", 4)  # quick to hash
    users = tmp_path / "users.json"
    for name in ("ada", "bob", "eve"):
        write_user(users, name, "long enough", admin=name == "eve")
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    app = routes.build_app(library, EdgeSettings("0.0.0.0", auth=users))
    clients = {}
    for name in ("ada", "bob", "eve"):
        clients[name] = TestClient(app, base_url="http://localhost/hypviz/tune/", follow_redirects=False)
        assert clients[name].post(f"{SITE}/hypviz/login", data={"name": name, "password": "long enough"}).status_code == 303
    return clients


def test_a_set_is_removed_by_whoever_brought_it_or_an_admin(
    people: dict[str, TestClient], tiny_world: TinyWorld, tmp_path: Path, home: Path
) -> None:
    content = pack(tmp_path / "a.zip", coco_files(tiny_world)).read_bytes()
    name = bring(people["ada"], content)["set"]
    assert owner_of(home / name) == Visitor("user:ada", "ada")
    assert bring(people["bob"], content)["set"] == name  # the same set: it stays hers
    assert "belongs to ada" in refused(people["bob"].delete(f"set/{name}"), 403)
    assert people["bob"].get(f"set/{name}").status_code == 200  # he may look, and train on it
    assert people["ada"].delete(f"set/{name}").status_code == 200 and not (home / name).exists()
    again = bring(people["ada"], content)["set"]
    assert people["eve"].delete(f"set/{again}").status_code == 200


def test_what_nobody_claimed_is_removed_by_admins_only(
    people: dict[str, TestClient], tiny_world: TinyWorld, tmp_path: Path, home: Path
) -> None:
    name = bring(people["eve"], pack(tmp_path / "a.zip", coco_files(tiny_world)).read_bytes())["set"]
    (home / name / "visitor.json").unlink()
    assert "is not yours" in refused(people["ada"].delete(f"set/{name}"), 403)
    assert people["eve"].delete(f"set/{name}").status_code == 200


def test_a_training_is_ended_kept_and_removed_by_whoever_started_it_or_an_admin(people: dict[str, TestClient]) -> None:
    asked = {"set": "tiny", "checkpoint": "tiny", "depth": "head"}
    number = people["ada"].post("jobs", json=asked).json()["id"]
    assert owner_of(trainings() / number) == Visitor("user:ada", "ada")
    for method, address in [
        ("DELETE", ""),
        ("POST", "/cancel"),
        ("POST", "/stop"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/undo"),
        ("POST", "/keep"),
    ]:
        answer = people["bob"].request(method, f"jobs/{number}{address}", json={"name": "mine"})
        assert "belongs to ada" in refused(answer, 403), address
    assert people["bob"].get(f"jobs/{number}").status_code == 200
    assert people["ada"].post(f"jobs/{number}/pause").status_code == 200 and people["eve"].delete(f"jobs/{number}").status_code == 200


def test_an_evaluation_is_stopped_by_whoever_started_it_or_an_admin(people: dict[str, TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    monkeypatch.setattr("hypviz.evaluation.page.service.EvaluationService.run", lambda self, view, options: SimpleNamespace(id="job1"))
    monkeypatch.setattr("hypviz.evaluation.page.service.EvaluationService.status", lambda self, view, options: {})
    assert people["ada"].post(f"{SITE}/hypviz/evaluate/x/run").status_code == 200
    assert "started by ada" in refused(people["bob"].post(f"{SITE}/hypviz/evaluate/cancel/job1"), 403)
    assert (
        people["eve"].post(f"{SITE}/hypviz/evaluate/cancel/job1").status_code
        == 200
        == people["ada"].post(f"{SITE}/hypviz/evaluate/cancel/job1").status_code
    )


def test_everybody_draws_on_a_copy_of_their_own(home: Path, tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "data")
    drafts = DraftStore(Library(device="cpu", extra={"tiny": world.workspace}))
    box = {"key": "new", "xyxy": [10, 10, 60, 60], "label": "cat"}
    names = {}
    for one in (ADA, BOB, LOCAL):
        with As(one):
            names[one.name] = drafts.draw("tiny", 0, 0, [box])["data"]
    assert len(set(names.values())) == 3 and owner_of(home / names["ada"]) == ADA
    with As(BOB), pytest.raises(ForbiddenError, match="belongs to ada"):
        drafts.apply(names["ada"])
    with As(BOB):  # what he draws on hers goes into a copy, which begins with what she had drawn
        seen = drafts.picture(names["ada"], 0)
        assert len(seen["boxes"]) == 1
        copy = drafts.draw(names["ada"], 0, seen["version"], [])["data"]
        assert copy not in names.values() and owner_of(home / copy) == BOB
        assert drafts.picture(copy, 0)["boxes"] == [] == drafts.picture(names["ada"], 0)["boxes"]
    with As(ADA):
        assert len(drafts.picture(names["ada"], 0)["boxes"]) == 1
        assert drafts.apply(names["ada"])["data"] == names["ada"]


def test_a_correction_is_undone_by_whoever_made_it_or_an_admin(home: Path, tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "data")
    drafts = DraftStore(Library(device="cpu", extra={"tiny": world.workspace}))
    workspace = drafts.open("tiny")[1].workspace
    edges, ids = workspace.hierarchy.edges, workspace.items.item_id
    pairs = [(str(ids[edges.parent[pair]]), str(ids[edges.child[pair]])) for pair in np.flatnonzero(edges.direct)[-2:]]
    with As(ADA):
        for pair in pairs:
            made = drafts.add("tiny", Correction("not", "item", *pair))
    first, second = (one["id"] for one in made["corrections"])
    with As(BOB), pytest.raises(ForbiddenError, match="belongs to ada"):
        drafts.remove(made["data"], first)
    with As(ADA):
        assert [one["id"] for one in drafts.remove(made["data"], first)["corrections"]] == [second]
    with As(EVE):
        assert drafts.remove(made["data"], second)["corrections"] == []


def test_on_a_machine_of_ones_own_all_is_everybodys(home: Path) -> None:
    home.mkdir()
    claim(home)
    assert owner_of(home) is None and may_change(home)
    with As(ADA):
        claim(home)
        assert may_change(home)
    with As(BOB):
        claim(home)  # too late
        assert not may_change(home)
    with As(EVE):
        assert may_change(home)
    assert may_change(home)


def test_a_person_has_only_so_many_sets(people: dict[str, TestClient], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "MAX_SETS", 1)
    (home / "one").mkdir(parents=True)
    with As(ADA):
        claim(home / "one")
    assert "You have 1 sets" in refused(people["ada"].post("set", content=b"x"), 507)
    assert people["bob"].post("set", content=b"x").status_code == 200
    monkeypatch.setattr(quota, "free_bytes", lambda _: 1 << 20)
    assert "room" in refused(people["bob"].post("set", content=b"x"), 507)


def test_a_persons_pictures_push_out_that_persons_only() -> None:
    store, data = Uploads(per_person=2), picture_bytes(random_picture((4, 4)))
    with As(ADA):
        hers = store.add(data, "ada.png")
    with As(BOB):
        his = [store.add(data, f"{number}.png") for number in range(5)]
    assert store.get(hers).name == "ada.png" and [store.get(one).name for one in his[-2:]] == ["3.png", "4.png"]
    with pytest.raises(SelectionError):
        store.get(his[0])


def test_a_full_store_refuses_instead_of_dropping_what_others_have() -> None:
    now, data = [0.0], picture_bytes(random_picture((100, 100)))
    store = Uploads(total=75_000, clock=lambda: now[0])
    with As(ADA):
        hers = [store.add(data, f"{number}.png") for number in range(2)]
    with As(BOB), pytest.raises(QuotaError, match="try again later"):
        store.add(data, "bob.png")
    assert all(store.get(one) for one in hers)
    now[0] = EXPIRY_S + 1
    with As(BOB):
        assert store.get(store.add(data, "bob.png"))
    with pytest.raises(SelectionError):
        store.get(hers[0])


def test_a_picture_stays_when_others_open_other_data(home: Path, tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypviz.explore.library.KEPT_VIEWS", 1)
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace})
    mine = library.open("tiny", str(tiny_world.checkpoint))
    client = TestClient(routes.build_app(library), base_url="http://localhost")
    token = client.post(f"/hypviz/view/{mine.key}/upload", content=picture_bytes(random_picture((50, 40)))).json()["upload"]
    library.open("demo", "demo")  # somebody else
    assert mine.key not in library._views
    answer = client.post(f"/hypviz/view/{mine.key}/select", json={"query": {"upload": token}})
    assert answer.status_code == 200, answer.text


def test_browsers_without_passwords_are_told_apart_by_a_cookie(home: Path, tiny_world: TinyWorld) -> None:
    from hypviz.server.server import build_site

    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    app = build_site(library, "tiny", "tiny", EdgeSettings("0.0.0.0", no_auth=True))
    ids = set()

    @app.get("/hypviz/who")
    def who() -> str:
        return visitor.get().id

    app.router.routes.insert(0, app.router.routes.pop())  # before Gradio's mount
    for _ in range(2):
        client = TestClient(app, base_url="http://localhost")
        assert "HttpOnly; SameSite=Lax" in client.get("/").headers["set-cookie"] and "set-cookie" not in client.get("/").headers
        ids.add(client.get("/hypviz/who").json())
    ids.add(TestClient(app, base_url="http://localhost").get("/hypviz/who").json())
    kinds = sorted(one.partition(":")[0] for one in ids)
    assert kinds == ["address", "browser", "browser"]
