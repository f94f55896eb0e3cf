"""Augmentation is a pure function of (seed, step) that keeps every child inside its scene."""

from __future__ import annotations

import pytest
import torch

from hypviz.config import TrainSettings
from hypviz.training.augment import augment

PLAIN = {"flip": False, "colour_jitter": 0.0}


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.rand(64, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_the_same_seed_and_step_give_the_same_pictures_whatever_was_drawn_before(pixels: torch.Tensor) -> None:
    first = augment(pixels, TrainSettings(seed=3), step=5)
    torch.rand(7)
    state = torch.get_rng_state()
    assert torch.equal(augment(pixels, TrainSettings(seed=3), step=5), first)
    assert torch.equal(torch.get_rng_state(), state)  # nor does it draw from what others draw from
    assert not torch.equal(augment(pixels, TrainSettings(seed=3), step=6), first)
    assert not torch.equal(augment(pixels, TrainSettings(seed=4), step=5), first)


def test_the_input_is_left_as_it_is(pixels: torch.Tensor) -> None:
    before = pixels.clone()
    augment(pixels, TrainSettings(), step=0)
    assert torch.equal(pixels, before)


def test_with_everything_off_the_pixels_are_kept(pixels: torch.Tensor) -> None:
    assert torch.equal(augment(pixels, TrainSettings(**PLAIN), step=0), pixels)


def test_about_half_of_the_pictures_are_flipped_left_to_right_and_the_others_kept(pixels: torch.Tensor) -> None:
    out = augment(pixels, TrainSettings(flip=True, colour_jitter=0.0), step=0)
    kept = (out == pixels).flatten(1).all(1)
    flipped = (out == pixels.flip(3)).flatten(1).all(1)
    assert (kept ^ flipped).all()
    assert 16 < int(flipped.sum()) < 48  # 4 standard deviations


def test_jitter_changes_every_picture_on_its_own_and_stays_in_range(pixels: torch.Tensor) -> None:
    same = pixels[:1].expand(16, -1, -1, -1)
    out = augment(same, TrainSettings(flip=False, colour_jitter=0.4), step=2)
    assert len({tuple(picture.flatten().tolist()) for picture in out}) == 16
    assert out.min() >= 0
    assert out.max() <= 1


def test_jitter_never_moves_a_pixel() -> None:
    """A grey picture with one bright pixel: after any jitter that pixel is still the brightest."""
    grey = torch.full((32, 3, 6, 6), 0.4)
    grey[:, :, 2, 3] = 0.6
    out = augment(grey, TrainSettings(flip=False, colour_jitter=0.3), step=1)
    assert (out.sum(1).flatten(1).argmax(1) == 2 * 6 + 3).all()
    spread = out.amax(dim=1) - out.amin(dim=1)
    assert spread.max() < 1e-6  # saturation of grey is grey


def test_stronger_jitter_changes_more(pixels: torch.Tensor) -> None:
    change = [(augment(pixels, TrainSettings(flip=False, colour_jitter=j), step=0) - pixels).abs().mean() for j in (0.0, 0.1, 0.5)]
    assert change[0] < change[1] < change[2]


def test_crops_are_small_early_and_of_full_size_later(pixels: torch.Tensor) -> None:
    settings = TrainSettings(steps=10, early_size=4, early_share=0.6, **PLAIN)
    assert [augment(pixels, settings, step=step).shape[-1] for step in (0, 5, 6, 9)] == [4, 4, 8, 8]
    small = augment(pixels, settings, step=0)
    assert small.shape == (64, 3, 4, 4)
    torch.testing.assert_close(small.mean(dim=(1, 2, 3)), pixels.mean(dim=(1, 2, 3)), atol=0.05, rtol=0)  # the whole of each
    flat = augment(torch.full((2, 3, 8, 8), 0.3), settings, step=0)
    torch.testing.assert_close(flat, torch.full((2, 3, 4, 4), 0.3))


def test_a_share_of_a_batch_is_changed_as_it_is_among_all(pixels: torch.Tensor) -> None:
    settings = TrainSettings(seed=3, colour_jitter=0.4)
    whole = augment(pixels, settings, step=5)
    for share in (slice(0, 64, 3), slice(1, 64, 3), slice(2, 64, 3)):
        assert torch.equal(augment(pixels[share], settings, step=5, among=64, share=share), whole[share])
    assert not torch.equal(augment(pixels[1::3], settings, step=5), whole[1::3])
