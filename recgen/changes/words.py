"""What became of a fact, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from recgen.plan.levels import Key, Level

_SHOWN = 3  # changes in a message
Change = Literal["added", "gone", "changed"]
_TOWERS = {"query": "buyer tower", "candidate": "product tower", "shared": "shared layers"}
_TOWERS["head"] = "rating head"
_STATE = {
    "optimizer": "the optimizer keeps other values for each weight",
    "learning rate": "the learning rate is kept in another way",
    "averages": "the mean of the weights is kept or not",
    "task weights": "the weights of the tasks are learnt, or not",
}
_ROWS = {
    "reading": "the data is read in another way",
    "split": "the rows are split in another way",
    "refit": "vocabularies are learnt from other parts, and the tested model from other rows",
}

_PIPELINE = {
    "analyze": "the pipeline learns vocabularies and means from other splits",
    "source": "the pipeline reads other rows",
    "histories": "the pipeline makes lists that it read, or reads lists that it made",
}


@dataclass(frozen=True)
class Changed:
    """A fact that is not the same in two configs.

    Attributes:
        level: Its level.
        key: Its kind and name.
        change: What became of it.
        old: Its value before, if it was there.
        new: Its value after, if it is there.
    """

    level: Level
    key: Key
    change: Change
    old: object = None
    new: object = None

    @property
    def words(self) -> str:
        """What became of it in a few words."""
        kind, name = self.key
        if self.level == "client":
            return self._of_client(kind, name)
        if self.level == "weights":
            return self._of_weights(kind, name)
        if kind == "output":
            verb = {"added": "is new", "gone": "is gone", "changed": "is computed in another way"}
            return f"the transform's output {name!r} {verb[self.change]}"
        if kind == "column":
            return f"the column {name!r} arrives as {_dtype(self.new)}, not {_dtype(self.old)}"
        if kind == "source":
            return f"the column {name!r} is read in another way"
        if kind == "rows":
            return _ROWS[name]
        if kind == "pipeline":
            return _PIPELINE[name]
        return self._of_comparison(kind, name)

    def _of_client(self, kind: str, name: str) -> str:
        if kind == "input" and self.change == "added":
            return f"requests need {name!r} ({self.new})"
        if kind == "input" and self.change == "gone":
            return f"requests with {name!r} are refused"
        if kind == "input":
            return f"{name!r} has to be {self.new}, not {self.old}"
        if kind == "values":
            return f"{name!r} is a list of values of {self.new!r}, not of {self.old!r}"
        if kind == "ids":
            return f"product IDs are {self.new}, not {self.old}"
        if kind == "column of ids":
            return f"product IDs are those of {self.new!r}, not of {self.old!r}"
        if kind == "answers":
            return f"answers have {self.new} products, not {self.old}"
        if kind == "scores":
            return "scores have another scale"
        if kind == "search":
            return f"products are searched by {self.new}, not by {self.old}"
        return (
            "the signatures are others" if kind == "kind" else "predictions are of another target"
        )

    def _of_weights(self, kind: str, name: str) -> str:
        tower, _, attribute = name.partition(".")
        place = f"of the {_TOWERS.get(tower, tower)}"
        if kind in ("table", "layer"):
            noun = f"the {kind} {attribute!r} {place}"
            verb = {"added": "is new", "gone": "is gone", "changed": "has another shape"}
            return f"{noun} {verb[self.change]}"
        if kind == "inputs":
            return f"the layers {place} get other inputs, or in another order"
        if kind == "function":
            return f"the {_TOWERS.get(tower, tower)} computes something else with the same weights"
        if kind == "meaning":
            return f"the input {name!r} means something else"
        return _ROWS[name] if kind == "rows" else _STATE[name]

    def _of_comparison(self, kind: str, name: str) -> str:
        if kind == "pairs":
            return f"the {name} is {self.new!r}, not {self.old!r}"
        if kind == "catalogue":
            return f"the vocabulary of the {name}'s ID is cut in another way"
        words = {"data": "the data is at another place", "loss": "losses have another scale"}
        return words.get(kind, "other figures are measured")


def _dtype(value: object) -> str:
    assert isinstance(value, list)
    dtype, is_list = value
    return f"a list of {dtype}" if is_list else str(dtype)


def joined(changes: Sequence[Changed]) -> str:
    """Return what became of some facts, the first ones in words and the number of the rest."""
    texts = list(dict.fromkeys(each.words for each in changes))
    rest = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
