"""Backbones, the hyperbolic encoder, its loss and its checkpoints; open_clip and timm are imported only here."""
