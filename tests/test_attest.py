"""Attestation: what a template or a filter could get wrong stops the rendering."""

from __future__ import annotations

import ast
import dataclasses
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from recgen import render
from recgen.attest import AttestationError, attest_module, attest_text
from recgen.check import load
from recgen.findings import RecgenError
from recgen.literals import comment_slot, fill, literal, literal_slot
from recgen.plan.trainer import plan_trainer
from recgen.plan.transform import plan_transform
from recgen.render import _environment, _finish, render_template

MODULE = "trainer/module.py.j2"
ROOT = Path(__file__).resolve().parents[1]
# Of code: the page of `report` is no code, and is escaped by Jinja itself.
TEMPLATES = sorted(p for p in ROOT.glob("templates/**/*.j2") if p.parent.name != "report")


@dataclass(frozen=True)
class Plan:
    value: object = "price"
    imports: frozenset[str] = frozenset()


FORM = f"x = {literal_slot('price')}\n"


def test_a_form_with_its_literals_is_attested() -> None:
    attest_text(fill(FORM), FORM)
    attest_module(fill(FORM), FORM, Plan())


@pytest.mark.parametrize(
    "text",
    [
        'x = "other"',  # another literal
        'x = "price"; import os',  # P1: code beside it
        'x = "price" + evil()',
        "x = price",  # P2: printed without quotes
        'y = "price"',
        'x = "price".upper()',
        "x = b'price'",
        "x = (",
    ],
)
def test_text_that_is_not_its_form_is_refused(text: str) -> None:
    with pytest.raises(AttestationError, match="a bug of recgen"):
        attest_text(text, FORM)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("x = 1", "x = 1.0"), ("x = 0.0", "x = -0.0"), ("x = True", "x = 1"), ("x = ()", "x = (1,)")],
)
def test_numbers_are_compared_with_their_type_and_sign(text: str, wanted: str) -> None:  # P5
    with pytest.raises(AttestationError):
        attest_text(text, wanted)


def test_a_slot_that_holds_code_is_refused() -> None:
    slot = f"LITERAL_{b'evil()'.hex()}_"
    with pytest.raises(AttestationError, match="not a literal"):
        attest_text("x = evil()", f"x = {slot}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("import subprocess", "subprocess"),
        ("from os import path", "os"),
        ("eval(x)", "eval"),
        ("open(x)", "open"),
        ("getattr(x, y)", "getattr"),
        ("os.system(x)", "os.system"),
        ("os.environ.clear()", "os.environ.clear"),
        ("importlib.import_module(x)", "importlib.import_module"),
        ("os.environ['x'].y", "os.environ['x'].y"),
        ("math.log(x).real", "math.log(x).real"),
        ("x.__class__", "__class__"),
        ("__import__(x)", "__import__"),
    ],
)
def test_what_a_module_may_not_use_is_named(text: str, named: str) -> None:
    with pytest.raises(AttestationError, match=re.escape(named)):
        attest_module(text, text, Plan())


def test_an_import_that_is_planned_and_missing_is_refused() -> None:  # P10
    with pytest.raises(AttestationError, match="math"):
        attest_module("x = 1", "x = 1", Plan(imports=frozenset({"math"})))


@pytest.mark.parametrize("value", ["stranger", 7, 1.0, True, ("price", "stranger")])
def test_a_literal_that_the_plan_does_not_hold_is_refused(value: object) -> None:
    form = f"x = {literal_slot(value)}"
    with pytest.raises(AttestationError, match="does not hold"):
        attest_module(fill(form), form, Plan(("price", 1)))


@pytest.mark.parametrize("value", ["order date", "x; import os", "class", "цена", "", 1.5, None])
def test_a_template_cannot_print_text_without_a_filter(value: object) -> None:  # P2, P3, P4
    with pytest.raises(AttestationError, match="without a filter"):
        _environment().from_string("x = {{ value }}").render(value=value)


@pytest.mark.parametrize("value", ["a b", "a.b; c", "os.class", "a..b", ".a", "", "модуль.x"])
def test_a_module_is_names_with_dots(value: str) -> None:
    with pytest.raises(AttestationError, match="without a filter"):
        _environment().from_string("import {{ value | module }}").render(value=value)


def test_nothing_is_returned_when_a_template_is_wrong(monkeypatch, experiment) -> None:  # P8
    """The call to `evil` comes from a template, so only the list of what may be used sees it."""
    environment = _environment()
    text = (ROOT / "templates" / MODULE).read_text("utf-8")
    loader = {MODULE: f"{text}\n{{{{ section_end }}}}\nexec(EPOCHS)\n"}
    loaders = [jinja2.DictLoader(loader), environment.loader]
    monkeypatch.setattr(environment, "loader", jinja2.ChoiceLoader(loaders))
    monkeypatch.setattr(environment, "cache", None)
    with pytest.raises(AttestationError, match="exec") as raised:
        render(experiment)
    assert isinstance(raised.value, RecgenError)
    assert "report it" in raised.value.help


@pytest.mark.parametrize("filled", ["x = 'other'", "x = 'price'; print(x)", "x = evil"])
def test_each_section_is_compared_with_its_form(monkeypatch, filled: str) -> None:
    monkeypatch.setattr(sys.modules[_finish.__module__], "fill", lambda form: filled)
    _finish.cache_clear()
    with pytest.raises(AttestationError, match="not what was planned"):
        _finish(FORM)
    _finish.cache_clear()


_DIRECTIVES = ["fmt: off", "fmt:off", "fmt: skip", "fmt:skip", "yapf: disable", "x # fmt: off"]


@pytest.mark.parametrize("directive", _DIRECTIVES)
def test_a_text_does_not_switch_the_formatting_off(directive: str, experiment) -> None:
    for feature in experiment["features"]["buyer_model_features"]:
        feature["description"] = f"{directive}\n# {directive}\n"
    experiment["description"] = directive
    for name, text in render(experiment).items():
        if name != "trainer_runtime.py":
            comments = "\n".join(line for line in text.split("\n") if line.strip()[:1] == "#")
            assert not re.search(r"(fmt|yapf):", comments)


def test_a_plan_with_another_import_is_refused(monkeypatch, experiment) -> None:
    monkeypatch.setattr("recgen.plan.trainer._IMPORTS", frozenset({"json"}))
    plan = plan_trainer(load(experiment)).with_runtime("digest")
    with pytest.raises(AttestationError, match="tensorflow_transform"):
        render_template(MODULE, plan)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_the_filters_and_statements_that_are_safe(path: Path) -> None:
    text = path.read_text("utf-8")
    expressions = re.findall(r"\{[{%].*?[%}]\}", text)
    filters = {name for each in expressions for name in re.findall(r"\|\s*(\w+)", each)}
    assert filters <= {"py", "comment", "module"}
    statements = set(re.findall(r"\{%-?\s*(\w+)", text))
    known = {"if", "elif", "else", "for", "include", "import", "macro", "filter"}
    assert {name.removeprefix("end") for name in statements} <= known
    assert not [each for each in expressions if "~" in each]
    assert not re.search(r"""["']\{\{(?! *["'])""", text)  # no value between quotes typed by hand


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compares_nothing_since_the_plan_has_the_answers(path: Path) -> None:
    conditions = re.findall(r"\{%-?\s*(?:el)?if (.*?)[-+]?%\}", path.read_text("utf-8"))
    assert not [each for each in conditions if re.search(r"[=<>]| in | is ", each)]


def test_a_plan_holds_answers_and_no_part_of_a_config(experiment) -> None:
    config = load(experiment)
    parts: list[object] = [plan_trainer(config), plan_transform(config)]
    while parts:
        part = parts.pop()
        assert not isinstance(part, BaseModel)
        if dataclasses.is_dataclass(part):
            parts += [getattr(part, field.name) for field in dataclasses.fields(part)]
        elif isinstance(part, (tuple, list)):
            parts += part


def test_a_quarter_of_the_templates_are_statements_at_most() -> None:
    """Decisions are made in the plan: templates show what the code looks like."""
    lines = [line.strip() for path in TEMPLATES for line in path.read_text("utf-8").splitlines()]
    written = [line for line in lines if line and not line.startswith("{#")]
    statements = [line for line in written if re.fullmatch(r"(\{%[^%]*%\})+", line)]
    assert len(statements) <= len(written) / 4


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS


@given((_SCALARS | st.lists(_SCALARS).map(tuple)).filter(lambda v: repr(v).find("inf") < 0))
@example("\0\x85\u2028\ufeff\"\\'{{ x }}")
@example(-0.0)
def test_a_literal_reads_back_as_its_value(value: object) -> None:  # P3, P5
    assert repr(ast.literal_eval(literal(value))) == repr(value)
    assert literal(value).isprintable()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1], {"a": 1}, b"x", object()])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        literal(value)


@given(_TEXTS)
@example("\nimport os")
@example("\x0cimport os")
@example("a\x1cimport os\x85import os\u2028import os\rimport os")
def test_a_comment_stays_a_comment(text: str) -> None:  # P1
    for start in ("", "    "):
        lines = fill(f"{start}# {comment_slot(text)}\n{start}pass").split("\n")
        assert all(line.startswith(f"{start}#") for line in lines[:-1])
        assert lines[-1] == f"{start}pass"
        assert all(line.isprintable() for line in lines)
