"""Runs of other trainers and databases, cancelled, damaged or logged wrongly: verdict, first cause.

What is right of each was written down before it was diagnosed for the first time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from diagnoses import healthy, older, set_recall

import recgen

Plain = dict[str, Any]
BAD, DOUBTFUL, WORKS, BROKEN = ("bad",), ("at_risk",), ("good", "at_risk"), ("broken",)
UNFINISHED = ("at_risk", "broken")
DEAD = ("RD101", "RD102", "RD103")
TOWERS = ("query", "candidate")


@dataclass
class Member:
    """A run as files, and what is right of it."""

    make: Callable[[], Any]
    verdicts: tuple[str, ...]
    first: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)


MEMBERS: dict[str, Member] = {}


def member(
    verdicts: tuple[str, ...], *first: str, products: int = 0, log: str = "", config: bool = False
) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Returns a decorator for a function that returns the metrics, or None for none."""
    files = {}
    if products:
        names = "".join(f"p{number}\n" for number in range(products))
        files["transform/transform_fn/assets/sku_vocab"] = names
    if products or config:
        columns = {"buyer": "customer_id", "product": "sku"}
        features: Plain = {f"{side}_id_column": name for side, name in columns.items()}
        for side, name in columns.items():
            features[f"{side}_model_features"] = [{"column": name, "data_type": "text"}]
        split = {"kind": "strict_time", "date_column": "bought_at"}
        files["config.yaml"] = json.dumps({"features": features, "data": {"split": split}})
    if log:
        files["train.log"] = log

    def keep(make: Callable[[], Any]) -> Callable[[], Any]:
        MEMBERS[make.__name__] = Member(make, verdicts, first, files)
        return make

    return keep


# Cancelled, or kept in part


@member(UNFINISHED, "RD503", "RD602")
def cancelled_after_11_of_40() -> Plain:
    return healthy(11, epochs=40, status="cancelled") | {"final_metrics": {}}


@member(UNFINISHED, "RD502", "RD503")
def row_of_a_run_that_failed() -> Plain:
    loss = {"train": [6.9, 6.5, 6.2], "val": [6.9, 6.6, 6.4]}
    history = {"cached_at": "x", "epochs": [0, 1, 2], "loss": loss}
    return {"status": "failed", "epochs": 30, "training_history_json": history}


@member(UNFINISHED, "RD502", "RD503", "RD602")
def series_that_are_too_short() -> Plain:
    data = healthy(8) | {"final_metrics": {}}
    data["loss"]["val_loss"] = data["loss"]["val_loss"][:3]
    data["recall"] = {name: values[:3] for name, values in data["recall"].items()}
    return data


@member(WORKS)
def epochs_between_that_were_not_kept() -> Plain:
    data = healthy(10)
    data["loss"] |= {"loss": [7.0, *[None] * 8, 5.5], "val_loss": [7.1, *[None] * 8, 5.6]}
    return data


@member(("broken", "bad"), "RD204")
def no_loss_from_the_fourth_epoch_on() -> Plain:
    data = healthy(6)
    data["loss"]["loss"] = [*data["loss"]["loss"][:3], None, None, None]
    set_recall(data, 0.0)
    return data


# Of a database


def fifth_epochs(train: list[float], **final: float) -> Plain:
    loss = {"train": train, "val": train}
    return {"cached_at": "x", "epochs": [0, 5, 10, 15, 19], "loss": loss, "final_metrics": final}


@member(BAD, *DEAD)
def every_fifth_epoch_at_n_ln_n() -> Plain:
    return fifth_epochs([300 * math.log(300)] * 5)


@member(DOUBTFUL, "RD602")
def every_fifth_epoch_of_a_run_that_learned() -> Plain:
    return fifth_epochs([900, 800, 760, 740, 735], test_recall_at_100=0.23, test_recall_at_5=0.05)


def row(recall: float) -> Plain:
    loss = {"train": [6.9, 6.2, 6.0, 5.9], "val": [6.9, 6.5, 6.4, 6.4]}
    history = json.dumps({"cached_at": "x", "epochs": [0, 5, 10, 11], "loss": loss})
    known = {"dataset_unique_products": 1000, "recall_at_100": recall, "recall_at_5": recall / 6}
    return {"status": "completed", "epochs": 12, "training_history_json": history, **known}


@member(DOUBTFUL, "RD602")
def row_with_a_recall_above_chance() -> Plain:
    return row(0.31)


@member(BAD, "RD601", "RD403")
def row_with_a_recall_below_chance() -> Plain:
    return row(0.03)


# Ranking


def ranking(loss: list[float], **final: float) -> Plain:
    params = {"model_type": "ranking", "learning_rate": 0.01, "optimizer": "adam", "epochs": 4}
    figures = {"loss": loss, "val_loss": loss}
    epochs = [*range(len(loss))]
    return {"epochs": epochs, "loss": figures, "final_metrics": final, "params": params}


@member(BAD, "RD460")
def constant_prediction() -> Plain:
    return ranking([0.26, 0.2501, 0.25, 0.25], test_rmse=0.5, test_auc=0.5)


@member(WORKS)
def ranking_that_learned() -> Plain:
    return ranking([0.26, 0.22, 0.20, 0.19], test_rmse=0.45, test_auc=0.78)


@member(DOUBTFUL, "RD502")
def an_error_that_is_compared_with_nothing() -> Plain:
    return ranking([2.1, 1.9, 1.8], test_rmse=1.39)


# Zeros


@member(WORKS, "RD603")
def gradients_logged_as_zero() -> Plain:
    data = healthy(8)
    data["gradient"] = {name: [0.0] * 8 for name in data["gradient"]}
    for tower in TOWERS:
        data["gradient_stats"][tower]["norm"] = [0.0] * 8
    return data


@member(WORKS, "RD603")
def weights_logged_as_zero() -> Plain:
    data = healthy(8)
    for tower in TOWERS:
        data["weight_stats"][tower]["norm"] = [0.0] * 8
    return data


@member(BAD, "RD101", "RD102")
def zero_gradients_of_one_tower_while_the_loss_stands_still() -> Plain:
    data = healthy(5)
    data["gradient"]["candidate"] = data["gradient_stats"]["candidate"]["norm"] = [0.0] * 5
    data["loss"] |= {"loss": [6.9312] * 5, "val_loss": [6.9312] * 5}
    set_recall(data, 0.0278, popularity=0.15)
    return data


# Chance


def at_chance(**final: float) -> Plain:
    data = older(healthy(6)) | {"final_metrics": final}
    data["loss"]["loss"] = data["loss"]["val_loss"] = [512 * math.log(512)] * 6
    return data


@member(BAD, *DEAD, products=3600)
def n_ln_n_with_the_recall_of_chance() -> Plain:
    return at_chance(test_recall_at_5=0.0014, test_recall_at_100=0.0278)


@member(BAD, *DEAD)
def n_ln_n_without_a_recall() -> Plain:
    return at_chance()


@member(BAD, "RD601", "RD403", products=1000)
def copies_as_candidates_below_chance() -> Plain:
    data = older(healthy(8))
    data["params"] |= {"candidates": 20_000, "train_rows": 20_000}
    final = {"test_recall_at_5": 0.006, "test_recall_at_10": 0.01, "test_recall_at_100": 0.05}
    return data | {"final_metrics": final}


@member(BAD, "RD601", products=3600)
def recall_of_zero_while_the_loss_falls() -> Plain:
    return older(healthy(8)) | {"final_metrics": {"test_recall_at_100": 0.0}}


# Files


@member(BROKEN, "RD404", products=700)
def metrics_of_another_run() -> Plain:
    figure = {"recall_at_100": {"value": 0.3, "low": 0.28, "high": 0.32}}
    evaluation = {"model": {"all": figure}, "pairs": {"all": 1800, "new": 900}}
    return healthy(8, candidates=3600) | {"evaluation": evaluation}


@member(BROKEN, "RD501", config=True, log="epoch 1\nMemoryError: out of memory\n")
def a_log_and_no_metrics() -> None:
    return None


@member(BROKEN, "RD501")
def a_list() -> list[int]:
    return [1, 2]


@member(DOUBTFUL, "RD602")
def metrics_without_popularity() -> Plain:
    data = healthy(8)
    final = data["final_metrics"]
    return data | {"final_metrics": {k: v for k, v in final.items() if "popularity" not in k}}


@member(DOUBTFUL, "RD502")
def metrics_without_recall() -> Plain:
    final = {"test_mrr": 0.12, "test_popularity_mrr": 0.05}
    return healthy(8) | {"recall": {}, "final_metrics": final}


@member(DOUBTFUL, "RD502")
def metrics_without_the_recall_that_was_watched() -> Plain:
    return healthy(8, monitored="recall_at_20")


@pytest.mark.parametrize("name", MEMBERS)
def test_the_verdict_and_the_first_cause_are_right(tmp_path: Path, name: str) -> None:
    own = MEMBERS[name]
    metrics = own.make()
    if metrics is not None:
        (tmp_path / "training_metrics.json").write_text(json.dumps(metrics), "utf-8")
    for place, text in own.files.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text, "utf-8")
    diagnosis = recgen.diagnose(tmp_path)
    causes = [cause.code for cause in diagnosis.causes]
    assert diagnosis.verdict in own.verdicts, causes
    if own.first:
        assert causes[0] in own.first
