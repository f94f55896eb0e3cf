"""The Python that the pages show, run as it stands: each page's blocks in one namespace, as a reader would type them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.explore.library import Library
from hypviz.server.server import build_site
from tests.conftest import random_picture
from tests.docs_run.place import drawn_set, imported
from tests.documented import PAGES, text_of
from tests.page.serving import serving
from tests.test_notebook import data_of

ELSEWHERE = {
    "hub.md": "tests/hub/test_commands.py",
    "models.md": "tests/model/test_onnx_file.py",
}
"""Pages whose blocks are run beside what they speak of: page → the file, which reads them off the page."""
ADDRESS, ITEM = "http://127.0.0.1:7860", "0011223344556677"
"""What the pages of the API put for a server and for an item."""


def blocks(page: Path) -> list[str]:
    return [part.partition("```")[0] for part in text_of(page).split("```python\n")[1:]]


def run(name: str, names: dict[str, Any], **words: str) -> dict[str, Any]:
    """Run the blocks of a page; words: what is put in the place of what."""
    (page,) = (one for one in PAGES if one.name == name)
    for block in blocks(page):
        for word, value in words.items():
            block = block.replace({"address": ADDRESS, "item": ITEM}[word], value)
        exec(compile(block, name, "exec"), names)
    return names


@pytest.fixture
def address(shared_data: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page with eight drawn scenes, which are its demo and "mine", too."""
    imported(tmp_path, drawn_set(tmp_path / "set", first=0), "small")
    monkeypatch.setattr("hypviz.explore.library.DEMO", tmp_path / "small")
    library = Library(device="cpu", extra={"mine": tmp_path / "small"})
    library.checkpoints["meru_vit_b"] = shared_data / "meru_random" / "checkpoint.pth"
    with serving(build_site(library, "demo", "demo")) as at:
        yield at


def test_every_page_with_python_is_run() -> None:
    shown = {page.name for page in PAGES if blocks(page)}
    assert shown == ELSEWHERE.keys() | {"vectors.md", "api.md"}
    root = Path(__file__).resolve().parents[2]
    for page, file in ELSEWHERE.items():
        text = (root / file).read_text(encoding="utf-8")
        assert f'"docs" / "{page}"' in text and "exec(compile(code" in text


def test_own_vectors_are_shown() -> None:
    rng = np.random.default_rng(0)
    names = {"vectors": rng.normal(size=(9, 3)) / 9, "labels": [f"leaf {number}" for number in range(9)], "edges": [(0, 1), (1, 2)]}
    import hypviz

    shown: list[Any] = []
    show = hypviz.show
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hypviz, "show", lambda *values, **options: shown.append(show(*values, **options)))
        run("vectors.md", names)
    assert len(shown) == 1 and data_of(shown[0])["facts"]["classes"] == 9


def test_the_api_answers_each_call_of_its_page(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradio_client import Client

    from hypviz.workspace.store import Workspace

    for name in ("photo.jpg", "a.jpg", "b.jpg"):
        random_picture((96, 72), seed=len(name)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    answers: dict[str, list[Any]] = {}
    predict = Client.predict

    def recorded(client: Client, *values: Any, api_name: str, **options: Any) -> Any:
        answers.setdefault(api_name, []).append(predict(client, *values, api_name=api_name, **options))
        return answers[api_name][-1]

    monkeypatch.setattr(Client, "predict", recorded)
    item = str(Workspace.open(tmp_path / "small").items.item_id[5])
    with contextlib.redirect_stdout(io.StringIO()):
        run("api.md", {}, address=address, item=item)
    assert {name: len(calls) for name, calls in answers.items()} == {"/names": 1, "/search": 3, "/embed": 3, "/evaluate": 1}
    by_picture, by_item, by_words = answers["/search"]
    assert {"children", "path"} <= by_picture.keys() and "parents" in by_item and "words" in by_words
    pictures, items, everything = answers["/embed"]
    assert pictures["count"] == 2 and len(items["vectors"]) == 1 and everything["vectors"] == []
    assert "demo" in answers["/evaluate"][0]
