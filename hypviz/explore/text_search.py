"""Words in a view: typed queries among the pictures, and the way to the root in words.

A model with a text tower puts words into the space of its pictures. In a hyperbolic one a text retrieves by entailment, the items
inside its cone; in a plain CLIP, which has no cones, by cosine. A model of pictures alone says that it has no text tower.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hypviz.errors import CheckpointError, SelectionError
from hypviz.model.card import Card
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.traverse import ROOT, words_to_root
from hypviz.storage.json_types import Json

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

PROMPT = "a photo of a {}."
"""How a class name is put to the text tower, as in MERU's traversals; a person's own words are taken as they are."""
ENTAILMENT, COSINE = "entailment", "cosine"
MAX_TEXT = 1000
"""Characters of a typed query; its tower reads 77 tokens."""
MAX_WORDS = 2000
"""Own words and phrases taken into the pool at once."""
KEPT = 20_000
"""Texts whose place is remembered."""
NEAREST = 12
"""Words listed where there is no way to the root."""
BATCH = 256


def how_words_search(card: Card) -> str:
    """ "entailment", "cosine", or "" for a checkpoint without a text tower."""
    if not card.encoder.text:
        return ""
    return COSINE if card.encoder.geometry == "cosine" else ENTAILMENT


def no_text_tower(card: Card) -> str:
    """The sentence for a checkpoint that knows no words."""
    if card.encoder.backbone == "vectors":
        return "Own vectors come without a model, so words have no place among them."
    return f"The checkpoint {card.name} has no text tower: it knows pictures alone, not words."


class TextSearch:
    """Embeds texts with one checkpoint and remembers them; safe to share between threads."""

    def __init__(self, card: Card, encoder: Callable[[], HyperbolicEncoder]) -> None:
        self.card, self.how = card, how_words_search(card)
        self._encoder, self._lock = encoder, threading.Lock()
        self._places: OrderedDict[str, tuple[np.ndarray, float]] = OrderedDict()

    def query(self, text: Any) -> Query:
        """Where a text lies; SelectionError for what is no text, CheckpointError without a text tower."""
        embedding = self.embed([checked_text(text)])
        return Query(embedding.directions[0], float(embedding.radii[0]), None)

    def embed(self, texts: Sequence[str]) -> Embedding:
        """Texts (N) as an embedding, those that are new encoded in batches."""
        if not self.how:
            raise CheckpointError(no_text_tower(self.card))
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._places]
            for start in range(0, len(new), BATCH):
                self._add(new[start : start + BATCH])
            places = [self._places[text] for text in texts]
            while len(self._places) > KEPT:
                self._places.popitem(last=False)
        directions, radii = np.stack([place[0] for place in places]), np.array([place[1] for place in places], np.float32)
        return Embedding(directions, radii, self.card.curv, self.card.encoder.geometry)

    def _add(self, texts: list[str]) -> None:
        import torch

        encoder = self._encoder()
        with torch.inference_mode():
            direction, radius = encoder.encode_texts(texts)
        for text, place, far in zip(texts, direction.float().cpu().numpy(), radius.cpu().tolist(), strict=True):
            self._places[text] = place, far

    def to_root(self, query: Query, classes: Sequence[str], own_words: Sequence[str] = ()) -> Json:
        """The words met from a place to the root: {"how", "pool", "words": [{"text", "root", "start", "stop", "radius"}]}.

        The pool is the data's class names and the words of one's own. A hyperbolic model walks as MERU does (`words_to_root`), the
        outermost word first, the root last; a plain CLIP has no root, and lists the nearest by cosine with their "angle".
        """
        if len(own_words) > MAX_WORDS:
            raise SelectionError(f"A pool takes at most {MAX_WORDS:,} words of your own, got {len(own_words):,}.")
        prompts = {PROMPT.format(name): name for name in classes} | {text: text for text in map(checked_text, own_words)}
        texts = list(prompts)
        if not texts:
            raise SelectionError("There are no words to walk through: the data has no class names; give some of your own.")
        pool = self.embed(texts)
        if self.how == COSINE:
            nearest = Index(pool).nearest(Query(query.direction, query.radius), limit=NEAREST)
            listed = [
                {"text": prompts[texts[row]], "root": False, "angle": float(angle), "radius": float(pool.radii[row])}
                for row, angle in zip(nearest.rows.tolist(), nearest.angle, strict=True)
            ]
            return {"how": COSINE, "pool": len(texts), "words": listed}
        stops = words_to_root(pool, query)
        listed = [
            {
                "text": "[ROOT]" if stop.row == ROOT else prompts[texts[stop.row]],
                "root": stop.row == ROOT,
                "start": stop.start,
                "stop": stop.stop,
                "radius": 0.0 if stop.row == ROOT else float(pool.radii[stop.row]),
            }
            for stop in stops
        ]
        return {"how": ENTAILMENT, "pool": len(texts), "words": listed}


def checked_text(text: Any) -> str:
    """A text from outside, without the space around it; SelectionError when it is none, empty or too long."""
    if not isinstance(text, str) or not text.strip():
        raise SelectionError("Type a word or a sentence to search for.")
    if len(text) > MAX_TEXT:
        raise SelectionError(f"A text to search for may have {MAX_TEXT:,} characters, got {len(text):,}; shorten it.")
    return text.strip()
