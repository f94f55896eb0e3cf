"""Backbones by name, and foreign weights files: the same pictures give the same features as in the library they are from."""

from __future__ import annotations

import json
import pickle
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import open_clip
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from hypviz.errors import CheckpointError, HubUnreachableError, SettingsError
from hypviz.model.backbone import build_backbone
from hypviz.model.weights import read_weights

TINY = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 64, "heads": 1, "layers": 2},
}
"""An OpenCLIP model of its usual build, and small."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a test reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.fixture(scope="module", autouse=True)
def tiny_configs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """OpenCLIP knows "tiny" and "tiny-coca" while these tests run."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "tiny.json").write_text(json.dumps(TINY))
    vision = {**TINY["vision_cfg"], "output_tokens": True}  # type: ignore[dict-item]
    (folder / "tiny-coca.json").write_text(json.dumps({**TINY, "vision_cfg": vision}))
    open_clip.add_model_config(folder)
    yield
    for name in ("tiny", "tiny-coca"):
        open_clip.factory._MODEL_CONFIGS.pop(name)
    open_clip.factory._MODEL_CONFIG_PATHS.remove(folder)


@pytest.fixture(scope="module")
def clip() -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = open_clip.create_model("tiny").eval()
    return model


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def small() -> dict[str, Tensor]:
    """The weights of a small timm model."""
    torch.manual_seed(2)
    return dict(timm.create_model("test_resnet", num_classes=0).state_dict())


def save(content: Any, path: Path) -> str:
    save_file(content, path) if path.suffix == ".safetensors" else torch.save(content, path)
    return str(path)


def features(tower: nn.Module, pictures: Tensor) -> Tensor:
    with torch.no_grad():
        result: Tensor = tower.eval()(pictures)
    return result


def same_weights(tower: nn.Module, weights: dict[str, Tensor]) -> bool:
    state = tower.state_dict()
    return set(state) == set(weights) and all(torch.equal(state[name], weights[name]) for name in state)


# --- names


@pytest.mark.parametrize("name", ["", "demo2", "demo:x", "clip:ViT-B-16", "open_clip", "open_clip:", "timm:", "resnet50"])
def test_an_unknown_family_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(
        SettingsError, match=f"Unknown backbone {name!r}; use demo, .*pretrained:efficientnet_lite0, open_clip:NAME .* or timm:NAME"
    ):
        build_backbone(name)


@pytest.mark.parametrize(("name", "library"), [("open_clip:ViT-Q-7", "OpenCLIP"), ("timm:resnet49", "timm")])
def test_an_unknown_model_is_refused_with_where_to_look(name: str, library: str) -> None:
    with pytest.raises(SettingsError, match=rf"{library} has no model '{name.partition(':')[2]}'; see \w+\.list_models\(\)"):
        build_backbone(name)


@pytest.mark.parametrize(
    ("name", "image_size", "size"),
    [
        ("demo", 0, 64), ("demo", 32, 32), ("open_clip:tiny", 0, 32), ("open_clip:tiny", 64, 64), ("open_clip:tiny-coca", 0, 32),
        ("timm:test_resnet", 0, 160), ("timm:test_resnet", 96, 96), ("timm:test_vit", 0, 160), ("timm:test_vit", 64, 64),
        ("timm:deit_tiny_patch16_224", 32, 32),  # a transformer without "vit" in its name
        ("timm:mobilenetv3_small_050", 32, 32),  # has a layer between the pooling and the classifier
    ],
)  # fmt: skip
def test_a_backbone_maps_pictures_of_its_size_to_its_features(name: str, image_size: int, size: int) -> None:
    backbone = build_backbone(name, image_size=image_size)
    assert backbone.size == size
    assert features(backbone.tower, torch.zeros(2, 3, size, size)).shape == (2, backbone.features)
    assert len(backbone.mean) == len(backbone.std) == 3


# --- weights files


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
def test_weights_come_from_every_kind_of_file(small: dict[str, Tensor], tmp_path: Path, suffix: str) -> None:
    backbone = build_backbone("timm:test_resnet", weights=save(small, tmp_path / f"w{suffix}"))
    assert same_weights(backbone.tower, small)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "teacher"])
@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "encoder_q."])
def test_weights_are_found_under_wrappers_and_prefixes(small: dict[str, Tensor], tmp_path: Path, wrapper: str, prefix: str) -> None:
    content = {"epoch": 7, wrapper: {prefix + name: tensor for name, tensor in small.items()}}
    backbone = build_backbone("timm:test_resnet", weights=save(content, tmp_path / "w.pt"))
    assert same_weights(backbone.tower, small)


def test_moco_v2_in_its_public_layout_gives_torchvisions_features(tmp_path: Path) -> None:
    torch.manual_seed(3)
    moco = torchvision.models.resnet50()
    state = {f"module.encoder_q.{name}": tensor for name, tensor in moco.state_dict().items() if not name.startswith("fc.")}
    state |= {f"module.encoder_k.{name}": torch.zeros(tensor.shape, dtype=tensor.dtype) for name, tensor in moco.state_dict().items()}
    state |= {f"module.encoder_q.fc.{layer}.{kind}": torch.zeros(4) for layer in (0, 2) for kind in ("weight", "bias")}
    content = {"epoch": 200, "arch": "resnet50", "state_dict": state | {"module.queue": torch.zeros(4, 4)}}
    backbone = build_backbone("timm:resnet50", weights=save(content, tmp_path / "moco_v2_800ep_pretrain.pth.tar"), image_size=64)
    moco.fc = nn.Identity()
    pictures = torch.randn(2, 3, 64, 64)
    assert backbone.features == 2048
    torch.testing.assert_close(features(backbone.tower, pictures), features(moco, pictures))


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_clip_file_gives_open_clips_own_image_embedding(clip: Any, pictures: Tensor, tmp_path: Path, suffix: str, prefix: str) -> None:
    state = {prefix + name: tensor.contiguous() for name, tensor in clip.state_dict().items()}
    backbone = build_backbone("open_clip:tiny", weights=save(state, tmp_path / f"clip{suffix}"))
    with torch.no_grad():
        wanted = clip.encode_image(pictures, normalize=False)
    torch.testing.assert_close(features(backbone.tower, pictures), wanted)
    assert backbone.features == wanted.shape[1]
    assert not torch.allclose(features(build_backbone("open_clip:tiny").tower, pictures), wanted)


def test_the_text_tower_is_not_built(clip: nn.Module) -> None:
    assert set(build_backbone("open_clip:tiny").tower.state_dict()) == set(clip.visual.state_dict())  # type: ignore[union-attr,operator]


def test_half_precision_files_fill_a_float32_tower(small: dict[str, Tensor], tmp_path: Path) -> None:
    half = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in small.items()}
    tower = build_backbone("timm:test_resnet", weights=save(half, tmp_path / "w.pt")).tower
    assert {tensor.dtype for tensor in tower.state_dict().values()} == {torch.float32, torch.int64}
    torch.testing.assert_close(tower.state_dict()["conv1.0.weight"], half["conv1.0.weight"].float())


def test_files_from_before_batch_counters_are_complete(small: dict[str, Tensor], tmp_path: Path) -> None:
    old = {name: tensor for name, tensor in small.items() if not name.endswith("num_batches_tracked")}
    tower = build_backbone("timm:test_resnet", weights=save(old, tmp_path / "w.pt")).tower
    assert torch.equal(tower.state_dict()["conv1.0.weight"], small["conv1.0.weight"])


def test_weights_of_another_model_are_refused_with_the_first_that_is_missing(small: dict[str, Tensor], tmp_path: Path) -> None:
    some = {name: tensor for name, tensor in small.items() if name != "conv1.0.weight"}
    with pytest.raises(
        CheckpointError, match=rf"w\.pt does not fit this backbone: 1 of {len(small)} weights are missing.*'conv1\.0\.weight'"
    ):
        build_backbone("timm:test_resnet", weights=save(some, tmp_path / "w.pt"))
    with pytest.raises(CheckpointError, match="does not fit this backbone"):
        build_backbone("demo", weights=str(tmp_path / "w.pt"))


def test_a_misshapen_weight_is_named_with_both_shapes(small: dict[str, Tensor], tmp_path: Path) -> None:
    content = small | {"conv1.0.weight": torch.zeros(2, 3)}
    shape = re.escape(str(tuple(small["conv1.0.weight"].shape)))
    with pytest.raises(CheckpointError, match=rf"'conv1\.0\.weight' has shape \(2, 3\), expected {shape}"):
        build_backbone("timm:test_resnet", weights=save(content, tmp_path / "w.pt"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("demo", "timm:test_resnet", "open_clip:tiny"):
        with pytest.raises(CheckpointError, match=r"nothing\.pt does not exist"):
            build_backbone(name, weights=str(tmp_path / "nothing.pt"))


class Harmful:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("plain", [False, True], ids=["torch.save", "pickle.dumps"])
def test_a_file_that_holds_code_is_refused_and_the_code_not_run(small: dict[str, Tensor], tmp_path: Path, plain: bool) -> None:
    content = {"state_dict": small, "optimiser": Harmful(tmp_path / "harm")}
    path = tmp_path / "w.pt"
    path.write_bytes(pickle.dumps(content, protocol=2)) if plain else torch.save(content, path)
    with pytest.raises(CheckpointError, match="Python objects besides tensors, which hypviz does not run; save its state_dict alone"):
        read_weights(path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_torchscript_archive_is_refused_with_the_way_out(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), str(tmp_path / "ViT-B-32.pt"))
    with pytest.raises(CheckpointError, match="is a TorchScript archive, which holds a program; save its state_dict alone"):
        read_weights(tmp_path / "ViT-B-32.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("damage", ["empty", "half", "text"])
def test_a_damaged_file_is_said_to_be_damaged(small: dict[str, Tensor], tmp_path: Path, suffix: str, damage: str) -> None:
    path = Path(save(small, tmp_path / f"w{suffix}"))
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "half": data[: len(data) // 2], "text": b"<!doctype html>" * 99}[damage])
    with pytest.raises(CheckpointError, match=rf"w{suffix} is damaged") as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("content", "message"), [([torch.zeros(2)], "holds a list"), ({"epoch": 3}, "holds no tensors")])
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_weights(Path(save(content, tmp_path / "w.pt")))


# --- the hub


def unreachable(*_: object, **__: object) -> None:
    raise ConnectionError("Name or service not known\nTraceback …")


def test_open_clip_without_its_hub_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda name, tag: {"hf_hub": "somebody/tiny/"} if tag == "laion" else {})
    monkeypatch.setattr(open_clip, "download_pretrained", unreachable)
    with pytest.raises(
        HubUnreachableError,
        match=r"The weights of tiny laion could not be fetched .*\(ConnectionError\).*Without a network, choose a packaged backbone",
    ) as caught:
        build_backbone("open_clip:tiny", weights="hub:laion")
    assert "\n" not in str(caught.value)


def test_timm_without_its_hub_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm.models._builder, "load_pretrained", unreachable)
    with pytest.raises(HubUnreachableError, match=r"timm test_resnet\.r160_in1k could not be fetched") as caught:
        build_backbone("timm:test_resnet", weights="hub:r160_in1k")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "known"), [("open_clip:tiny", "none"), ("open_clip:ViT-S-32", "none"), ("timm:test_resnet", "r160_in1k")])
def test_an_unknown_tag_is_refused_with_the_known_ones(name: str, known: str) -> None:
    with pytest.raises(SettingsError, match=f"has no weights 'zz' for {name.partition(':')[2]}; it knows {known}"):
        build_backbone(name, weights="hub:zz")


def test_hub_weights_of_open_clip_bring_their_activation_and_standardisation(
    clip: Any, pictures: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = {"hf_hub": "somebody/tiny/", "quick_gelu": True, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.1)}
    path = save(clip.state_dict(), tmp_path / "clip.pt")
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda name, tag: published)
    monkeypatch.setattr(open_clip, "download_pretrained", lambda cfg: path if cfg == published else "")
    backbone = build_backbone("open_clip:tiny", weights="hub:openai")
    quick = open_clip.create_model("tiny", force_quick_gelu=True).eval()
    quick.load_state_dict(clip.state_dict())
    torch.testing.assert_close(features(backbone.tower, pictures), features(quick.visual, pictures))
    assert (backbone.mean, backbone.std) == (published["mean"], published["std"])
