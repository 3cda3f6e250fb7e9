"""`init --data --target`: what is proposed for targets of each kind, and what is refused."""

from __future__ import annotations

import ast
import math
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attacks import ATTACKS
from targets import COMBINATIONS, experiment, module_of

import recgen
from recgen.cli import main
from recgen.config import ExperimentConfig
from recgen.findings import RecgenError
from recgen.presets import find_preset
from recgen.reading import parse
from recgen.reading.sources import read_text

pytest.importorskip("pyarrow", reason="needs the extra `data`")

ROWS = 3000
FIRST = 1_700_000_000
# Of every third kind of attack, what a column can be called at all.
NAMES = [text for text in list(ATTACKS.values())[::3] if 0 < len(text) <= 300 and "\0" not in text]


def table(**columns: Any) -> dict[str, list[Any]]:
    """Returns purchases with further columns: a value for each row, from its number."""
    chance = random.Random(1)
    buyers = [chance.randrange(200) for _ in range(ROWS)]
    return {
        "user_id": [f"u{number}" for number in buyers],
        "sku": [f"p{int(100 * chance.random() ** 2)}" for _ in range(ROWS)],
        "bought_at": [FIRST + 3600 * row for row in range(ROWS)],
        **{name: [value(row) for row in range(ROWS)] for name, value in columns.items()},
    }


def draws(make: Any) -> Any:
    chance = random.Random(2)
    return lambda _: make(chance)


TARGETS = {
    "stars": draws(lambda chance: chance.choice([1, 2, 3, 4, 5])),
    "unrated": draws(lambda chance: chance.choice([None, 1.5, 2.5, 3.5, 4.0])),
    "clicked": draws(lambda chance: int(chance.random() < 0.3)),
    "returned": draws(lambda chance: chance.random() < 0.3),
    "word": draws(lambda chance: chance.choice(["yes", "no"])),
    "amount": draws(lambda chance: round(math.exp(chance.gauss(3, 1.5)), 2)),
    "pieces": draws(lambda chance: 5000 if chance.random() < 0.01 else chance.randrange(1, 40)),
    "weight": draws(lambda chance: chance.gauss(70, 9)),
    "profit": draws(lambda chance: chance.gauss(0, 1) * (900 if chance.random() < 0.01 else 3)),
}
EXPECTED = {
    "stars": ("INT64", "mse", ["normalize"]),
    "unrated": ("FLOAT64", "mse", ["normalize"]),
    "clicked": ("INT64", "binary_crossentropy", []),
    "returned": ("BOOL", "binary_crossentropy", []),
    "word": ("BOOL", "binary_crossentropy", []),
    "amount": ("FLOAT64", "mse", ["clip_outliers", "log_transform", "normalize"]),
    "pieces": ("INT64", "mse", ["clip_outliers", "log_transform", "normalize"]),
    "weight": ("FLOAT64", "mse", ["normalize"]),
    "profit": ("FLOAT64", "huber", ["clip_outliers", "normalize"]),
}


def proposed(rows: Any, target: str, **options: Any) -> tuple[ExperimentConfig, Any]:
    """Returns the config of a proposal, of which `check` says nothing worse than notes."""
    proposal = recgen.propose(rows, target=target, **options)
    config = parse(read_text(proposal.text, "yaml")).config
    assert config is not None
    report = recgen.check_text(proposal.text, "yaml", profile=recgen.profile(rows))
    left = [*report.errors, *report.warnings]
    assert [each.code for each in left if each.code not in {"RG525", "RG571"}] == []
    return config, proposal


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("kind", ["ranking", "multitask"])
def test_a_target_of_each_kind_gets_what_fits_it(name: str, kind: str) -> None:
    config, proposal = proposed(table(**{name: TARGETS[name]}), name, kind=kind)
    target = config.features.target
    assert target is not None
    found = (target.bq_type, config.model.loss_function, list(target.transforms.enabled))
    assert found == EXPECTED[name]
    assert config.model.model_type == kind
    lists = [f.column for f in config.features.buyer_model_features if f.data_type == "history"]
    assert lists == ([] if kind == "ranking" else ["past_products"])
    comments = " ".join(proposal.text.replace("#", " ").split())
    assert ("A history is left out: with one" in comments) == (kind == "ranking")
    *_, last = config.model.rating_head_layers
    assert (last.units, last.activation) == (1, "linear")  # type: ignore[union-attr]
    assert f"# What {kind} predicts: " in proposal.text
    assert proposal.left_out[name] == "the target, which is known only afterwards"
    weights = (config.model.retrieval_weight, config.model.ranking_weight)
    assert weights == ((1.0, 1.0) if kind == "multitask" else (None, None))
    assert "trainer_module.py" in recgen.render(config)


def test_what_gives_the_target_away_is_left_out() -> None:
    chance = random.Random(3)
    pieces = [chance.randrange(1, 12) for _ in range(ROWS)]
    rows = table(revenue=lambda row: pieces[row] * 2.5, cents=lambda row: pieces[row] * 250)
    config, proposal = proposed(rows, "revenue")
    assert "cents" in proposal.left_out
    names = [f.column for f in config.features.buyer_model_features]
    assert not {"cents", "revenue"} & set(names)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "Weigth"}, "there is no column 'Weigth'"),
        ({"target": "user_id"}, "is the buyer ID"),
        ({"target": "sku"}, "is the product ID"),
        ({"target": "bought_at"}, "is the time of the purchase"),
        ({"target": "town"}, "has no numbers, but values such as 'Rome'"),
        ({"target": "same"}, "is '1' in every row"),
        ({"target": "nothing"}, "has no values"),
        ({"target": "weight", "kind": "ranked"}, "there is no kind 'ranked'"),
        ({"kind": "ranking"}, "ranking needs the column that it predicts"),
        ({"preset": "multitask"}, "multitask needs the column that it predicts"),
        ({"preset": "tutorial", "target": "weight"}, "the preset tutorial predicts no column"),
        ({"target": "weight", "kind": "retrieval"}, "--kind retrieval predicts no column"),
        ({"preset": "ranking", "target": "weight", "kind": "multitask"}, "is of ranking"),
        ({"target": 5}, "target is a whole number"),
    ],
)
def test_what_cannot_be_predicted_is_said(options: Any, said: str) -> None:
    rows = table(
        weight=TARGETS["weight"],
        town=lambda row: ["Rome", "Rome", "Oslo"][row % 3],
        same=lambda _: 1,
        nothing=lambda _: None,
    )
    with pytest.raises(RecgenError) as raised:
        recgen.propose(rows, **options)
    assert said in raised.value.message
    assert raised.value.help
    if options == {"target": "Weigth"}:
        assert "did you mean 'weight'" in raised.value.help


@pytest.mark.parametrize("preset", ["ranking", "multitask"])
def test_a_preset_is_fitted_to_the_target(preset: str) -> None:
    config, _ = proposed(table(clicked=TARGETS["clicked"]), "clicked", preset=preset)
    model = parse(read_text(find_preset(preset).text, "yaml")).config.model  # type: ignore[union-attr]
    assert config.model.model_type == preset
    assert config.model.rating_head_layers == model.rating_head_layers
    assert config.model.loss_function == "binary_crossentropy"
    assert config.features.target is not None
    assert config.features.target.transforms.enabled == {}


def test_the_command_says_what_is_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow as pa
    import pyarrow.csv as csv

    monkeypatch.chdir(tmp_path)
    csv.write_csv(pa.table(table(amount=TARGETS["amount"])), "sales.csv")
    assert not main(["init", "--data", "sales.csv", "--target", "amount", "--kind", "multitask"])
    _, err = capsys.readouterr()
    assert "target      amount  (multitask, mse; " in err
    assert "recgen init --data sales.csv --target amount --kind multitask -o config.yaml" in err
    with pytest.raises(SystemExit):
        main(["init", "--target", "amount"])
    assert "add --data FILE" in capsys.readouterr().err


def test_a_run_reads_the_target_with_its_nulls(tmp_path: Path) -> None:
    """Rows without a target stay, in every part, with a null that is not 0."""
    import pyarrow as pa
    import pyarrow.csv as csv

    from recgen.config import Split
    from recgen.local.ingest import read_table
    from recgen.local.ingest.rows import clean
    from recgen.local.split import split_table
    from recgen.plan.columns import input_columns

    rows = table(note=lambda row: None if row % 4 == 0 else str(row % 5 + 0.5))
    csv.write_csv(pa.table(rows), tmp_path / "sales.csv")
    target = {"column": "note", "display_name": "rating"}
    ids = {
        "buyer_model_features": [{"column": "user_id", "data_type": "text"}],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    }
    split = {"kind": "strict_time", "date_column": "bought_at"}
    data = {"column_types": {"bought_at": "EPOCH_SECONDS"}, "split": split}
    config = ExperimentConfig.model_validate(
        {
            "features": {**ids, "target_column": target},
            "model": {"model_type": "ranking"},
            "data": data,
        }
    )
    read = read_table(tmp_path / "sales.csv", input_columns(config), config.data)
    assert read["rating"].type == pa.float32()
    assert read["rating"].to_pylist()[:5] == [None, 1.5, 2.5, 3.5, None]
    kept, _ = clean(read, "user_id", "sku")
    drawn_by = ("user_id", "sku")
    parts = split_table(kept, Split.model_validate(split), "bought_at", ids=drawn_by).tables()
    assert sum(part.num_rows for part in parts.values()) == ROWS
    assert sum(part["rating"].null_count for part in parts.values()) == ROWS // 4
    assert all(0 < part["rating"].null_count < part.num_rows for part in parts.values())
    as_retrieval = config.model_copy(
        update={"model": config.model.model_copy(update={"model_type": "retrieval"})}
    )
    assert "rating" not in {column.name for column in input_columns(as_retrieval)}


@pytest.mark.parametrize("text", [*NAMES, "tft", "class", "amount", "Größe", "1"])
def test_a_name_never_becomes_code(text: str) -> None:  # P3, P6
    module = module_of(experiment(named(text, text[::-1])))
    compile(module, "transform_module.py", "exec")
    assert shape(module) == usual_shape()


def named(column: str, alias: str) -> dict[str, Any]:
    return {"column": column, "display_name": alias, "transforms": COMBINATIONS[-1]}


@cache
def usual_shape() -> list[str]:
    return shape(module_of(experiment(named("a", "b"))))


def shape(text: str) -> list[str]:
    """Returns the kinds of the code's parts, without names and literals."""
    return [type(node).__name__ for node in ast.walk(ast.parse(text))]
