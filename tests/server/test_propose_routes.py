"""Boxes proposed from the page: one job that makes a new set beside the old one, can be stopped and goes on, and says what is wrong."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hypviz.access.visitors import Visitor, owner_of
from hypviz.data.formats.detect import open_dataset
from hypviz.explore.library import Library
from hypviz.explore.proposing import set_name
from hypviz.explore.view import View
from hypviz.inference.propose import PROPOSED, _Looking
from hypviz.model.card import checkpoint_hash
from hypviz.server import quota, routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.edge.users import write_user
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import MakePicture, random_picture
from tests.server.small_site import refused
from tests.worlds import TinyWorld

SITE = "http://localhost"


class Looks:
    """What the job looks at, picture by picture; it waits at the picture `wait_at` until it may go on."""

    def __init__(self) -> None:
        self.images: list[int] = []
        self.wait_at: int | None = None
        self.waits, self.go_on = threading.Event(), threading.Event()

    def at(self, looking: _Looking, image: int) -> Any:
        if image == self.wait_at:
            self.waits.set()
            assert self.go_on.wait(60)
        self.images.append(image)
        return LOOK(looking, image)

    def hold(self, image: int) -> None:
        self.wait_at = image
        self.waits.clear()
        self.go_on.clear()


LOOK = _Looking.at


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    watched = Looks()
    monkeypatch.setattr(_Looking, "at", lambda self, image: watched.at(self, image))
    return watched


@pytest.fixture
def library(home: Path, tiny_world: TinyWorld, tmp_path: Path, make_picture: MakePicture) -> Library:
    """Four pictures without a box, and two others, on a server."""
    for name, count in (("photos", 4), ("others", 2)):
        for number in range(count):
            make_picture(tmp_path / name / f"{number}.png", (72, 60), seed=number + 10 * count)
        import_workspace(tmp_path / f"{name}-ws", open_dataset(tmp_path / name), name=f"my {name}")
    sets = {name: tmp_path / f"{name}-ws" for name in ("photos", "others")}
    return Library(device="cpu", extra=sets | {"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})


@pytest.fixture
def view(library: Library) -> View:
    return library.open("photos", "tiny")


@pytest.fixture
def client(library: Library, view: View) -> TestClient:
    return TestClient(routes.build_app(library), base_url=f"{SITE}/hypviz/propose/{view.key}/")


def ended(client: TestClient, address: str = "status") -> dict[str, Any]:
    for _ in range(6000):
        status: dict[str, Any] = client.get(address).json()
        if status["state"] not in ("running", "busy"):
            return status
        time.sleep(0.01)
    raise AssertionError(status)


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_new_set_with_proposals_stands_beside_the_old_one_which_stays(
    client: TestClient, view: View, library: Library, home: Path, looks: Looks
) -> None:
    before = tables(view.workspace.folder)
    assert view.notice is not None and view.notice["propose"]
    asked = client.get("status").json()
    assert (asked["state"], asked["set"], asked["job"], asked["done"], asked["pictures"]) == ("absent", None, None, 0, 4)
    assert "4 pictures take less than a minute on a free CPU core" in asked["about"] and "nobody checks" in asked["about"].lower()
    assert client.post("run").json()["state"] in ("running", "ready")
    status = ended(client)
    assert status["state"] == "ready" and status["set"] == set_name(view) and status["set"].startswith("my photos-proposed-")
    assert tables(view.workspace.folder) == before and not (view.workspace.folder / "proposals").exists()
    assert library.data_names()[-1] == status["set"]
    made = Workspace.open(home / status["set"])
    assert made.name == "my photos, proposed boxes" and made.embedding(checkpoint_hash(view.checkpoint)) is not None
    assert (made.items.source == PROPOSED).sum() > 0 == (made.items.source == "annotation").sum()
    opened = library.open(status["set"], "tiny")
    assert opened.notice is not None and "nobody has checked" in opened.notice["text"] and not opened.notice.get("propose")
    looks.images.clear()
    assert client.post("run").json()["set"] == status["set"] and looks.images == [], "pressed again, it is there"
    shutil.rmtree(home / status["set"])
    assert client.get("status").json()["state"] == "absent", "removed, it can be made again"


def test_what_was_stopped_goes_on_where_it_was_also_on_another_server(
    client: TestClient, view: View, library: Library, home: Path, looks: Looks
) -> None:
    looks.hold(2)
    job = client.post("run").json()["job"]
    assert looks.waits.wait(60)
    assert job["title"] == "Proposing boxes for my photos" and client.get("status").json()["state"] == "running"
    assert client.post(f"{SITE}/hypviz/propose/cancel/{job['id']}").status_code == 200
    assert client.get("status").json()["job"]["cancelling"]
    looks.go_on.set()
    status = ended(client)
    assert (status["state"], status["done"], status["job"]["error"]) == ("cancelled", 3, "")
    assert not home.exists() or not [path for path in home.iterdir() if path.name.startswith("my photos")]
    (kept,) = (view.workspace.folder / "proposals").iterdir()
    kept.write_text(kept.read_text() + '\n{"image": 3, "boxes": [[1, 2')  # as a killed process leaves it
    again = TestClient(routes.build_app(library), base_url=str(client.base_url))
    assert (again.get("status").json()["state"], again.get("status").json()["done"]) == ("absent", 3)
    looks.images.clear()
    again.post("run")
    assert ended(again)["state"] == "ready" and looks.images == [3]
    assert not kept.exists()


def test_asked_twice_it_is_one_job_and_another_set_waits(client: TestClient, library: Library, looks: Looks) -> None:
    other = f"{SITE}/hypviz/propose/{library.open('others', 'tiny').key}/"
    looks.hold(0)
    first = client.post("run").json()["job"]["id"]
    assert looks.waits.wait(60)
    assert client.post("run").json()["job"]["id"] == first
    busy = client.get(f"{other}status").json()
    assert busy["state"] == "busy" and busy["job"]["title"] == "Proposing boxes for my photos"
    assert "Proposing boxes for my photos is running" in refused(client.post(f"{other}run"), 409)
    looks.go_on.set()
    assert ended(client)["state"] == "ready" and sorted(looks.images) == [0, 1, 2, 3]
    assert client.get(f"{other}status").json()["state"] == "absent"
    looks.hold(0)
    client.post(f"{other}run")
    assert looks.waits.wait(60)
    assert client.post("run").json()["state"] == "ready", "what is there waits for nobody"
    looks.go_on.set()
    assert ended(client, f"{other}status")["state"] == "ready"


def test_a_set_that_is_removed_meanwhile_ends_it_with_a_sentence_and_nothing_stays(
    client: TestClient, view: View, home: Path, looks: Looks
) -> None:
    looks.hold(1)
    client.post("run")
    assert looks.waits.wait(60)
    shutil.rmtree(view.workspace.folder)
    looks.go_on.set()
    status = ended(client)
    assert status["state"] == "failed" and "was removed meanwhile" in status["job"]["error"]
    assert not view.workspace.folder.exists() and not (home / set_name(view)).exists()


def test_a_picture_that_is_gone_is_named(client: TestClient, view: View, looks: Looks) -> None:
    looks.hold(1)
    client.post("run")
    assert looks.waits.wait(60)
    Path(view.items.path(2)).unlink()
    looks.go_on.set()
    status = ended(client)
    assert status["state"] == "failed" and "2.png" in status["job"]["error"] and status["done"] == 2


def test_a_full_disk_at_the_end_costs_nothing_of_what_was_found(
    client: TestClient, home: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(home / "items.parquet"))

    with monkeypatch.context() as patch:
        patch.setattr("hypviz.inference.proposed_workspace.create_workspace", full)
        client.post("run")
        status = ended(client)
    assert status["state"] == "failed" and "The disk of the server is full" in status["job"]["error"] and status["done"] == 4
    looks.images.clear()
    client.post("run")
    assert ended(client)["state"] == "ready" and looks.images == []


def test_where_nothing_can_be_kept_it_is_said_before_any_work(
    client: TestClient, home: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(quota, "free_bytes", lambda _: 1 << 20)
        assert "has not room enough" in refused(client.post("run"), 507)

    def read_only(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(home))

    monkeypatch.setattr("hypviz.finetune.folder.TemporaryFile", read_only)
    assert "home folder of the server cannot be written to (Read-only file system)" in refused(client.post("run"), 507)
    assert looks.images == [] and client.get("status").json()["job"] is None


def test_a_set_with_boxes_and_a_view_that_is_not_open_are_refused(client: TestClient, library: Library) -> None:
    boxed = f"{SITE}/hypviz/propose/{library.open('tiny', 'tiny').key}/run"
    assert "tiny has boxes already" in refused(client.post(boxed), 422)
    assert "no longer open" in refused(client.post(f"{SITE}/hypviz/propose/none/run"), 404)
    assert client.post(f"{SITE}/hypviz/propose/cancel/none").status_code == 200


def test_a_read_only_server_offers_nothing(library: Library, view: View, home: Path) -> None:
    client = TestClient(routes.build_app(library, EdgeSettings(read_only=True)), base_url=f"{SITE}/hypviz/propose/{view.key}/")
    assert client.get("status").json()["state"] == "read-only"
    assert "read-only" in refused(client.post("run"), 403) and not home.exists()


def test_on_a_shared_server_the_new_set_and_the_job_are_of_whoever_asked(
    library: Library, view: View, home: Path, tmp_path: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypviz.server.edge.users.COST", 4)
    for name in ("ada", "bob"):
        write_user(tmp_path / "users.json", name, "long enough", admin=False)
    app = routes.build_app(library, EdgeSettings("0.0.0.0", auth=tmp_path / "users.json"))
    people = {}
    for name in ("ada", "bob"):
        people[name] = TestClient(app, base_url=f"{SITE}/hypviz/propose/{view.key}/", follow_redirects=False)
        people[name].post(f"{SITE}/hypviz/login", data={"name": name, "password": "long enough"})
    looks.hold(0)
    job = people["ada"].post("run").json()["job"]["id"]
    assert people["bob"].post("run").json()["job"]["id"] == job
    assert "started by ada" in refused(people["bob"].post(f"{SITE}/hypviz/propose/cancel/{job}"), 403)
    looks.go_on.set()
    name = ended(people["bob"])["set"]
    assert owner_of(home / name) == Visitor("user:ada", "ada")
    monkeypatch.setattr(quota, "MAX_SETS", 1)
    shutil.copytree(home / name, home / "hers")
    shutil.rmtree(home / name)
    assert "You have 1 sets" in refused(people["ada"].post("run"), 507)


def test_another_server_that_was_quicker_is_no_failure(client: TestClient, view: View, home: Path, looks: Looks) -> None:
    looks.hold(3)
    client.post("run")
    assert looks.waits.wait(60)
    import_workspace(home / set_name(view), open_dataset(view.items.root), name="theirs")
    looks.go_on.set()
    assert ended(client)["state"] == "ready" and Workspace.open(home / set_name(view)).name == "theirs"


def test_how_good_the_boxes_are_is_said_of_the_backbone_that_objects_were_learned_for(view: View, tmp_path: Path) -> None:
    from hypviz.explore.proposing import LEARNED, NEAREST, about, duration
    from hypviz.model.card import find_checkpoint, read_card

    assert about(view).endswith(NEAREST)
    photos = read_card(find_checkpoint("photos"))
    assert about(SimpleNamespace(items=view.items, card=photos)).endswith(LEARNED)  # type: ignore[arg-type]
    photos.training["recipe"]["train"]["backbone_lr_scale"] = 0.1
    assert about(SimpleNamespace(items=view.items, card=photos)).endswith(NEAREST)  # type: ignore[arg-type]
    assert [duration(seconds) for seconds in (50, 150, 36_000)] == ["about a minute", "about 2 minutes", "about 10.0 hours"]


def test_a_large_picture_is_looked_at_in_its_own_pixels(tiny_world: TinyWorld, tmp_path: Path) -> None:
    random_picture((2000, 1500), 1).resize((20, 15)).resize((2000, 1500)).save(tmp_path / "large.png")
    made, _ = import_workspace(tmp_path / "ws", open_dataset(tmp_path), name="large")
    from hypviz.inference.propose import ProposalSettings, windows
    from hypviz.model.checkpoint import load_checkpoint

    encoder = load_checkpoint(tiny_world.checkpoint)[0]
    found = _Looking(made.items, encoder, 3.1, ProposalSettings(), 1).at(0)
    everything = {tuple(box) for box in windows((2000, 1500), ProposalSettings()).tolist()}
    assert len(found) and {tuple(box) for box in found.tolist()} <= everything and found.max() > 1280
