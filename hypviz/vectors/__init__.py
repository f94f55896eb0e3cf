"""Own vectors of any hyperbolic model: checked, turned into directions and radii, and made a workspace."""
