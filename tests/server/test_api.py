"""The API of the running page, called with gradio_client as docs/api.md shows it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server.server import build_site
from hypviz.vectors.models import as_model
from tests.conftest import random_picture
from tests.worlds import MeruWorld, TinyWorld

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
WIDE = 2.6


@pytest.fixture(scope="module")
def library(tiny_world: TinyWorld, meru_world: MeruWorld) -> Library:
    made = Library(device="cpu", extra={"tiny": tiny_world.workspace, "photos": meru_world.workspace})
    made.add_checkpoint(str(tiny_world.checkpoint))
    made.checkpoints["meru"] = meru_world.checkpoint
    return made


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[Client]:
    server = uvicorn.Server(uvicorn.Config(build_site(library, "tiny", "tiny"), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield Client(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", verbose=False)
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="module")
def view(library: Library) -> View:
    return library.open("tiny", "tiny")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own photo.png"
    random_picture((80, 60)).save(path)
    return path


def refused(client: Client, endpoint: str, **values: Any) -> str:
    with pytest.raises(AppError) as caught:
        client.predict(api_name=endpoint, **values)
    return str(caught.value)


def test_the_docs_name_every_endpoint_and_every_input(client: Client) -> None:
    told = client.view_api(return_format="dict")
    assert isinstance(told, dict)
    endpoints = {name: [one["parameter_name"] for one in about["parameters"]] for name, about in told["named_endpoints"].items()}
    text = DOCS.read_text(encoding="utf-8")
    public = {"/search", "/embed", "/evaluate", "/names"}
    assert public <= set(endpoints) and set(re.findall(r'api_name="(/\w+)"', text)) == public
    for name in public:
        assert all(re.search(rf"\b{parameter}\b", text) for parameter in endpoints[name]), (name, endpoints[name])


def test_names_lists_what_can_be_asked(client: Client) -> None:
    names = client.predict(api_name="/names")
    assert {"tiny", "photos", "demo"} <= set(names["data"]) and {"tiny", "meru", "demo"} <= set(names["checkpoints"])


def test_search_from_an_item_is_the_search_of_the_page(client: Client, view: View) -> None:
    row = view.describe()["start"]
    given = {"data": "tiny", "checkpoint": "tiny", "item": str(view.items.item_id[row])}
    found = client.predict(**given, lists=["children", "path"], omega=WIDE, limit=5, api_name="/search")
    expected = view.search(item_id=given["item"], kinds=["children", "path"], omega=WIDE, limit=5)
    assert found == expected and len(found["children"]) == 5 < found["children_total"]
    each = client.predict(**given, omega=WIDE, each_class=True, api_name="/search")
    assert each == view.search(item_id=given["item"], kinds=["children"], omega=WIDE, limit=40, each=True)
    assert len({card["label"] for card in each["children"]}) == len(each["children"]) > 5


def test_search_takes_a_picture_and_words(client: Client, photo: Path) -> None:
    by_picture = client.predict(
        data="tiny", checkpoint="tiny", picture=handle_file(str(photo)), lists=["nearest"], limit=3, api_name="/search"
    )
    assert len(by_picture["nearest"]) == 3 and by_picture["nearest"][0]["angle"] <= by_picture["nearest"][2]["angle"]
    given = {"data": "photos", "checkpoint": "meru", "text": "a street", "lists": ["children", "words"], "omega": WIDE, "words": ["sky"]}
    by_words = client.predict(**given, api_name="/search")
    assert by_words["how"] == "entailment" and by_words["children"] and by_words["words"][-1]["text"] == "[ROOT]"


def test_embed_gives_vectors_in_the_order_asked(client: Client, view: View, photo: Path, library: Library) -> None:
    ids = view.items.item_id[[3, 1]].tolist()
    given = {"data": "tiny", "checkpoint": "tiny", "items": ids, "pictures": [handle_file(str(photo))], "model": "poincare"}
    found = client.predict(**given, api_name="/embed")
    assert found["count"] == 3 and found["labels"][-1] == photo.name and found["model"] == "poincare"
    np.testing.assert_allclose(found["vectors"][:2], as_model(view.embedding.take(np.array([3, 1])), "poincare"), atol=1e-6)
    words = client.predict(data="photos", checkpoint="meru", texts=["a street"], model="lorentz-full", api_name="/embed")
    vector = np.array(words["vectors"][0])
    assert vector.shape == (65,) and vector[0] ** 2 - np.sum(vector[1:] ** 2) == pytest.approx(1 / words["curv"], rel=1e-4)
    whole = client.predict(data="tiny", checkpoint="tiny", api_name="/embed")
    assert whole["count"] == len(view.items) and whole["vectors"] == []


def test_evaluate_is_the_evaluation_of_the_command(client: Client, view: View) -> None:
    found = client.predict(data="tiny", checkpoints=["tiny"], max_queries=5, api_name="/evaluate")
    assert list(found) == ["tiny"] and found["tiny"]["items"] == len(view.items)
    assert found["tiny"]["tasks"] and found["tiny"]["settings"]["max_queries"] == 5


@pytest.mark.parametrize(
    ("endpoint", "values", "message"),
    [
        ("/search", {}, "Give exactly one of item, text and picture"),
        ("/search", {"data": "nowhere", "item": "x"}, "No data called 'nowhere'"),
        ("/search", {"data": "tiny", "checkpoint": "tiny", "item": "x"}, "No item 'x' in this data set"),
        ("/search", {"data": "tiny", "checkpoint": "tiny", "text": "a car"}, "has no text tower"),
        ("/search", {"item": "x", "lists": ["kin"]}, "lists: every entry must be one of children, bands, parents"),
        ("/search", {"item": "x", "limit": 0}, "limit must be 1 to 10,000"),
        ("/search", {"picture": {"path": "/etc/hostname"}}, "must be sent with gradio_client's handle_file"),
        ("/embed", {"model": "klein"}, "model must be one of lorentz"),
        ("/embed", {"items": "x"}, "items must be a list of texts"),
        ("/evaluate", {"data": "tiny", "checkpoints": []}, "at least one checkpoint"),
        ("/evaluate", {"data": "tiny", "checkpoints": ["none"]}, "No checkpoint 'none'"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(client: Client, endpoint: str, values: dict[str, Any], message: str) -> None:
    assert message in refused(client, endpoint, **values)
