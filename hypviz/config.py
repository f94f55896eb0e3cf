"""Settings: frozen dataclasses, one reason per field; an unknown key or a value out of range raises.

`from_mapping` turns a JSON object back into settings, `to_mapping` is its inverse, so the resolved settings can be
saved beside weights and workspaces. Fields marked [P] are the paper's, [A] its ancestors' code, [R] our reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, TypeVar

from hypviz.errors import SettingsError

T = TypeVar("T")


def from_mapping(cls: type[T], mapping: Mapping[str, Any]) -> T:
    """Build settings of type `cls` from JSON's types.

    Raises SettingsError naming every unknown key and the known ones, or the value of another type or out of range.
    """
    if not isinstance(mapping, Mapping):
        raise SettingsError(f"{cls.__name__} must be an object of names and values, got {mapping!r}.")
    known = {field.name: field.default for field in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(mapping) - set(known))
    if unknown:
        raise SettingsError(f"{cls.__name__} has no setting {', '.join(map(repr, unknown))}; it knows {', '.join(known)}.")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in mapping.items()}
    for key, value in values.items():
        _check_type(key, value, known[key])
    try:
        return cls(**values)
    except SettingsError:
        raise
    except (TypeError, ValueError) as error:  # a missing key, or a class with checks of its own
        raise SettingsError(f"{cls.__name__}: {error}") from error


def _check_type(name: str, value: object, default: object) -> None:
    """Raise SettingsError unless `value` has the type of its setting's default; a whole number may stand for a float."""
    types = (int, float) if isinstance(default, float) else type(default)
    if default is None:
        return  # its class checks it
    is_number_as_flag = isinstance(value, bool) and not isinstance(default, bool)  # bool is an int to Python
    if default is not MISSING and (is_number_as_flag or not isinstance(value, types)):
        raise SettingsError(f"{name} must be of type {type(default).__name__}, as its default {default!r} is; got {value!r}.")


def to_mapping(settings: Any) -> dict[str, Any]:
    """The settings as a JSON-ready dict."""
    return asdict(settings)


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise SettingsError unless low <= value <= high."""
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low:g} and {high:g}, got {value:g}.")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise SettingsError unless `value` is one of `choices`."""
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")


@dataclass(frozen=True)
class HierarchySettings:
    """How boxes become a hierarchy (method.md §1)."""

    min_overlap: float = 0.8
    """Share of the smaller box that must lie inside the larger one: area(A∩B)/area(B). 0.8 [P]; denominator [R]."""
    duplicate_iou: float = 0.9
    """Boxes with at least this IoU are one object labelled twice, so no pair is made between them [R]."""
    min_box_px: float = 0.0
    """Boxes with a shorter side below this many pixels take no part in pairs (HCL used 56 on OpenImages) [R]."""

    def __post_init__(self) -> None:
        check_range("min_overlap", self.min_overlap, 0.5, 1.0)
        check_range("duplicate_iou", self.duplicate_iou, 0.0, 1.0)
        check_range("min_box_px", self.min_box_px, 0.0, 1e6)


@dataclass(frozen=True)
class PairSettings:
    """Which parent → child pairs training sees (method.md §1, §3)."""

    ancestors: str = "all"
    """"all": every ancestor → descendant pair of the containment relation; "direct": the smallest container only [R]."""
    cross_image: int = 1
    """K boxes of the same class from other images per box, paired with this box's scene: the † models. 0: off [R]."""
    cross_from: str = "scene"
    """What such a box is paired with: "scene", this box's scene, as in the paper; "ancestors", every ancestor of this box,
    so that an object learns the parts of its class in other images, too (an extension, ours)."""
    batches: str = "pairs"
    """"pairs": a batch is a random draw of pairs (how the paper draws its own it does not say); "images": all pairs within a few
    whole images, so that every encoded crop takes part in all of its relations [R]."""
    class_balance: bool = False
    """Whether all classes among what belongs under a parent count alike in its loss, however many items they have: thirteen seats do
    not speak louder than one boat. With whole-image batches only [R]."""
    next_level: float = 1.0
    """Weight of what lies one level below a parent in its loss, relative to what lies deeper: a scene looks at its objects first.
    With whole-image batches only [R]."""
    scene_weight: float = 1.0
    """Weight of whole pictures among the parents. With whole-image batches only [R]."""
    repeat_below: float = 0.0
    """Share of the images with a class below which they are shown more often, in whole-image batches: an image as often as
    √(repeat_below / share) of its rarest class, at least once an epoch (repeat factor sampling, Gupta et al., CVPR 2019). 0: off."""
    by_series: bool = False
    """Whether a whole-image batch is drawn from one series of pictures alone: those of one folder whose names begin with the same
    letters. Series take turns by the square root of their size. Where collections are joined, one class may mean a whole
    picture here and a small box there; their boxes are no partners then [R]."""
    shuffled: bool = False
    """A control, never a model to use: every box shows the picture of another box, drawn once by the seed, so that what
    remains to be learned is only which crops are whole scenes."""

    @property
    def weighted(self) -> bool:
        """Whether any pair or parent counts other than the rest."""
        return self.class_balance or self.next_level != 1.0 or self.scene_weight != 1.0

    def __post_init__(self) -> None:
        check_choice("batches", self.batches, ("pairs", "images"))
        check_choice("ancestors", self.ancestors, ("all", "direct"))
        check_choice("cross_from", self.cross_from, ("scene", "ancestors"))
        check_range("repeat_below", self.repeat_below, 0.0, 1.0)
        check_range("next_level", self.next_level, 1e-3, 1e3)
        check_range("scene_weight", self.scene_weight, 1e-3, 1e3)
        if self.weighted and self.batches != "images":
            raise SettingsError("class_balance, next_level and scene_weight need whole-image batches: set batches to 'images'.")
        check_range("cross_image", self.cross_image, 0, 1000)


@dataclass(frozen=True)
class EncoderSettings:
    """Everything needed to rebuild an encoder before its weights are loaded."""

    backbone: str = "demo"
    """"demo", "demo-small", "pretrained:efficientnet_lite0" (1, 2: ImageNet weights from a Python package, Apache-2.0;
    with "+classes" its classifier's probabilities stand beside the features),
    "open_clip:NAME" (an OpenCLIP image tower), "timm:NAME" (a timm model without its classifier),
    "meru:L12_W384_A12_P16", the ViT of a published file in MERU's format: layers, width, attention heads, patch size; or
    "vit:mean_L12_W768_A12_P16_E6", one whose feature is the mean of its patches ("token": its class token), with 10^-6 in LayerNorm."""
    embed_dim: int = 128
    """Dimension of the hyperbolic space [P]."""
    geometry: str = "hyperbolic"
    """"hyperbolic"; "euclidean" for the `euc` baseline; "cosine" for the contrastive baseline."""
    curv_init: float = 1.0
    """Start of the learnable curvature parameter c [A: MERU]."""
    learn_curv: bool = True
    """Whether c is trained [P]."""
    temperature_init: float = 0.07
    """Start of the learnable temperature τ [P]."""
    image_size: int = 0
    """Side of the square input in pixels; 0 takes the backbone's own."""
    published: str = ""
    """Tag of the published weights that the backbone began with. Its activation, input size, mean and standard deviation
    are theirs, so a checkpoint needs the tag to be rebuilt as it was trained. Set by weights "hub:TAG"."""
    text: str = ""
    """The text tower beside it: "" for none, "meru:L12_W512_A8_C77" (layers, width, attention heads, tokens of a text), "clip:…" with
    QuickGELU and a constant in its projection, "clip-gelu:…" with the constant alone, or "open_clip" for the one of an OpenCLIP
    backbone. It is never trained here: the method sees pictures alone [P]."""
    pixel_mean: tuple[float, ...] = ()
    """Mean of red, green and blue in 0…1 that the input is freed of; () takes the backbone's own."""
    pixel_std: tuple[float, ...] = ()
    """Standard deviation likewise."""
    head_bias: bool = False
    """Whether a linear head has an additive constant. The paper's has none [A]; the training-free head of `model.fresh_head`
    needs one to put the mean embedding at the root."""
    head: str = "linear"
    """"linear": one layer gives a tangent vector, as in the paper [A]. "polar": direction and radius are learned apart, by a
    normalised linear layer and a small network of its own (`model.heads`) [R]."""
    feature_power: float = 1.0
    """Under a polar head every feature f counts as sign(f)·|f|^power. 0.5 keeps a few strong ones from speaking for all
    (power normalisation, Perronnin et al., ECCV 2010) [R]."""
    radius_hidden: int = 256
    """Width of that network."""
    direction_hidden: int = 0
    """Width of a network, F → width → dimension, that is added to the linear map of a polar head's directions; 0 for none. A whole
    picture has to point at several classes at once, which one linear map of all items does not learn as well [M]."""
    boxes_from: float = 0.0
    """Radius in true units from which on boxes lie, and below which whole pictures lie (`inference.in_pictures`). That a
    picture contains its boxes is known and need not be learned: a box that fills its picture looks like it. 0: radii as learned [R]."""
    context: float = 0.0
    """How much of its picture's direction a box's gets, as a multiple (`inference.in_pictures`): of a small crop alone an encoder sees
    little, and a box elsewhere is likelier to be meant where its picture is alike. 0: the crop alone, as in the paper [R]."""
    contents: float = 0.0
    """How much of the mean direction of its boxes a picture's gets, as a multiple. 0: the picture alone, as in the paper [R]."""
    radius_init: float = 0.5
    """What every radius begins at under a polar head, in true units. √c·r of about 0.3 is where the loss has gradients: from
    1.5 on it runs outwards and stays there."""

    def __post_init__(self) -> None:
        check_choice("geometry", self.geometry, ("hyperbolic", "euclidean", "cosine"))
        check_choice("head", self.head, ("linear", "polar"))
        check_range("feature_power", self.feature_power, 0.1, 1.0)
        check_range("radius_hidden", self.radius_hidden, 1, 65536)
        check_range("direction_hidden", self.direction_hidden, 0, 65536)
        check_range("radius_init", self.radius_init, 0.01, 10.0)
        check_range("boxes_from", self.boxes_from, 0.0, 10.0)
        check_range("context", self.context, 0.0, 10.0)
        check_range("contents", self.contents, 0.0, 10.0)
        check_range("embed_dim", self.embed_dim, 1, 65536)
        check_range("direction_hidden × embed_dim", self.direction_hidden * self.embed_dim, 0, 1 << 28)
        check_range("curv_init", self.curv_init, 0.01, 100.0)
        check_range("temperature_init", self.temperature_init, 0.01, 10.0)
        check_range("image_size", self.image_size, 0, 4096)
        for name, values in (("pixel_mean", self.pixel_mean), ("pixel_std", self.pixel_std)):
            if len(values) not in (0, 3):
                raise SettingsError(f"{name} must be three numbers, or none for the backbone's own; got {values}.")


@dataclass(frozen=True)
class TrainSettings:
    """One training run (method.md §3); the loss switches live in `training.losses.LossSettings`."""

    steps: int = 4000
    """Optimiser steps."""
    batch_pairs: int = 256
    """Parent → child pairs per step. The paper used 640 (CLIP ViT) and 1984 (MoCo-v2) [P]."""
    lr: float = 2e-3
    """Peak learning rate from scratch; the paper fine-tuned CLIP with 2e-5 [P]."""
    backbone_lr_scale: float = 1.0
    """Learning rate of the backbone relative to the head; 0 freezes it."""
    direction_lr_scale: float = 1 / 3
    """Learning rate of a polar head's directions relative to its radii: what the backbone knows is in them [R]."""
    last_blocks: int = 0
    """Of the backbone only the last so many blocks are trained, the rest stays as it is; 0 trains all of it."""
    lora_rank: int = 0
    """Rank of the adapters (LoRA, `model.adapters`) that learn in the place of the backbone's weights, in its last `last_blocks`
    blocks; they are merged at the end. 0 trains the weights themselves [R]."""
    warmup: float = 0.1
    """Share of the steps with a linearly rising learning rate; a cosine decay follows [R]."""
    weight_decay: float = 0.05
    """On weight matrices only, never on biases, norms or scalars [R]."""
    betas: tuple[float, float] = (0.9, 0.999)
    """AdamW betas [P]."""
    clip_norm: float = 1.0
    """Gradient norm limit; the exterior angle is steep near its singular points [R]."""
    early_size: int = 0
    """Side in pixels of the crops during the first `early_share` of the steps; small crops are quick. 0 is off [R]."""
    early_share: float = 0.6
    """Share of the steps with small crops, where `early_size` is set; the rest runs at full size [R]."""
    flip: bool = True
    """Random horizontal flip [R]."""
    colour_jitter: float = 0.2
    """Strength of random brightness, contrast and saturation; 0 is off [R]."""
    seed: int = 0
    """Seeds the weights, the pairs and the augmentation: the same seed gives the same result on one machine."""
    precision: str = "auto"
    """"auto": bfloat16 on a GPU, float32 otherwise; or "float32", "bfloat16" by name."""
    validate_every: int = 500
    """Steps between validations."""
    save_every: int = 500
    """Steps between resumable states on disk."""
    patience: int = 0
    """Validations in a row without a better score after which training stops; then, and whenever this is set, the weights
    with the best score are the result, those of the start among them. 0 is off: the last weights are the result [R]."""

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 1e9)
        check_range("batch_pairs", self.batch_pairs, 2, 1e6)
        check_range("lr", self.lr, 0.0, 10.0)
        check_range("backbone_lr_scale", self.backbone_lr_scale, 0.0, 10.0)
        check_range("direction_lr_scale", self.direction_lr_scale, 0.0, 10.0)
        check_range("warmup", self.warmup, 0.0, 1.0)
        check_range("clip_norm", self.clip_norm, 1e-6, 1e9)
        check_range("weight_decay", self.weight_decay, 0.0, 1e3)
        check_range("validate_every", self.validate_every, 1, 1e9)
        check_range("save_every", self.save_every, 1, 1e9)
        check_range("last_blocks", self.last_blocks, 0, 1e4)
        check_range("lora_rank", self.lora_rank, 0, 1024)
        check_range("patience", self.patience, 0, 1e9)
        check_range("seed", self.seed, 0, 2**32)
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise SettingsError(f"betas must be two numbers of at least 0 and below 1, got {self.betas}.")
        check_range("colour_jitter", self.colour_jitter, 0.0, 1.0)
        check_range("early_size", self.early_size, 0, 4096)
        check_range("early_share", self.early_share, 0.0, 1.0)
        check_choice("precision", self.precision, ("auto", "float32", "bfloat16"))
