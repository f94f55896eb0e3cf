"""Settings of a health report."""

from __future__ import annotations

from dataclasses import dataclass

from hypviz.config import check_range


@dataclass(frozen=True)
class HealthSettings:
    """From where on something is worth a look. All of these are our reading [R]."""

    tiny_px: float = 16.0
    """A box with a shorter side below this is tiny: little is left of it in a crop."""
    whole_share: float = 0.9
    """A box that covers this share of its picture says the same as the scene; their angle is nearly singular."""
    orphan_share: float = 0.5
    """A box in nothing but the scene is an orphan when at least this share of its class sits inside another box."""
    radius_floor: float = 1e-2
    """Below this distance to the root the exterior angle is noise."""
    aperture_k: float = 0.1
    """K of the cones of Ganea et al. and MERU, whose half-aperture saturates at 90° near the root [A]."""

    def __post_init__(self) -> None:
        check_range("tiny_px", self.tiny_px, 0, 1e6)
        check_range("whole_share", self.whole_share, 1e-9, 1)
        check_range("orphan_share", self.orphan_share, 0, 1)
        check_range("radius_floor", self.radius_floor, 0, 1e6)
        check_range("aperture_k", self.aperture_k, 1e-9, 1e6)
