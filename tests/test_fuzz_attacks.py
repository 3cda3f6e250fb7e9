"""No text of a config becomes code: each attack in each field gives the code of a harmless text."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NoReturn

import pytest
from attacks import ATTACKS
from configs import experiments
from filled import HARMLESS, Filled, filled, text_fields
from fuzzing import code_from_text, is_nightly, some, tried
from hypothesis import assume, given
from hypothesis import strategies as st
from mutations import places
from strategies import Plain, models_in

from recgen.check import check
from recgen.config import PipelineConfig
from recgen.generate import render
from recgen.plan.columns import graph_names

BASES = {"all texts set": filled(optional=True), "only what is needed": filled(optional=False)}
# The second is called by its own name in the SavedModel, the first by another: that is code.
_NEUTRAL = (HARMLESS.format("x"), "harmless_text")
_REFUSED = {"NUL", "lone surrogate", "surrogates in a row", "too long for a name"}
_MEANT = {("DataConfig.null_times", "zero")}  # there it is a time, which is compared
_FIELDS = sorted(
    {(owner, base) for base, found in BASES.items() for owner in found.kept().values()}
)
_ATTACKS = sorted(ATTACKS)
PAIRS = [(*field, attack) for field in _FIELDS for attack in _ATTACKS]


def test_every_text_of_every_model_is_attacked() -> None:
    reached = {owner for owner, _ in _FIELDS}
    # IDs and what a history shares have the text of the feature that they name.
    reached |= {f"FeatureConfig.{side}_id_column" for side in ("buyer", "product")}
    of_pipelines = {model.__name__ for model in models_in(PipelineConfig)} | {"PipelineConfig"}
    unreached = {name for name in text_fields() - reached if name.split(".")[0] not in of_pipelines}
    assert unreached == {"History.shared_with"}
    assert "'shared_with'" in str(BASES["all texts set"].plain)
    assert len(set(ATTACKS.values())) == len(ATTACKS)


@pytest.mark.parametrize("module", ["transform_module.py", "trainer_module.py"])
def test_attacks_are_seen(module: str) -> None:
    """The comparison below can fail: what an attack wants is another form."""
    text = render(BASES["only what is needed"].plain)[module]
    harmless = HARMLESS.format(0)
    assert same_form(text, text.replace(harmless, "harmless 0 test"))
    for other in (
        f"{text}\n__import__('os').system('id')\n",
        text.replace("import tensorflow as tf", "import tensorflow as tf, os"),
        text.replace(f'"{harmless}', f'"x" + "{harmless}', 1),
        text.replace("def ", "async def ", 1),
        text.replace("[-1]", "[-2]").replace("axis=1", "axis=2"),
        text.replace("tf.", "tft."),
        text.replace("inputs", "outputs").replace("features", "training"),  # two become one
        text.replace("# command: ", "# coding: utf7\n# +AAo-import os+AAo-"),
    ):
        assert not same_form(text, other)


def test_a_text_in_a_field_never_becomes_code() -> None:  # P1, P2, P3, P4
    for owner, base, attack in PAIRS[:: 9 if is_nightly() else 700]:
        tried["attacks: one in a field"] += 1
        text = next(text for text, field in BASES[base].kept().items() if field == owner)
        try_alone(base, text, attack)


def try_alone(base: str, text: str, attack: str) -> None:
    """Fails, and names the field, if an attack instead of one text changes the code."""
    attacked = BASES[base].instead(text, ATTACKS[attack])
    if check(attacked).ok and (BASES[base].owners[text], attack) not in _MEANT:
        where = f"{BASES[base].owners[text]} ({base}): {attack}"
        compare(render(attacked), neutral_renderings(base, text), where)


@pytest.mark.slow
@pytest.mark.parametrize("base", BASES)
def test_texts_in_all_fields_at_once_never_become_code(base: str) -> None:  # P1, P2, P3, P4
    put: set[str] = set()
    # At night each attack has its turn in each field, in CI in two fields.
    step = 1 if is_nightly() else len(BASES[base].kept()) // 2
    for start in range(0, len(_ATTACKS), step):
        attacked, neutral, pairs = all_at_once(base, start)
        tried["attacks: all fields at once"] += len(pairs)
        put |= set(pairs.values())
        if not all(
            same_form(text, render(neutral)[name]) for name, text in render(attacked).items()
        ):
            for text, attack in pairs.items():
                try_alone(base, text, attack)
            refuse(f"one of {pairs}")
    assert set(ATTACKS) - put <= _REFUSED


def all_at_once(base: str, start: int) -> tuple[Plain, Plain, dict[str, str]]:
    """Returns a config with another attack in each field, its harmless twin, and which is where."""
    attacked, neutral = (Filled(BASES[base].plain) for _ in range(2))
    pairs: dict[str, str] = {}
    for place, text in enumerate(BASES[base].kept()):
        attack = _ATTACKS[(start + place) % len(_ATTACKS)]
        tried_out = attacked.instead(text, ATTACKS[attack])
        if check(tried_out).ok and (BASES[base].owners[text], attack) not in _MEANT:
            pairs[text] = attack
            attacked = Filled(tried_out)
            is_kept = graph_names([ATTACKS[attack]])[ATTACKS[attack]] == ATTACKS[attack]
            name = f"harmless_{place}" if is_kept else HARMLESS.format(f"x{place}")
            twin = neutral.instead(text, name)
            # Some fields take a few characters only: there, the base's own text is the twin.
            neutral = Filled(twin) if check(twin).ok else neutral
    return attacked.plain, neutral.plain, pairs


@some(ci=8, nightly=800)
@given(experiments(), st.data())
def test_a_text_anywhere_in_a_drawn_config_never_becomes_code(plain: Any, data: Any) -> None:
    """P1 to P4 again, where any name can be the attack, and others stand beside it."""
    texts = sorted({text for path in places(plain["features"]) for text in _names(plain, path)})
    text = data.draw(st.sampled_from(texts))
    attack = data.draw(st.sampled_from(_ATTACKS))
    assume(ATTACKS[attack] not in texts)  # two columns would become one, which is another config
    found = Filled(plain, {text: "drawn"})
    neutral = [found.instead(text, name) for name in _NEUTRAL]
    attacked = found.instead(text, ATTACKS[attack])
    assume(all(check(config).ok for config in (attacked, *neutral)))
    tried["attacks: one in a drawn config"] += 1
    compare(render(attacked), map(render, neutral), f"{text!r} replaced: {attack}")


def _names(plain: Any, path: tuple[Any, ...]) -> Iterator[str]:
    value = plain["features"]
    for part in path:
        value = value[part]
    if path[-1] in ("column", "display_name", "description", "name") and value:
        yield value


def neutral_renderings(base: str, text: str) -> Iterator[Mapping[str, str]]:
    yield _rendered(base)  # its own texts are of the first kind
    yield render(BASES[base].instead(text, _NEUTRAL[1]))


@cache
def _rendered(base: str) -> Mapping[str, str]:
    return render(BASES[base].plain)


def compare(files: Mapping[str, str], neutral: Iterable[Mapping[str, str]], where: str) -> None:
    """Fails unless each module has the form that one of the neutral texts gives it."""
    left = dict(files)
    for other in neutral:
        left = {name: text for name, text in left.items() if not same_form(text, other[name])}
        if not left:
            return
    refuse(f"{where} in {' and '.join(left)}")


def refuse(where: str) -> NoReturn:
    code_from_text.append(where)
    pytest.fail(f"code from text: {where}")


def same_form(one: str, other: str) -> bool:
    """Says whether two modules are one program but for its texts and its own names.

    Read as bytes, as Python reads a file: a comment can name an encoding.
    """
    try:
        first, second = (ast.parse(text.encode()).body for text in (one, other))
    except (SyntaxError, UnicodeError):
        return False
    fixed = {*dir(builtins), *_names_of(first), *_names_of(second)}
    forms = ([list(_form(statement, fixed)) for statement in body] for body in (first, second))
    return next(forms) == next(forms)


def _names_of(body: list[ast.stmt]) -> Iterator[str]:
    """Yields what a module defines and imports: the template's names, never a column's."""
    for statement in body:
        targets = getattr(statement, "targets", [statement])
        yield from (target.id for target in targets if isinstance(target, ast.Name))
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            yield statement.name
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in statement.names)


def _form(statement: ast.stmt, fixed: set[str]) -> Iterator[Any]:
    """Yields a statement's nodes; a local name, or one on `self`, is its number by first use."""
    numbers: dict[tuple[str, str], int] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant):
            yield type(node.value).__name__ if isinstance(node.value, str) else repr(node.value)
            continue
        yield type(node).__name__
        kind = _own_name(node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                yield name, len(value)
            elif isinstance(value, str) and kind and value not in fixed:
                yield name, numbers.setdefault((kind, value), len(numbers))
            elif not isinstance(value, ast.AST):
                yield name, value


def _own_name(node: ast.AST) -> str:
    """Returns in which of a statement's lists of names a node's name stands, if it may change."""
    if isinstance(node, ast.Attribute):
        # One tower uses the other's tables, by the names that they have there.
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        return "self" if owner in ("self", "candidate_tower") else ""
    return "local" if isinstance(node, (ast.Name, ast.arg, ast.FunctionDef)) else ""
