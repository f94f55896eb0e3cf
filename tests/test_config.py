"""Settings: what is unknown, of the wrong type or out of range is refused in one sentence; what is right survives JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hypviz.config import EncoderSettings, HierarchySettings, PairSettings, TrainSettings, check_range, from_mapping, to_mapping
from hypviz.errors import SettingsError
from hypviz.training.losses import LossSettings

KINDS = (HierarchySettings, PairSettings, EncoderSettings, TrainSettings, LossSettings)


@pytest.mark.parametrize(
    "settings",
    [
        *(kind() for kind in KINDS),
        HierarchySettings(0.7, 0.95, 56.0),
        PairSettings("direct", 3),
        EncoderSettings("timm:resnet50", 8, "euclidean", 2.0, False, 0.1, 96, "a1_in1k"),
        TrainSettings(steps=7, lr=1, betas=(0.8, 0.95), flip=False, precision="float32", early_size=32),
        LossSettings(unsampled="negative"),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_settings_come_back_from_json_as_they_were(settings: Any) -> None:
    back = from_mapping(type(settings), json.loads(json.dumps(to_mapping(settings))))
    assert back == settings
    assert hash(back) == hash(settings)  # no list in the place of a tuple


def test_an_absent_setting_has_its_default() -> None:
    assert from_mapping(TrainSettings, {"steps": 9}) == TrainSettings(steps=9)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_setting_is_named_and_the_known_ones_are_listed(kind: type) -> None:
    known = ", ".join(to_mapping(kind()))
    with pytest.raises(SettingsError, match=f"{kind.__name__} has no setting 'stepps', 'zz'; it knows {known}"):
        from_mapping(kind, {"zz": 1, "stepps": 3})


@pytest.mark.parametrize("mapping", [None, 5, [1], "steps"])
def test_settings_that_are_no_object_are_refused(mapping: Any) -> None:
    with pytest.raises(SettingsError, match="TrainSettings must be an object of names and values"):
        from_mapping(TrainSettings, mapping)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (HierarchySettings, "min_overlap", 0.49),
        (HierarchySettings, "min_overlap", 1.01),
        (HierarchySettings, "duplicate_iou", 1.5),
        (HierarchySettings, "min_box_px", -1.0),
        (PairSettings, "cross_image", -1),
        (EncoderSettings, "embed_dim", 0),
        (EncoderSettings, "curv_init", 0.005),
        (EncoderSettings, "curv_init", 101.0),
        (EncoderSettings, "temperature_init", 0.009),
        (EncoderSettings, "image_size", -1),
        (TrainSettings, "steps", 0),
        (TrainSettings, "batch_pairs", 1),
        (TrainSettings, "lr", -1e-9),
        (TrainSettings, "lr", float("nan")),
        (TrainSettings, "backbone_lr_scale", -0.1),
        (TrainSettings, "warmup", 1.1),
        (TrainSettings, "weight_decay", -0.1),
        (TrainSettings, "clip_norm", 0.0),
        (TrainSettings, "colour_jitter", 1.1),
        (TrainSettings, "early_size", -1),
        (TrainSettings, "early_share", 1.1),
        (TrainSettings, "validate_every", 0),
        (TrainSettings, "save_every", 0),
        (TrainSettings, "seed", -1),
    ],
)
def test_a_number_out_of_range_is_refused_with_its_range(kind: type, name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be between .* and .*, got {value:g}\."):
        kind(**{name: value})


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (PairSettings, "ancestors", "some"),
        (PairSettings, "batches", "image"),
        (EncoderSettings, "geometry", "spherical"),
        (TrainSettings, "precision", "float16"),
        (LossSettings, "unsampled", "ignored"),
    ],
)
def test_a_word_that_is_no_choice_is_refused_with_the_choices(kind: type, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be one of .*got '{value}'"):
        from_mapping(kind, {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "many"), ("steps", 2.5), ("steps", None), ("steps", True), ("lr", "1e-3"), ("lr", False),
        ("flip", 1), ("betas", 0.9), ("precision", 16), ("early_share", [0.5]),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be of type \w+, as its default .* is; got"):
        from_mapping(TrainSettings, {name: value})


@pytest.mark.parametrize("betas", [[0.9], [0.9, 1.0], [-0.1, 0.9], [0.9, 0.99, 0.999]])
def test_betas_are_two_numbers_below_one(betas: list[float]) -> None:
    with pytest.raises(SettingsError, match="betas must be two numbers of at least 0 and below 1"):
        from_mapping(TrainSettings, {"betas": betas})


def test_the_ends_of_a_range_are_in_it() -> None:
    check_range("x", 0.0, 0.0, 1.0)
    check_range("x", 1.0, 0.0, 1.0)
    with pytest.raises(SettingsError, match=r"x must be between 0 and 1, got 1\.1\."):
        check_range("x", 1.1, 0.0, 1.0)
