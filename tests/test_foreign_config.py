"""A config that is not that of the modules and vocabularies beside it (RD404)."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from diagnoses import cause, codes, healthy, run_of

import recgen
from recgen.analysis import Diagnosis, diagnose
from recgen.plan.header import digest_of

Plain = dict[str, Any]


def described(config: Plain) -> Plain:
    """Returns a config that writes what the others below change."""
    settings = {"learning_rate": 0.05, "batch_size": 1024, "output_embedding_dim": 64}
    return {**config, "model": {**config.get("model", {}), **settings}}


def told(folder: Path, trained: Plain, beside: Plain, **metrics: Any) -> Diagnosis:
    """Returns the diagnosis of a run of a config that has another one beside it."""
    folder.mkdir(parents=True)
    for name, text in recgen.render(trained).items():
        (folder / name).write_text(text, "utf-8")
    assets = folder / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    for name, count in (("customer_id_vocab", 500), ("sku_vocab", 3600)):
        (assets / name).write_text("".join(f"{number}\n" for number in range(count)), "utf-8")
    digest = digest_of(recgen.load(trained))
    data = healthy(config_digest=digest, embedding_dim=64)
    data |= metrics
    return diagnose(run_of(folder, data, beside))


def changed(config: Plain, change: str) -> Plain:
    other = copy.deepcopy(described(config))
    buyer, product = (other["features"][f"{s}_model_features"] for s in ("buyer", "product"))
    if change == "a feature more":
        buyer.append({"column": "country", "data_type": "text"})
    elif change == "a feature less":
        del buyer[-1]
    elif change == "another transform":
        buyer[-1]["transforms"] = {"bucketize": {}}
    elif change == "cut vocabulary":
        product[0]["transforms"] = {"embedding": {"vocab_size": 50}}
    elif change == "rare products left out":
        product[0]["transforms"] = {"embedding": {"min_frequency": 50}}
    else:
        name, value = change.split()
        other["model"][name] = type(other["model"][name])(value)
    return other


CHANGES = {
    "a feature more": "config.yaml makes 'country', which trainer_module.py does not read",
    "a feature less": "trainer_module.py reads 'age_norm', which config.yaml does not make",
    "another transform": "config.yaml makes 'age_bucket', which trainer_module.py does not read",
    "cut vocabulary": "vocab_size of 'sku' is 50 in config.yaml, and null in transform_module.py",
    "rare products left out": "min_frequency of 'sku' is 50 in config.yaml, and null in "
    "transform_module.py",
    "learning_rate 0.01": "learning_rate is 0.01 in config.yaml, and 0.05 in trainer_module.py",
    "batch_size 512": "batch_size is 512 in config.yaml, and 1024 in trainer_module.py",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_config_says_differs_from_the_modules(
    tmp_path: Path, experiment: Plain, change: str
) -> None:
    diagnosis = told(tmp_path / "run", described(experiment), changed(experiment, change))
    assert diagnosis.verdict == "at_risk"
    assert CHANGES[change] in cause(diagnosis, "RD404").evidence


def test_the_own_config_is_no_other(tmp_path: Path, experiment: Plain) -> None:
    config = described(experiment)
    assert told(tmp_path / "run", config, config).verdict == "good"
    other_words = {**config, "name": "renamed", "description": "another description"}
    assert told(tmp_path / "words", config, other_words).verdict == "good"


def test_a_default_that_changed_since_is_no_other_config(tmp_path: Path, experiment: Plain) -> None:
    """Of what the config does not write, nobody knows what it was in that version."""
    trained = described(experiment)
    silent = copy.deepcopy(trained)
    trained["model"]["batch_size"] = 512
    del silent["model"]["batch_size"]
    assert "RD404" not in codes(told(tmp_path / "run", trained, silent))


def test_a_cut_that_the_vocabularies_do_not_have(tmp_path: Path, experiment: Plain) -> None:
    """Only metrics, config and vocabularies were kept."""
    trained, beside = described(experiment), changed(experiment, "cut vocabulary")
    told(tmp_path / "run", trained, beside)
    for name in ("transform_module.py", "trainer_module.py", "trainer_runtime.py"):
        (tmp_path / "run" / name).unlink()
    diagnosis = diagnose(recgen.analysis.load_run(tmp_path / "run"))
    assert cause(diagnosis, "RD404").evidence == (
        "sku_vocab has 3,600 entries, and config.yaml says vocab_size: 50 for 'sku'",
    )


def test_modules_of_other_trainers_are_not_compared(tmp_path: Path, experiment: Plain) -> None:
    beside = changed(experiment, "learning_rate 0.01")
    told(tmp_path / "run", described(experiment), beside)
    for name in ("transform_module.py", "trainer_module.py"):
        path = tmp_path / "run" / name
        path.write_text("# By hand.\n" + path.read_text("utf-8"), "utf-8")
    assert "RD404" not in codes(diagnose(recgen.analysis.load_run(tmp_path / "run")))
