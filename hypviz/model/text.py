"""Text towers of published models: words and sentences into the space of the pictures.

The towers are OpenCLIP's text transformer, which computes what MERU's own does (pre-norm blocks, causal mask, the feature at
the end-of-text token), and the tokens are OpenCLIP's: the byte-pair merges and the cleaning of CLIP, as in MERU and
HyCoCLIP. The ids agree for every text but one that spells out a control token, which the two projects write differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hypviz.config import EncoderSettings
from hypviz.errors import SettingsError
from hypviz.model.backbone import read_shape

VOCABULARY = 49408
"""Tokens of CLIP's byte-pair encoding, the only one used here."""
TOWERS = {"meru": (False, False), "clip": (True, True), "clip-gelu": (False, True)}
"""Towers named by their shape: whether they have QuickGELU, and whether their projection has an additive constant."""
MAX_CHARACTERS = 10_000
"""Longest text taken. 77 tokens are far fewer; the tokenizer alone would spend seconds on a book."""


class TextTower(nn.Module):
    """n texts → features (n, D) before the scale α. Its weights are fixed: the method trains on pictures alone."""

    def __init__(self, tower: Any, context: int) -> None:
        super().__init__()
        self.tower, self.context = tower, context
        self.log_alpha = nn.Parameter(torch.zeros(()))
        self.requires_grad_(False)

    def forward(self, texts: Sequence[str]) -> Tensor:
        """See the class; a text longer than `context` tokens is cut short, its end-of-text token kept."""
        features: Tensor = self.tower(self.tokens(texts).to(self.log_alpha.device)).float()
        return features

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """(n, context) int64 token ids: start of text, the text, end of text, zeros.

        SettingsError for no text, an empty one, or one of more than MAX_CHARACTERS characters.
        """
        if isinstance(texts, str) or not texts:
            raise SettingsError("Give at least one text to embed, as a list.")
        for text in texts:
            if not isinstance(text, str) or not text.strip():
                raise SettingsError(f"A text to embed must hold at least one character, got {text!r}.")
            if len(text) > MAX_CHARACTERS:
                raise SettingsError(f"A text to embed may have {MAX_CHARACTERS:,} characters, got {len(text):,}; shorten it.")
        from open_clip.tokenizer import SimpleTokenizer

        ids: Tensor = SimpleTokenizer(context_length=self.context)(list(texts))
        return ids


def build_text_tower(settings: EncoderSettings) -> TextTower | None:
    """The text tower that the settings name, with fresh weights; None for none, SettingsError for an unknown one."""
    if not settings.text:
        return None
    family, _, shape = settings.text.partition(":")
    if family in TOWERS and shape:
        return _by_shape(family, shape, settings.embed_dim)
    backbone, _, name = settings.backbone.partition(":")
    if settings.text == "open_clip" and backbone == "open_clip":
        return _open_clip(name)
    raise SettingsError(
        f"Unknown text tower {settings.text!r}; use none, meru:L…_W…_A…_C…, clip:…, clip-gelu:…, or open_clip with an open_clip: backbone."
    )


def _by_shape(family: str, shape: str, embed_dim: int) -> TextTower:
    from open_clip.transformer import QuickGELU, TextTransformer

    sizes, (quick, bias) = read_shape(shape, "LWAC"), TOWERS[family]
    tower = TextTransformer(
        context_length=sizes["C"], vocab_size=VOCABULARY, width=sizes["W"], heads=sizes["A"], layers=sizes["L"], output_dim=embed_dim,
        proj_bias=bias, act_layer=QuickGELU if quick else nn.GELU,
    )  # fmt: skip
    return TextTower(tower, sizes["C"])


def _open_clip(name: str) -> TextTower:
    import open_clip
    from open_clip.model import CLIPTextCfg, _build_text_tower

    config = open_clip.get_model_config(name)
    if config is None or not {"embed_dim", "text_cfg"} <= set(config) or "hf_model_name" in config["text_cfg"]:
        raise SettingsError(f"OpenCLIP has no model {name!r} with a text tower of its own.")
    text = CLIPTextCfg(**config["text_cfg"])
    return TextTower(_build_text_tower(config["embed_dim"], text, bool(config.get("quick_gelu"))), text.context_length)
