"""Words in a view: a typed query by entailment or by cosine, and the way to the root; on MERU's format with random weights."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.errors import CheckpointError, SelectionError
from hypviz.evaluation import EvaluateSettings
from hypviz.explore.bitsets import unpack_mask
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.geometry import pairwise_exterior_angle
from hypviz.server import routes
from hypviz.training.pipeline import judge
from hypviz.workspace.store import Workspace
from tests.worlds import MeruWorld, TinyWorld

WIDE = 2.6


@pytest.fixture(scope="module")
def view(meru_world: MeruWorld) -> View:
    return View(Workspace.open(meru_world.workspace), meru_world.checkpoint, device="cpu")


@pytest.fixture(scope="module")
def plain(meru_world: MeruWorld, tmp_path_factory: pytest.TempPathFactory) -> View:
    """The same towers without curvature and scales: MERU's CLIP baseline."""
    tensors = torch.load(meru_world.checkpoint, weights_only=True)["model"]
    path = tmp_path_factory.mktemp("clip") / "clip.pth"
    torch.save({"model": {name: value for name, value in tensors.items() if name not in ("curv", "visual_alpha", "textual_alpha")}}, path)
    return View(Workspace.open(meru_world.workspace), path, device="cpu")


def test_a_text_retrieves_by_entailment(view: View, meru_world: MeruWorld) -> None:
    assert view.describe()["words"] == "entailment" and view.facts()["checkpoint_licence"].startswith("CC-BY-NC-4.0")
    answer = view.select({"text": " a street "}, WIDE)
    text, space = view.words.query("a street"), view.embedding
    angles = pairwise_exterior_angle(
        text.direction[None], np.array([text.radius], np.float32), space.directions, space.radii, curv=space.curv
    )[0]
    inside = np.flatnonzero(angles <= WIDE)
    parts = inside[~view.items.is_scene[inside]]
    assert 0 < len(parts) == answer["children_total"] and answer["how"] == "entailment" and answer["closest"] is None
    assert unpack_mask(answer["members"], len(view.items)).nonzero()[0].tolist() == inside.tolist()
    radii = [card["radius"] for card in answer["children"]]
    assert radii == sorted(radii)
    assert answer["row"] is None and answer["picture"]["title"] == "“a street”" and answer["radius"] == pytest.approx(text.radius)
    assert set(answer["angles"]) >= {"hierarchy"} and answer["thumb"].startswith("data:image/jpeg")
    narrow = view.select({"text": "a street"}, 0.3)
    assert narrow["children_total"] == 0 and narrow["closest"] == pytest.approx(float(angles.min()), abs=1e-5)


def test_a_plain_clip_answers_by_cosine_and_says_so(plain: View) -> None:
    assert plain.describe()["words"] == "cosine"
    answer = plain.select({"text": "a street"}, 0.5)
    cosine = plain.embedding.directions @ plain.words.query("a street").direction
    quarter = np.argsort(-cosine, kind="stable")[: len(cosine) // 4].tolist()
    assert answer["how"] == "cosine" and [card["row"] for card in answer["children"]] == quarter
    assert answer["parents"] == []
    near = plain.to_root({"text": "a street"}, ["a street", "a car"])
    assert near["how"] == "cosine" and near["words"][0]["text"] == "a street" and near["words"][0]["angle"] < 1e-3


def test_the_way_to_the_root_in_words_ends_there(view: View) -> None:
    found = view.to_root({"row": 0}, ["a crowded street", "sky"])
    assert found["how"] == "entailment" and found["pool"] == len(view.items.classes) + 2
    assert found["words"][-1] == {
        "text": "[ROOT]",
        "root": True,
        "start": pytest.approx(found["words"][-1]["start"]),
        "stop": 0.0,
        "radius": 0.0,
    }
    with pytest.raises(SelectionError, match="at most 2,000 words"):
        view.to_root({"row": 0}, ["word"] * 2001)


@pytest.mark.parametrize(("text", "message"), [("  ", "Type a word"), (7, "Type a word"), ("a" * 1001, "may have 1,000 characters")])
def test_what_is_no_text_is_refused(view: View, text: Any, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        view.select({"text": text}, 0.5)
    with pytest.raises(SelectionError, match="Words are no picture"):
        view.select({"text": "a car", "box": [0, 0, 5, 5]}, 0.5)


def test_a_checkpoint_of_pictures_alone_says_that_it_knows_no_words(tiny_view: View) -> None:
    assert tiny_view.describe()["words"] == "" and "has no text tower" in tiny_view.describe()["no_words"]
    for ask in (lambda: tiny_view.select({"text": "a car"}, 0.5), lambda: tiny_view.to_root({"row": 0})):
        with pytest.raises(CheckpointError, match="has no text tower: it knows pictures alone"):
            ask()


def test_the_routes_answer_words_and_draw_their_card(meru_world: MeruWorld, view: View) -> None:
    library = Library(device="cpu", extra={"photos": meru_world.workspace})
    key = library.open("photos", str(meru_world.checkpoint)).key
    client = TestClient(routes.build_app(library), base_url=f"http://localhost/hypviz/view/{key}/")
    answer = client.post("select", json={"query": {"text": "wheel & é"}, "omega": WIDE}).json()
    card = client.get(answer["picture"]["url"])
    assert Image.open(BytesIO(card.content)).size == (480, 140) and "%26%20%C3%A9" in answer["picture"]["url"]
    assert client.post("words", json={"query": {"row": 1}, "words": ["sky"]}).json()["pool"] == len(view.items.classes) + 1
    refused = client.post("words", json={"query": {"row": 1}, "words": [" "]})
    assert refused.status_code == 404 and refused.json()["error"].startswith("Type a word")


def test_a_published_model_is_judged_and_its_licence_stands_in_the_picker(meru_world: MeruWorld) -> None:
    library = Library(device="cpu", extra={"photos": meru_world.workspace})
    name = library.add_checkpoint(str(meru_world.checkpoint))
    assert ("checkpoint · CC-BY-NC-4.0", name) in library.checkpoint_choices() and ("demo", "demo") in library.checkpoint_choices()
    found = judge(meru_world.workspace, [str(meru_world.checkpoint)], EvaluateSettings(max_queries=5, bootstrap=0), device="cpu")
    assert found[str(meru_world.checkpoint)].to_json()["tasks"]


def test_the_command_searches_with_words(meru_world: MeruWorld, tiny_world: TinyWorld, tmp_path: Path) -> None:
    where = ["search", "--workspace", str(meru_world.workspace), "--checkpoint", str(meru_world.checkpoint), "--device", "cpu"]
    (tmp_path / "words.txt").write_text("sky\n\na crowded street\n")
    options = ["--text", "a street", "--children", "--words", "--word-list", str(tmp_path / "words.txt"), "--omega", str(WIDE)]
    done = CliRunner().invoke(app, [*where, *options, "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["how"] == "entailment" and said["children"] and said["words"][-1]["text"] == "[ROOT]"
    assert "CC-BY-NC-4.0" in done.stderr
    plain = CliRunner().invoke(app, [*where, "--text", "a street", "--words"])
    assert "children by entailment" in plain.stdout and "[ROOT]" in plain.stdout
    twice = CliRunner().invoke(app, [*where, "--text", "a street", "--item", "x"])
    assert twice.exception is not None and "--item ID, --picture FILE or --text WORDS" in str(twice.exception)
