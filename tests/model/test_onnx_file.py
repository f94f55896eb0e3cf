"""`export onnx`: in onnxruntime the file gives hypviz's own embeddings of real pictures, whatever the batch, and says what it is."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.data.crops import crop_square
from hypviz.errors import CheckpointError, SettingsError
from hypviz.geometry import from_polar
from hypviz.inference.embed import embed_picture, encode
from hypviz.inference.in_pictures import in_pictures
from hypviz.model import onnx_file
from hypviz.model.card import checkpoint_hash, find_checkpoint
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.onnx_file import write_onnx
from hypviz.model.published_meru import MERU_LICENCE
from hypviz.search.embedding import Embedding
from tests.model.test_published import centre_crop

TOLERANCE = 1e-4
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
KINDS = ("demo", "photos", "MERU")
"""The shipped checkpoints, of which `photos` has a backbone with ImageNet weights, and a published file with a linear head."""


def session_of(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(path: Path, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions and radii of uint8 crops (B, S, S, 3), as a program without hypviz gets them."""
    pictures = crops.astype(np.float32).transpose(0, 3, 1, 2) / 255
    directions, radii = session_of(path).run(["directions", "radii"], {"pictures": pictures})
    return directions, radii


@dataclass(eq=False)
class Exports:
    """The ONNX file of each kind of checkpoint, written once, by the command."""

    folder: Path
    checkpoints: dict[str, str]
    results: dict[str, Any] = field(default_factory=dict)

    def __call__(self, kind: str) -> Path:
        if kind not in self.results:
            target = self.folder / f"{kind}.onnx"
            done = CliRunner().invoke(app, ["export", "onnx", "--checkpoint", self.checkpoints[kind], "--out", str(target), "--json"])
            assert done.exit_code == 0, (done.output, done.exception)
            self.results[kind] = json.loads(done.stdout) | {"said": done.stderr}
        return Path(self.results[kind]["file"])


@pytest.fixture(scope="module")
def exported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    checkpoints = {"demo": "demo", "photos": "photos", "MERU": str(shared_data / "meru_random" / "checkpoint.pth")}
    return Exports(tmp_path_factory.mktemp("onnx"), checkpoints)


@pytest.fixture(scope="module")
def photographs(shared_data: Path) -> list[Image.Image]:
    paths = sorted((shared_data / "photos" / "images").glob("*.jpg"))[::97][:5]
    assert len(paths) == 5
    return [Image.open(path).convert("RGB") for path in paths]


@pytest.mark.parametrize("kind", KINDS)
def test_onnxruntime_gives_the_embeddings_of_real_pictures(kind: str, exported: Exports, photographs: list[Image.Image]) -> None:
    path, (encoder, card) = exported(kind), load_checkpoint(exported.checkpoints[kind])
    crops = np.stack([crop_square(picture, (0, 0, *picture.size), encoder.image_size) for picture in photographs])
    for count in (1, 5):
        directions, radii = run(path, crops[:count])
        expected_directions, expected_radii = encode(encoder, crops[:count])
        assert directions.dtype == radii.dtype == np.float32 and directions.shape == (count, card.encoder.embed_dim)
        np.testing.assert_allclose(directions, expected_directions, atol=TOLERANCE)
        np.testing.assert_allclose(radii, expected_radii, rtol=TOLERANCE, atol=0)  # of `photos` some are 1e-6, and their order counts
    assert np.abs(directions[0] - directions[1]).max() > 100 * TOLERANCE  # different pictures are different points
    assert exported.results[kind]["difference"] < TOLERANCE and exported.results[kind]["bytes"] == path.stat().st_size


def test_a_published_model_gives_in_onnxruntime_what_its_authors_code_gives(exported: Exports, shared_data: Path) -> None:
    folder = shared_data / "meru_random"
    expected, names = np.load(folder / "expected.npz"), json.loads((folder / "meta.json").read_text())["images"]
    path = exported("MERU")
    points = run(path, np.stack([centre_crop(Image.open(shared_data / name).convert("RGB")) for name in names]))
    curv = float(session_of(path).get_modelmeta().custom_metadata_map["curv"])
    np.testing.assert_allclose(from_polar(*points, curv=curv), expected["image_space"], atol=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_says_what_it_is(kind: str, exported: Exports) -> None:
    path, weights = exported(kind), find_checkpoint(exported.checkpoints[kind])
    encoder, card = load_checkpoint(weights)
    meta = session_of(path).get_modelmeta()
    about, settings = meta.custom_metadata_map, encoder.settings
    assert about == exported.results[kind]["metadata"]
    words = {name: about[name] for name in ("name", "licence", "geometry", "backbone", "checkpoint", "fit")}
    assert words == {
        "name": card.name, "licence": card.licence, "geometry": settings.geometry, "backbone": settings.backbone,
        "checkpoint": checkpoint_hash(weights), "fit": "squash",
    }  # fmt: skip
    numbers = {name: json.loads(about[name]) for name in ("curv", "dimension", "image_size", "boxes_from", "context", "contents")}
    assert numbers["curv"] == encoder.curv.item()
    assert (numbers["dimension"], numbers["image_size"]) == (settings.embed_dim, encoder.image_size)
    assert [numbers[name] for name in ("boxes_from", "context", "contents")] == [settings.boxes_from, settings.context, settings.contents]
    assert json.loads(about["mean"]) == encoder.mean.flatten().tolist() and json.loads(about["std"]) == encoder.std.flatten().tolist()
    assert meta.producer_name == "hypviz" and "tower and head alone" in about["scope"] and meta.description == about["scope"]
    assert ("CC-BY-NC" in exported.results[kind]["said"]) is (card.licence == MERU_LICENCE)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_this_machine_is_in_the_file(kind: str, exported: Exports) -> None:
    content = exported(kind).read_bytes()
    for trace in (str(ROOT), sys.prefix, str(Path(torch.__file__).parent), str(Path.home()), ".py"):
        assert trace.encode() not in content, trace
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    batch, *rest = (dim.dim_param or dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim)
    assert batch == "batch" and rest[0] == 3 and rest[1] == rest[2]


def test_the_same_checkpoint_gives_the_same_file(exported: Exports, tmp_path: Path) -> None:
    again = write_onnx(tmp_path / "again" / "demo.ONNX", "demo")
    assert again.path.read_bytes() == exported("demo").read_bytes()


def test_with_hypviz_the_rest_is_one_call(exported: Exports, photographs: list[Image.Image]) -> None:
    """A whole picture and a box in it, as `photos` places them, from the file's points."""
    encoder, _ = load_checkpoint("photos")
    settings, picture = encoder.settings, photographs[0]
    assert settings.boxes_from and settings.context and settings.contents
    whole, box = (0, 0, *picture.size), (5, 5, picture.width / 2, picture.height / 2)
    points = run(exported("photos"), np.stack([crop_square(picture, each, encoder.image_size) for each in (whole, box)]))
    placed = in_pictures(Embedding(*points, encoder.curv.item(), settings.geometry), np.array([0, 0]), settings)
    expected = embed_picture(encoder, picture, [whole, box])
    np.testing.assert_allclose(placed.directions, expected.directions, atol=TOLERANCE)
    np.testing.assert_allclose(placed.radii, expected.radii, atol=TOLERANCE)
    assert np.abs(points[1] - expected.radii).max() > 100 * TOLERANCE  # which is why the file says that it leaves this out


def test_the_python_of_the_page_runs(
    exported: Exports, photographs: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = (block.partition("```")[0] for block in PAGE.split("```python\n")[1:] if "onnxruntime" in block)
    lines = [line for line in code.splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) == 6 and "hypviz" not in code
    (tmp_path / "photos.onnx").symlink_to(exported("photos"))
    photographs[1].save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/models.md", "exec"), names)
    encoder, _ = load_checkpoint("photos")
    picture = Image.open("photo.jpg").convert("RGB")
    directions, radii = encode(encoder, crop_square(picture, (0, 0, *picture.size), encoder.image_size)[None])
    np.testing.assert_allclose(names["directions"], directions, atol=TOLERANCE)
    np.testing.assert_allclose(names["radii"], radii, atol=TOLERANCE)


@pytest.mark.parametrize("missing", onnx_file.PACKAGES)
def test_without_the_extra_a_sentence_says_so(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SettingsError, match=rf"{missing} is missing here\): pip install \"hypviz\[onnx\]\"\.$"):
        write_onnx(tmp_path / "a.onnx", "demo")
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ends in \.onnx, got .*a\.bin"):
        write_onnx(tmp_path / "a.bin", "demo")


def test_weights_beyond_a_single_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "MAX_BYTES", 1_000_000)
    with pytest.raises(SettingsError, match=r"^demo has 1\d,\d{3},\d{3} bytes of weights .* at most 1,000,000"):
        write_onnx(tmp_path / "a.onnx", "demo")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_gives_other_embeddings_is_not_written(exported: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = onnx.load_from_string(exported("demo").read_bytes())
    largest = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    largest.raw_data = (1.01 * np.frombuffer(largest.raw_data, np.float32)).astype(np.float32).tobytes()
    monkeypatch.setattr(onnx_file, "_content", lambda *_: model.SerializeToString())
    with pytest.raises(CheckpointError, match=r"graph of demo differs in onnxruntime from hypviz by .*a\.onnx was not written"):
        write_onnx(tmp_path / "a.onnx", "demo")
    assert not list(tmp_path.iterdir())


def test_a_network_that_torch_cannot_write_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise RuntimeError("an operator without a counterpart")

    monkeypatch.setattr(torch.onnx, "export", refuses)
    with pytest.raises(CheckpointError, match=r"cannot write demo as ONNX \(RuntimeError\); choose a checkpoint of another backbone\.$"):
        write_onnx(tmp_path / "a.onnx", "demo")
    assert not list(tmp_path.iterdir())
