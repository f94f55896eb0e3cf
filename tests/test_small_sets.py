"""Sets with next to nothing in them: no box, one picture, one class. Everything answers, or refuses in one sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.detect import open_dataset
from hypviz.errors import DataError, HypvizError
from hypviz.explore.export import FORMATS
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server import routes
from hypviz.vectors.read import VectorTable
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import random_picture
from tests.worlds import TinyWorld

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
SCENES: dict[str, list[list[tuple[str, list[int]]]]] = {
    "one picture": [[]],
    "three pictures": [[], [], []],
    "one box": [[("cat", [4, 4, 20, 10])]],
    "one class, apart": [[("cat", [1, 1, 10, 10]), ("cat", [20, 15, 10, 10])]],
    "one class, nested": [[("cat", [1, 1, 30, 25]), ("cat", [5, 5, 10, 10])]],
    "one box twice": [[("cat", [1, 1, 30, 25]), ("cat", [1, 1, 30, 25])]],
    "a box each": [[("cat", [1, 1, 30, 25])], [("cat", [1, 1, 30, 25])], [("cat", [2, 2, 30, 25])]],
    "boxes in one of three": [[], [("cat", [1, 1, 30, 25]), ("ear", [3, 3, 6, 6])], []],
    "a box of the whole picture": [[("cat", [0, 0, 40, 30])]],
}


def random_scenes(seed: int) -> list[list[tuple[str, list[int]]]]:
    """One to four pictures of 40 × 30 with none to three boxes each, anywhere in them, of one or two classes."""
    rng = np.random.default_rng(seed)
    scenes: list[list[tuple[str, list[int]]]] = [[] for _ in range(rng.integers(1, 5))]
    for scene in scenes:
        for _ in range(rng.integers(0, 4)):
            x, y = int(rng.integers(0, 30)), int(rng.integers(0, 20))
            scene.append((str(rng.choice(["cat", "ear"])), [x, y, int(rng.integers(3, 41 - x)), int(rng.integers(3, 31 - y))]))
    return scenes


SCENES |= {f"random {seed}": random_scenes(seed) for seed in range(4)}
VECTORS: dict[str, VectorTable] = {
    "one vector": VectorTable(np.array([[0.1, 0.2, 0.1]])),
    "the origin twice": VectorTable(np.zeros((2, 3))),
    "vectors without a label": VectorTable(np.eye(4) * 0.3, labels=np.array([""] * 4)),
    "one edge": VectorTable(np.eye(3) * 0.3, edges=np.array([[0, 1]]), labels=np.array(["a", "", ""])),
}
NOTHING = {name for name, scenes in SCENES.items() if not any(scenes)} | {"one vector", "the origin twice", "vectors without a label"}
"""Those that have neither boxes nor edges."""


def make(name: str, folder: Path) -> Workspace:
    if name in VECTORS:
        return make_vectors_workspace(folder / "ws", VECTORS[name], name=name, model="poincare")[0]
    (folder / "pictures").mkdir()
    images, annotations = [], []
    for number, boxes in enumerate(SCENES[name]):
        random_picture((40, 30), seed=number).save(folder / "pictures" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 40, "height": 30})
        for label, box in boxes:
            annotations.append({"id": len(annotations), "image_id": number, "category_id": 1 + (label == "ear"), "bbox": box})
    if not annotations:
        return import_workspace(folder / "ws", open_dataset(folder / "pictures"), name=name)[0]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "ear"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "a.json").write_text(json.dumps(content))
    return import_workspace(folder / "ws", read_coco(folder / "a.json", folder / "pictures"), name=name)[0]


@pytest.fixture(params=[*SCENES, *VECTORS])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Workspace]:
    return request.param, make(request.param, tmp_path)


def run(*arguments: object) -> tuple[int, str]:
    """Exit status and output of a command; a HypvizError counts as status 1 with its sentence, anything else fails the test."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, HypvizError), done.exception
        assert "\n" not in str(done.exception)
        return 1, str(done.exception)
    return done.exit_code, done.output


def test_every_command_answers_or_refuses_in_one_sentence(small: tuple[str, Workspace], tiny_world: TinyWorld, tmp_path: Path) -> None:
    name, made = small
    place = ("--workspace", made.folder, "--checkpoint", tiny_world.checkpoint, "--device", "cpu")
    files = ("--json", tmp_path / "e.json", "--csv", tmp_path / "e.csv", "--class-csv", tmp_path / "c.csv", "--markdown", tmp_path / "e.md")
    status, said = run("evaluate", *place, *files)
    if name in NOTHING:
        assert status == 1 and "nothing to judge" in said and said.endswith(".") and name in said
    else:
        assert status == 0, said
    for options in ((), ("--json",)):
        assert run("health", *place, *options)[0] == 0
    for format in FORMATS:
        status, said = run("export", "selection", *place, "--out", tmp_path / "all", "--format", format, "--json")
        assert status == 0 and json.loads(said)["items"] == len(made.items), (format, said)
    assert run("export", "vectors", *place, "--out", tmp_path / "v.npy", "--json")[0] == 0
    item = made.items.item_id[0]
    for wanted in ("--children", "--parents", "--nearest", "--path"):
        assert run("search", *place, "--item", item, wanted, "--json")[0] == 0


def test_the_page_answers_or_refuses_in_one_sentence(small: tuple[str, Workspace], tiny_world: TinyWorld) -> None:
    name, made = small
    library = Library(device="cpu", extra={"small": made.folder})
    view = library.open("small", str(tiny_world.checkpoint))
    client = TestClient(routes.build_app(library), base_url="http://localhost/hypviz/")

    def asked(address: str, body: Any = None) -> Any:
        answer = client.get(address) if body is None else client.post(address, json=body)
        assert answer.status_code in (200, 404, 422), answer.text
        if answer.status_code != 200:
            assert list(answer.json()) == ["error"] and answer.json()["error"].endswith("."), answer.text
            return None
        return answer.json() if "json" in answer.headers["content-type"] else answer.content

    walk = f"view/{view.key}"
    for layout in [one["name"] for one in asked(f"{walk}/layouts")]:
        assert asked(f"{walk}/points?layout={layout}"), layout
        assert asked(f"{walk}/honesty?layout={layout}")["layout"] == layout
    assert asked(f"{walk}/select", {"query": {"row": 0}, "omega": 1.0})["row"] == 0
    assert asked(f"{walk}/select", {"query": {"row": 0}, "omega": 1.0, "each": True})["row"] == 0
    assert asked(f"{walk}/find", {"filter": {}})["total"] == len(made.items)
    assert asked(f"{walk}/edges") is not None and asked(f"{walk}/item/0")["row"] == 0 and asked(f"{walk}/thumb/0")
    judge = f"evaluate/{view.key}"
    assert asked(f"{judge}/health")["checks"]
    for check in asked(f"{judge}/health")["checks"]:
        assert asked(f"{judge}/health/{check['key']}")["total"] == check["count"]
    assert bool(asked(f"{judge}/choices")["nothing"]) == (name in NOTHING), "said before anybody asks for an evaluation"
    started = asked(f"{judge}/run", {})
    assert (started is None) == (name in NOTHING)
    if started is None:
        return
    for _ in range(3000):
        status = asked(f"{judge}/status")
        if status["state"] != "running":
            break
        time.sleep(0.01)
    assert status["state"] == "ready", status
    report = asked(f"{judge}/report")
    assert all(value == value for radii in report["radii"] for value in radii.values() if isinstance(value, float))
    for task in report["tasks"]:
        for metric in task["metrics"]:
            of = f"task={task['task']}&reading={task['reading']}&score={task['scores'][0]}&metric={metric}"
            assert asked(f"{judge}/classes?{of}") is not None
            asked(f"{judge}/examples?source={report['sources'][0]['name']}&{of}")
    source = report["sources"][0]["name"]
    assert asked(f"{judge}/ordered?source={source}&row=0") is not None
    assert asked(f"{judge}/pairs?source={source}") is not None and asked(f"{judge}/level?source={source}&depth=0") is not None


def test_the_case_of_one_picture_without_a_box(tmp_path: Path) -> None:
    status, said = run("data", "import", CASES / "one_picture_no_box", "--out", tmp_path / "ws", "--json")
    assert status == 0 and (json.loads(said)["kept_images"], json.loads(said)["kept_boxes"]) == (1, 0)
    status, said = run("evaluate", "--workspace", tmp_path / "ws")
    assert status == 1 and said.startswith("ws has 1 picture and no boxes, so there is nothing to judge by;")


def test_the_disk_of_a_single_item_is_that_item(tmp_path: Path, tiny_world: TinyWorld) -> None:
    view = View(make("one picture", tmp_path), tiny_world.checkpoint, device="cpu")
    assert view.describe()["start"] == 0 and view.describe()["count"] == 1 and np.isfinite(view.angles).all()


def test_calibration_says_that_it_needs_boxes(tmp_path: Path, tiny_world: TinyWorld) -> None:
    from hypviz.evaluation import calibrate_omega

    view = View(make("three pictures", tmp_path), tiny_world.checkpoint, device="cpu")
    with pytest.raises(DataError, match="needs boxes"):
        calibrate_omega(view.items, view.hierarchy, view.embedding)


def test_whole_pictures_alone_are_listed_by_similarity_and_nothing_is_said_to_contain_them(tiny_world: TinyWorld, tmp_path: Path) -> None:
    view = View(make("three pictures", tmp_path), tiny_world.checkpoint, device="cpu")
    answer = view.select({"row": 1})
    assert (answer["how"], answer["elsewhere"]["by"]) == ("cosine", "cosine")
    assert not answer["parents"] and not answer["parents_total"] and not answer["path"]
    likeness = view.embedding.directions @ view.embedding.directions[1]
    expected = sorted((0, 2), key=lambda row: -likeness[row])
    [band] = answer["elsewhere"]["bands"]
    assert [card["row"] for card in band["items"]] == expected and band["low"] is band["high"] is None
    assert view.select({"row": 1}, by="nearest")["elsewhere"]["by"] == "nearest"
    assert "no boxes" in view.describe()["notice"]["text"]
    found = view.search(item_id=view.items.item_id[1], kinds=["children", "parents", "path", "bands"], omega=None, limit=5)
    assert found["how"] == "cosine" and found["parents"] == found["path"] == [] and len(found["bands"]) == 1
    assert sorted(card["row"] for card in found["children"]) == [0, 2]


@pytest.mark.parametrize("name", ["one box", "vectors without a label"])
def test_a_box_or_a_vector_of_ones_own_is_enough_for_cones(name: str, tiny_world: TinyWorld, tmp_path: Path) -> None:
    view = View(make(name, tmp_path), tiny_world.checkpoint, device="cpu")
    assert view.select({"row": 0})["how"] == "entailment"
    notice = view.describe()["notice"]
    assert (
        notice is None
        if name == "vectors without a label"
        else notice["text"].startswith("This set is one picture: ") and "All boxes are of one class, “cat”" in notice["text"]
    )
