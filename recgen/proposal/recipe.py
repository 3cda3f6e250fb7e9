"""What a preset decides in a proposal; the data decides the rest. Knows the text of presets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recgen.config import SIDES, Side
from recgen.proposal.columns import Taken, Towers
from recgen.proposal.times import Past, Recency
from recgen.reading.sources import read_text

_NOTE = re.compile(r" {2}(?P<key>\w+): [^#]+# (?P<text>.+)")  # of a key of `model`
_DECAYS = (0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
_AVERAGED = 2  # epochs that an average of the weights goes over at most
_CHOSEN = (
    "ema_decay",
    "batch_size",
    "recency_half_life_days",
)  # from the data, so a preset's reason is none


@dataclass(frozen=True)
class Recipe:
    """A preset, as far as it fits any data.

    Attributes:
        name: The preset's name.
        head: What it is for, as paragraphs.
        notes: Comments on keys of its model section.
        features: Its features section as plain data.
        model: Its model section as plain data.
    """

    name: str
    head: tuple[str, ...]
    notes: Mapping[str, str]
    features: Mapping[str, Any]
    model: Mapping[str, Any]

    @property
    def width(self) -> int:
        """Width of both towers' outputs."""
        return int(self.model["output_embedding_dim"])

    def id_width(self, side: Side) -> int:
        """Return the width of an ID's vectors."""
        own = self.features[f"{side}_id_column"]
        ids = (each for each in self._features(side) if each["column"] == own)
        return int(next(ids)["transforms"]["embedding"]["embedding_dim"])

    def adapt(self, towers: Towers) -> None:
        """Leave out what has no place in the preset, and transform the rest as it does."""
        for side in SIDES:
            own = self.features[f"{side}_id_column"]
            kinds = {each["data_type"] for each in self._features(side) if each["column"] != own}
            for taken in list(towers.taken[side]):
                if kinds <= {"history"}:
                    why = f"the preset {self.name} has only the ID of the {side}"
                    towers.drop(side, taken.name, why)
                else:
                    self._transform(side, taken)

    def _transform(self, side: Side, taken: Taken) -> None:
        """Add the bounds and buckets that the preset's features of this kind have."""
        transforms: Any = taken.feature["transforms"]
        for each in self._features(side):
            if each["data_type"] != taken.feature["data_type"]:
                continue
            wanted = each["transforms"]
            fewest = wanted.get("embedding", {}).get("min_frequency")
            if fewest and each["column"] != self.features[f"{side}_id_column"]:
                transforms["embedding"].setdefault("min_frequency", fewest)
            if "bucketize" in wanted and "normalize" in transforms:
                transforms.setdefault("bucketize", dict(wanted["bucketize"]))

    def past(self, found: Past | None) -> Past | None:
        """Return the preset's history, if there is one and the data allows it."""
        own = next((f for f in self._features("buyer") if f["data_type"] == "history"), None)
        if own is None or found is None:
            return None
        history = found.feature["transforms"]["history"]
        wanted = dict(own["transforms"]["history"])
        length = min(history["max_length"], wanted["max_length"])
        merged = {**wanted, "shared_with": history["shared_with"], "max_length": length}
        return Past({**found.feature, "transforms": {"history": merged}})

    def model_of(
        self, proposed: Mapping[str, Any], recency: Recency | None, rows: int
    ) -> dict[str, Any]:
        """Return the preset's model section with sizes of the data.

        Args:
            proposed: The model section that the data suggests.
            recency: The half-life that the data suggests.
            rows: Number of training rows.
        """
        model = dict(self.model)
        model["batch_size"] = min(model["batch_size"], proposed["batch_size"])
        model["top_k"] = proposed["top_k"]
        if model.pop("recency_half_life_days", None) and recency is not None:
            model["recency_half_life_days"] = recency.days
            rows = recency.drawn
        if "ema_decay" in model:
            steps = _AVERAGED * rows / model["batch_size"]
            fitting = [decay for decay in _DECAYS if 1 / (1 - decay) <= steps]
            model["ema_decay"] = min(model["ema_decay"], max(fitting, default=_DECAYS[0]))
        return model

    def comments(self, model: Mapping[str, Any], past: Past | None) -> Iterator[tuple[str, str]]:
        """Yield the key of the model, or none for the whole of it, and a comment on it."""
        for key, text in self.notes.items():
            if key in model:
                yield key, f"{text[:1].upper()}{text[1:]}."
        if "ema_decay" in model:
            count = round(1 / (1 - model["ema_decay"]))
            yield "ema_decay", f"Averages the weights over about {count:,} steps."
        if "recency_half_life_days" in self.model.keys() - model.keys():
            yield "", "The preset's recency_half_life_days needs more rows or time, or dates."
        if past is None and any(f["data_type"] == "history" for f in self._features("buyer")):
            yield "", "The preset's history needs times, and buyers who come back."

    def _features(self, side: Side) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.features[f"{side}_model_features"]
        return found


def read_recipe(name: str, text: str) -> Recipe:
    """Return the recipe of a preset.

    Args:
        name: Its name.
        text: Its YAML text with comments.
    """
    data = read_text(text, "yaml").data
    lines = text.split("\n")
    head = lines[: next(n for n, line in enumerate(lines) if not line.startswith("#"))]
    paragraphs = "\n".join(line.lstrip("#").strip() for line in head).split("\n\n")
    at = lines.index("model:")
    own = lines[at : next(n for n in range(at, len(lines)) if not lines[n])]
    found = (match for line in own if (match := _NOTE.fullmatch(line)))
    notes = {each["key"]: each["text"] for each in found if each["key"] not in _CHOSEN}
    joined = tuple(" ".join(paragraph.split()) for paragraph in paragraphs)
    return Recipe(name, joined, notes, data["features"], data["model"])
