"""What the module of a trainer that recgen did not write does, as far as its text says.

The module is parsed and never imported. Each fact has the line that says it; what the text leaves
open is None.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Literal, TypeVar

from recgen.analysis.syntax import (
    calls_in,
    constants_of,
    is_none,
    keyword_of,
    name_of,
    parsed,
    targets_of,
    text_of,
)

_T = TypeVar("_T")
_MOST = 2_000_000  # characters of a module that is parsed
_CLIPS = {"clipnorm": "variable", "global_clipnorm": "global", "clipvalue": "value"}
_CALLS = {
    "clip_by_global_norm": "global",
    "clip_by_norm": "variable",
    "clip_by_average_norm": "variable",
    "clip_by_value": "value",
}
_OPTIMIZER = re.compile(
    r"(?i)^(legacy)?(adagrad|adam|adamw|nadam|adamax|adadelta|sgd|rmsprop|ftrl)$"
)
_DISTINCT = re.compile(r"(?i)unique|distinct|dedup|drop_duplicates|fromkeys|groupby|group_by")
_CATALOGUE = re.compile(r"(?i)candidate|catalog|product_ids|item_ids|all_products|all_items")
_INDEXES = ("index", "index_from_dataset", "FactorizedTopK")
_INTERACTIONS = re.compile(r"(?i)input_fn|train|interaction|transaction|rating|example|purchase")
_ID_NAME = re.compile(r"(?i)(^|_)(p?ids?|skus?|keys?|codes?)(_|$)")
_LOGQ = ("candidate_sampling_probability", "sampling_probability", "candidate_sampling_probs")
_COLUMN = re.compile(r"(?i)(product|item|sku|article|^id).*(col|id|key|field|feature|name)|^id")
_GUESSES = re.compile(r"(?i)product|item|sku|article")

Clip = Literal["global", "variable", "value", "none"]


@dataclass(frozen=True)
class Said(Generic[_T]):
    """A fact and the line of the module that says it."""

    value: _T
    line: int


@dataclass(frozen=True)
class TrainerModule:
    """What a trainer module does.

    Attributes:
        clip: How gradients are clipped: all together, each variable's, each value, or not.
        clip_at: The norm or value at which they are, if it is written as a number.
        logq: Whether scores are corrected for how often a product is sampled.
        candidates: Whether the products to choose from are distinct, or one a row.
        product_column: The column that it takes for the product's ID.
        guesses: Whether it picks that column by its name when it runs.
        stops_early: Whether a callback stops the training by a measure.
    """

    clip: Said[Clip] | None = None
    clip_at: float | None = None
    logq: Said[bool] | None = None
    candidates: Said[Literal["distinct", "rows"]] | None = None
    product_column: Said[str] | None = None
    guesses: Said[bool] | None = None
    stops_early: Said[bool] | None = None


@lru_cache(maxsize=64)
def read_trainer_module(text: str) -> TrainerModule | None:
    """Return what a module does; None if it is not Python that can be parsed."""
    tree = parsed(text) if len(text) <= _MOST else None
    return _Reader(tree).read() if tree is not None else None


class _Reader:
    """Reader of one module's tree."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.calls = [node for node in self.nodes if isinstance(node, ast.Call)]
        self.functions = [
            node for node in self.nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        self.constants = constants_of(tree)

    def read(self) -> TrainerModule:
        """Return all facts."""
        clip, at = self._clip()
        return TrainerModule(
            clip=clip,
            clip_at=at,
            logq=self._logq(),
            candidates=self._candidates(),
            product_column=self._product_column(),
            guesses=self._guesses(),
            stops_early=self._stops_early(),
        )

    def _clip(self) -> tuple[Said[Clip] | None, float | None]:
        made = [call for call in self.calls if _is_optimizer(call)]
        found = [*self._clip_arguments(made), *self._clipped_gradients()]
        if found:
            line, how, value = min(found, key=lambda each: each[0])
            return Said(how, line), self._number(value)
        return (Said("none", made[0].lineno), None) if made else (None, None)

    def _clip_arguments(self, made: list[ast.Call]) -> Iterator[tuple[int, Clip, ast.expr | None]]:
        """Yield clipping that optimizers are asked for: by an argument, or an attribute."""
        for call in made:
            for keyword in call.keywords:
                if keyword.arg in _CLIPS and not is_none(keyword.value):
                    yield call.lineno, _how(_CLIPS[keyword.arg]), keyword.value
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    name = target.attr if isinstance(target, ast.Attribute) else ""
                    if name in _CLIPS and not is_none(node.value):
                        yield node.lineno, _how(_CLIPS[name]), node.value
            if isinstance(node, ast.Dict):  # options of an optimizer
                for key, value in zip(node.keys, node.values, strict=True):
                    name = text_of(key) or ""
                    if name in _CLIPS and not is_none(value):
                        yield node.lineno, _how(_CLIPS[name]), value

    def _clipped_gradients(self) -> Iterator[tuple[int, Clip, ast.expr | None]]:
        """Yield clipping of what is applied; statistics are clipped as well, and do not count."""
        for function in self.functions:
            applied = _applied(function)
            for node in ast.walk(function) if applied else ():
                names = targets_of(node)
                for call in calls_in(node.value) if isinstance(node, ast.Assign) else ():
                    how = _CALLS.get(name_of(call.func))
                    if how and names & applied:
                        value = (
                            call.args[-1] if len(call.args) > 1 else keyword_of(call, "clip_norm")
                        )
                        yield call.lineno, _how(how), value

    def _number(self, value: ast.expr | None) -> float | None:
        if isinstance(value, ast.Name):
            value = self.constants.get(value.id)
        number = value.value if isinstance(value, ast.Constant) else None
        if not isinstance(number, (int, float)) or isinstance(number, bool):
            return None
        return float(number) if number > 0 else None

    def _logq(self) -> Said[bool] | None:
        for call in self.calls:
            given = next((k for k in call.keywords if k.arg in _LOGQ), None)
            if given is not None and not is_none(given.value):
                return Said(True, call.lineno)
            if name_of(call.func) in (
                "SamplingProbablityCorrection",
                "SamplingProbabilityCorrection",
            ):
                return Said(True, call.lineno)
        tasks = [call for call in self.calls if name_of(call.func) == "Retrieval"]
        return Said(False, tasks[0].lineno) if tasks else None

    def _candidates(self) -> Said[Literal["distinct", "rows"]] | None:
        """Return how products are gathered: by a function that loops, or from a data set."""
        for function in self._gatherers():
            if _drops_repeats(function):
                return Said("distinct", function.lineno)
            return Said("rows", function.lineno)
        for function in self.functions:
            for call in calls_in(function):
                if name_of(call.func) in _INDEXES and (given := _catalogue_of(call)) is not None:
                    names = _origin(given, function)
                    if any(map(_DISTINCT.search, names)) or any("vocab" in n for n in names):
                        return Said("distinct", call.lineno)
                    if any(map(_INTERACTIONS.search, names)):
                        return Said("rows", call.lineno)
        return None

    def _gatherers(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield functions that gather the products of a data set in a loop."""
        for function in self.functions:
            is_named = _CATALOGUE.search(function.name)
            loops = [node for node in ast.walk(function) if isinstance(node, (ast.For, ast.While))]
            gathers = any(
                name_of(call.func) in ("append", "extend", "concat", "add")
                for loop in loops
                for call in calls_in(loop)
            )
            evaluates = re.search(r"(?i)evaluat|recall|metric|test|load_", function.name)
            if is_named and gathers and not evaluates:
                yield function

    def _product_column(self) -> Said[str] | None:
        """Return the column whose values become the products' IDs."""
        for function in self._gatherers():
            for node in ast.walk(function):
                named = targets_of(node)
                if not (isinstance(node, ast.Assign) and any(map(_ID_NAME.search, named))):
                    continue
                for inner in ast.walk(node.value):
                    if isinstance(inner, ast.Subscript):
                        column = text_of(inner.slice) or self._constant_text(inner.slice)
                        if column is not None:
                            return Said(column, inner.lineno)
        return None

    def _constant_text(self, node: ast.expr) -> str | None:
        return text_of(self.constants.get(node.id)) if isinstance(node, ast.Name) else None

    def _guesses(self) -> Said[bool] | None:
        """Return whether a column is looked for by a part of its name: `"product" in name`."""
        for node in self.nodes:
            chooses = isinstance(node, (ast.Assign, ast.If)) and any(
                map(_COLUMN.search, _chosen(node))
            )
            found = next(_name_tests(node), None) if chooses else None
            if found is not None:
                return Said(True, found.lineno)
        return None

    def _stops_early(self) -> Said[bool] | None:
        for call in self.calls:
            if "EarlyStopping" in name_of(call.func):
                return Said(True, call.lineno)
        fits = [call for call in self.calls if name_of(call.func) == "fit"]
        return Said(False, fits[0].lineno) if fits else None


def _how(word: str) -> Clip:
    return "global" if word == "global" else "variable" if word == "variable" else "value"


def _is_optimizer(call: ast.Call) -> bool:
    if _OPTIMIZER.match(name_of(call.func)):
        return True
    dotted = ast.unparse(call.func) if isinstance(call.func, ast.Attribute) else ""
    return ".optimizers." in f".{dotted}." and name_of(call.func) in ("get", "deserialize")


def _applied(function: ast.AST) -> set[str]:
    """Return the names of what is given to `apply_gradients`, with what they are made of."""
    names: set[str] = set()
    for call in calls_in(function):
        if name_of(call.func) in ("apply_gradients", "apply"):
            names |= {name_of(node) for arg in call.args for node in ast.walk(arg)} - {""}
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    for _ in range(3):  # `pairs = zip(clipped, variables)` and then `apply_gradients(pairs)`
        for node in assigned:
            if targets_of(node) & names and not any(
                name_of(call.func) in _CALLS for call in calls_in(node.value)
            ):
                names |= {name_of(each) for each in ast.walk(node.value)} - {""}
    return names - {"zip", "list", "gradient", "tf", "self", "tape"}


def _drops_repeats(function: ast.AST) -> bool:
    """Return whether a function keeps each product once."""
    for node in ast.walk(function):
        if isinstance(node, (ast.Set, ast.SetComp, ast.DictComp)):
            return True
        if isinstance(node, ast.Call) and name_of(node.func) in ("set", "frozenset", "setdefault"):
            return True
        if isinstance(node, (ast.Name, ast.Attribute)) and _DISTINCT.search(name_of(node)):
            return True
        is_test = isinstance(node, ast.Compare) and any(isinstance(o, ast.NotIn) for o in node.ops)
        if is_test:
            return True
        if isinstance(node, ast.Assign) and any(_is_keyed(t) for t in node.targets):
            return True
    return False


def _is_keyed(target: ast.AST) -> bool:
    """Return whether a value is stored under a key: `found[product] = vector`."""
    return isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Constant)


def _catalogue_of(call: ast.Call) -> ast.expr | None:
    """Return the products that an index or a metric is given."""
    named = keyword_of(call, "candidates") or keyword_of(call, "identifiers")
    return named or (call.args[0] if call.args else None)


def _origin(node: ast.expr, function: ast.AST) -> set[str]:
    """Return the names that an expression is made of, within its function."""
    names = {name_of(each) for each in ast.walk(node)} | {
        text_of(each) or "" for each in ast.walk(node)
    }
    assigned = [each for each in ast.walk(function) if isinstance(each, ast.Assign)]
    for _ in range(4):
        for each in assigned:
            if targets_of(each) & names:
                names |= {name_of(inner) for inner in ast.walk(each.value)}
                names |= {text_of(inner) or "" for inner in ast.walk(each.value)}
    return names - {""}


def _chosen(node: ast.AST) -> set[str]:
    """Return the names that a statement or the body of a condition gives a value."""
    if isinstance(node, ast.Assign):
        return targets_of(node)
    bodies = node.body if isinstance(node, ast.If) else []
    return {name for each in bodies for name in targets_of(each)}


def _name_tests(tree: ast.AST) -> Iterator[ast.Compare]:
    """Yield what looks for a part of a name: `"product" in column.lower()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            part, where = text_of(node.left), node.comparators[0]
            lowers = any(name_of(call.func) in ("lower", "casefold") for call in calls_in(where))
            is_name = lowers or isinstance(where, ast.Name)
            if part is not None and _GUESSES.fullmatch(part.strip("_")) and is_name:
                yield node
