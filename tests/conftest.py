"""Fixtures for all tests: the shared real data, and small data sets made on the spot."""

from __future__ import annotations

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # as app.py does, before gradio loads: tests reach no other machine
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

import ctypes
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer.main
import typer.testing
from PIL import Image

from tests.worlds import MeruWorld, TinyWorld, make_meru_world, make_tiny_world

if TYPE_CHECKING:
    from hypviz.explore.view import View

MakePicture = Callable[..., Path]
MakeCoco = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def freed_memory_goes_back() -> Iterator[None]:
    """A process that computes with a network keeps what it frees (`hypviz/model/allocator.py`); without this a worker would hold the
    peaks of all its test files together, in pieces that fit nothing else."""
    yield
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc's
        trim(0)


@pytest.fixture(scope="session", autouse=True)
def one_tree_of_commands() -> Iterator[None]:
    """Typer reads the signatures of all commands anew for each one that is run (0.04 s); they depend on the code alone."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(typer.main.get_command)
        patch.setattr(typer.main, "get_command", once)
        patch.setattr(typer.testing, "_get_command", once)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real files that tests run on (its README.md says what they are); absent, the tests that need it fail."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.fail(f"The shared test data is not at {folder}; these tests cannot say anything without it.")
    return folder


def random_picture(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """An RGB picture of `size` (width, height): smooth, so that JPEG keeps its colours, and different per seed."""
    rng = np.random.default_rng(seed)
    corners = Image.fromarray(rng.integers(0, 256, (2, 2, 3), dtype=np.uint8))
    return corners.resize(size, Image.Resampling.BILINEAR)


@pytest.fixture
def make_picture() -> MakePicture:
    """Write a picture: make_picture(path, size=(40, 30), seed=0, **options of Pillow's save)."""

    def make(path: Path, size: tuple[int, int] = (40, 30), seed: int = 0, **options: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        random_picture(size, seed).save(path, **options)
        return path

    return make


@pytest.fixture
def make_coco(tmp_path: Path, make_picture: MakePicture) -> MakeCoco:
    """Write a COCO data set into `tmp_path` and return its annotation file.

    make_coco(boxes): one 40 × 30 picture a.jpg, with those boxes [x, y, width, height] of the class "thing".
    Any top-level key (images=, annotations=, categories=, …) replaces the made one; pictures that do not exist yet are
    drawn for every file name, unless draw=False.
    """

    def make(boxes: Sequence[Sequence[float]] = (), *, file: str = "annotations.json", draw: bool = True, **keys: Any) -> Path:
        content = {
            "images": [{"id": 1, "file_name": "a.jpg", "width": 40, "height": 30}],
            "annotations": [
                {"id": number, "image_id": 1, "category_id": 1, "bbox": list(box), "iscrowd": 0}
                for number, box in enumerate(boxes, start=1)
            ],
            "categories": [{"id": 1, "name": "thing"}],
        } | keys
        for number, image in enumerate(content["images"] if draw else ()):
            path = tmp_path / image["file_name"]
            if not path.exists():
                make_picture(path, (int(image.get("width", 40)), int(image.get("height", 30))), seed=number)
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
        return path

    return make


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """Drawn scenes, their workspace and an untrained checkpoint; shared, so change only a `copy` of it."""
    return make_tiny_world(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def meru_world(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> MeruWorld:
    """Eight photographs and their boxes through a MERU checkpoint with random weights; shared, not to be changed."""
    return make_meru_world(tmp_path_factory.mktemp("meru"), shared_data)


@pytest.fixture(scope="session")
def tiny_view(tiny_world: TinyWorld) -> View:
    """The tiny world through its checkpoint."""
    from hypviz.explore.view import View
    from hypviz.workspace.store import Workspace

    return View(Workspace.open(tiny_world.workspace), tiny_world.checkpoint, device="cpu")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for own workspaces."""
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
