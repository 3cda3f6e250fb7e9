"""Runs as scripts, frameworks and platforms leave them: how they are read, verdict, first cause.

What is right of each was written down before it was diagnosed for the first time. The curves are
simple formulae with noise. Half of the runs are fine.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from diagnoses import codes, healthy, older

from recgen.analysis import Diagnosis, diagnose, load_run
from recgen.findings import RecgenError
from recgen.metrics import MetricsFile, read_metrics

Plain = dict[str, Any]
GOOD, BAD, DOUBTFUL = ("good",), ("bad",), ("at_risk",)
DEAD = ("RD101", "RD102", "RD103")
UNCOMPARED = frozenset({"RD602", "RD502"})
TOP = "val_factorized_top_k/top_{}_categorical_accuracy"
TOWERS = ("query", "candidate")


def curve(
    first: float, end: float, epochs: int, noise: float = 0.0, pace: float = 2.0
) -> list[float]:
    """Returns a series that nears its end exponentially."""
    draw = random.Random(epochs)
    fall = (first - end) * math.e ** (1 / pace)
    return [end + fall * math.exp(-(n + 1) / pace) + draw.gauss(0, noise) for n in range(epochs)]


def table(columns: dict[str, Iterable[object]], separator: str = ",") -> str:
    """Returns series as CSV; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def learned(epochs: int = 12, top: float = 0.31) -> dict[str, list[float]]:
    """Returns the series of a run that learned, by Keras's names."""
    loss, recall = curve(6.9, 5.2, epochs, 0.005), curve(0.1, top, epochs, 0.001)
    return {"loss": loss, "val_loss": [v + 0.2 for v in loss], "val_recall_at_100": recall}


def records() -> list[Plain]:
    """Returns what a script writes after each epoch."""
    own = learned()
    return [
        {"epoch": n + 1, "train": {"loss": a}, "valid": {"loss": b, "Recall@20": c}}
        for n, (a, b, c) in enumerate(zip(*own.values(), strict=True))
    ]


def lightning() -> str:
    """Returns a CSV with rows of their own for training and validation."""
    rows = [{k: v for name, own in each.items() for k, v in named(name, own)} for each in records()]
    text = "epoch,step,train_loss_epoch,val_loss,val_recall@20\n"
    for n, row in enumerate(rows):
        loss, *validated = (row[k] for k in ("train_loss", "valid_loss", "valid_Recall@20"))
        text += f"{n},{n}9,{loss},,\n{n},{n}9,,{validated[0]},{validated[1]}\n"
    return text


def named(name: str, own: object) -> list[tuple[str, object]]:
    return [(f"{name}_{k}", v) for k, v in own.items()] if isinstance(own, dict) else [(name, own)]


def two_towers(loss: Sequence[float], recall: Sequence[float], **finals: float) -> Plain:
    """Returns the metrics of an older trainer, with the recall of each epoch."""
    data = older(healthy(len(loss)))
    data["loss"] |= {"loss": [*loss], "val_loss": [*loss], "total_loss": [*loss]}
    data["recall"] = {"val_recall_at_100": [*recall]}
    data["params"] |= {"candidates": 3600, "learning_rate": 0.05, "batch_size": 1024}
    return data | {"final_metrics": finals}


def died(**params: Any) -> Plain:
    """Returns a run that learned for eleven epochs, and then collapsed."""
    loss = [*curve(7300, 5500, 11), *[1024 * math.log(1024)] * 8]
    found = two_towers(loss, [*curve(0.1, 0.27, 11), *[0.0278] * 8])
    found["params"] |= {"epochs": 19, **params}
    for tower in TOWERS:
        found["gradient_stats"][tower]["norm"] = [*[3.0] * 10, 4e4, *[0.0] * 8]
    return found


@dataclass(frozen=True)
class Left:
    """A file of a run, and what is right of it."""

    make: Callable[[], Any]
    verdicts: tuple[str, ...]
    first: tuple[str, ...] = ()
    products: int | None = None
    name: str = "history.json"


def scores(**finals: float) -> Plain:
    return {
        "epochs": [0, 1, 2],
        "loss": {"loss": [0.3, 0.05, 0.02], "val_loss": [0.1, 0.04, 0.03]},
        "params": {"model_type": "ranking", "loss_function": "binary_crossentropy"},
        "final_metrics": finals,
    }


def lines_of(rows: list[Plain]) -> str:
    return "".join(json.dumps(each) + "\n" for each in rows)


def at_lengths(own: Sequence[float], popular: Sequence[float]) -> Plain:
    """Returns a run with these recalls at 5, 10, 50 and 100."""
    data = healthy(8)
    del data["schema_version"]  # generated trainers count all lengths in the same lists
    for k, value, other in zip((5, 10, 50, 100), own, popular, strict=True):
        data["recall"][f"val_recall_at_{k}"] = curve(value / 2, value, 8)
        data["final_metrics"][f"test_recall_at_{k}"] = value
        data["final_metrics"][f"test_popularity_recall_at_{k}"] = other
    return data


def warm() -> Plain:
    return two_towers(
        [4.92, 4.889, 4.876, 4.868, 4.863, 4.86],
        [0.318, 0.3195, 0.3204, 0.3209, 0.321, 0.3212],
        test_recall_at_100=0.3158,
        test_popularity_recall_at_100=0.162,
    )


def noisy() -> Plain:
    """Returns a small catalogue, whose recall moves by more from epoch to epoch than it gains."""
    recall = [0.3, 0.41, 0.455, 0.47, 0.483, 0.466, 0.471, 0.46]
    data = two_towers(curve(5.4, 4.3, 8), recall)
    data["recall"] = {"val_recall_at_5": recall}
    data["params"]["candidates"] = 60
    finals = {"test_recall_at_5": 0.462, "test_popularity_recall_at_5": 0.312}
    return data | {"final_metrics": finals}


def steady_fall() -> Plain:
    """Returns a recall that is low, and falls by less than its noise would be in 1,000 rows."""
    recall = [0.02, 0.03, *(0.033 - 0.001 * n for n in range(12))]
    finals = {"test_recall_at_100": 0.022, "test_popularity_recall_at_100": 0.011}
    data = two_towers(curve(6.9, 4.1, 14), recall)
    data["params"]["candidates"] = 100_000
    return data | {"final_metrics": finals}


def in_percent() -> Plain:
    finals = {"test_recall_at_100": 31.2, "test_popularity_recall_at_100": 15.6}
    return two_towers(curve(6.9, 5.1, 10), [30.0] * 10, **finals)


def at_log(batch: int, recall: float, **more: object) -> Plain:
    equal = [math.log(batch)] * 8
    tops = {TOP.format(k): [recall if recall == 1 else recall * k / 100] * 9 for k in (1, 10, 100)}
    return {"loss": [7.9, *equal], "val_loss": [equal[0], *equal], **tops, **more}


def every_fifth(epochs: int) -> Plain:
    own = learned(epochs)
    recall = [v if n % 5 == 0 else 0.0 for n, v in enumerate(own["val_recall_at_100"])]
    return {**own, "val_recall_at_100": recall}


def several_sets() -> Plain:
    cold = {"val_cold_items_recall_at_100": [0.0004] * 12, "val_cold_items_loss": [7.4] * 12}
    return {**cold, **learned()}


def chance_of(products: int, batch: int) -> Plain:
    recall, draw = 100 / products, random.Random(1)
    config = {"lr": 1e-5, "batch_size": batch, "n_items": products, "optimizer": "SGD"}
    rows = [
        {"epoch": n, "loss": 6.2383 - 1e-4 * n, "val_recall@100": draw.gauss(recall, recall / 60)}
        for n in range(8)
    ]
    return {"config": config, "history": rows}


RUNS: dict[str, Left] = {
    "warm start": Left(warm, GOOD),
    "small and noisy": Left(noisy, GOOD),
    "a steady fall": Left(steady_fall, DOUBTFUL, ("RD301",)),
    "percentages": Left(in_percent, GOOD),
    "json lines": Left(lambda: lines_of(records()), DOUBTFUL, (), 1682, "a.jsonl"),
    "recall is the same at every k": Left(
        lambda: at_lengths([0.2071] * 4, [0.15] * 4), DOUBTFUL, ("RD604",)
    ),
    "recall falls with k": Left(
        lambda: at_lengths([0.31, 0.24, 0.11, 0.06], [0.02, 0.03, 0.04, 0.05]),
        DOUBTFUL, ("RD604",),
    ),
    "recall grows with k": Left(
        lambda: at_lengths([0.06, 0.11, 0.24, 0.31], [0.02, 0.03, 0.11, 0.15]), GOOD
    ),
    "records": Left(records, DOUBTFUL, (), 1682),
    "lightning": Left(lightning, DOUBTFUL, (), 1682, "metrics.csv"),
    "several validation sets": Left(several_sets, DOUBTFUL, (), 2000),
    "every fifth epoch": Left(lambda: every_fifth(23), DOUBTFUL, (), 3000),
    "died after its best epoch": Left(
        lambda: died(best_epoch=9) | {"final_metrics": {
            "test_recall_at_100": 0.268, "test_popularity_recall_at_100": 0.15}},
        DOUBTFUL, ("RD101",),
    ),
    "died": Left(
        lambda: died() | {"final_metrics": {
            "test_recall_at_100": 0.0279, "test_popularity_recall_at_100": 0.15}},
        BAD, ("RD101",),
    ),
    "ties": Left(lambda: at_log(1024, 1.0, batch_size=1024), BAD, ("RD105", *DEAD)),
    "equal scores": Left(lambda: at_log(1024, 0.0335), BAD, DEAD, 3000),
    "equal scores of all products": Left(lambda: at_log(3000, 0.0335), BAD, DEAD),
    "chance": Left(lambda: chance_of(3000, 512), BAD, DEAD),
    "chance, loss falls by a percent": Left(
        lambda: {"loss": [3548 - 3.1 * n for n in range(10)], "val_loss": [3548.7] * 10,
                 TOP.format(100): [0.0335 + 0.0001 * (n % 3) for n in range(10)]},
        BAD, DEAD, 3000,
    ),
    "the answer is a feature": Left(lambda: scores(test_auc_roc=0.9998), DOUBTFUL, ("RD402",)),
}  # fmt: skip


def written(folder: Path, own: Left) -> Path:
    content = own.make()
    path = folder / own.name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def judged(folder: Path, own: Left) -> Diagnosis:
    return diagnose(load_run(written(folder, own), products=own.products))


@pytest.mark.parametrize("name", RUNS)
def test_the_verdict_and_the_first_cause_are_right(tmp_path: Path, name: str) -> None:
    own = RUNS[name]
    found = judged(tmp_path, own)
    assert found.verdict in own.verdicts, codes(found)
    if own.first:
        assert codes(found)[0] in own.first
    else:
        assert {each.code for each in found.causes if each.verdict != "good"} <= UNCOMPARED


def read(content: object, name: str = "file") -> MetricsFile:
    return read_metrics(content if isinstance(content, str) else json.dumps(content), name)


@pytest.mark.parametrize(
    "content",
    [
        records(),
        {"model": "bpr", "log_history": records()},
        lines_of(records()),
        {k.replace("_at_100", "@20"): dict(enumerate(v)) for k, v in learned().items()},
        lightning(),
        lightning().replace(",", "\t").replace("train_loss_epoch", "Train Loss"),
        lightning().replace(",", ";").replace(".", ","),
    ],
)
def test_all_ways_to_write_an_epoch_are_the_same(content: object) -> None:
    own, found = learned(), read(content).metrics
    assert len(found.epochs) == 12
    assert found.loss.loss == pytest.approx(own["loss"])
    assert found.loss.val_loss == pytest.approx(own["val_loss"])
    assert found.recall["val_recall_at_20"] == pytest.approx(own["val_recall_at_100"])


def test_settings_beside_the_series_are_parameters() -> None:
    params = read(chance_of(3000, 512)).metrics.params
    assert (params.learning_rate, params.batch_size) == (1e-5, 512)
    assert (params.candidates, params.optimizer) == (3000, "SGD")


def test_a_series_of_the_test_is_its_figure() -> None:
    text = "epoch,loss,test/hr@10\n0,1.5,\n1,1.2,\n1,,0.25\n"
    assert read(text).metrics.final_metrics["test_recall_at_10"] == 0.25


@pytest.mark.parametrize("end", ["9,231", '{"epoch": 9, "lo'])
def test_a_line_that_is_cut_off_is_left_out_and_told(end: str) -> None:
    rows = [{"epoch": n, "loss": 3.0 - n / 10, "val_loss": 3.1} for n in range(9)]
    lines = (
        map(json.dumps, rows) if "{" in end else table({k: [r[k] for r in rows] for k in rows[0]})
    )
    found = read("\n".join(lines) + "\n" + end if "{" in end else f"{lines}{end}")
    assert len(found.metrics.epochs) == 9
    assert "cut off" in found.notes[0]


def test_lines_that_are_no_records_are_not_a_log() -> None:
    for text in ('{"epoch": 1}\n{"epoch": 2}\n', '{"loss": 3}\n{"loss": 2}\n', '{"loss": [1]}\n{'):
        with pytest.raises(RecgenError, match="is not JSON"):
            read(text)


def test_several_rows_of_one_epoch_stay_apart_if_both_have_the_value() -> None:
    found = read("epoch,loss,val_loss\n0,3.5,3.6\n0,3.2,3.4\n0,3.1,3.3\n")
    assert found.metrics.loss.loss == (3.5, 3.2, 3.1)


def test_a_column_that_begins_like_a_split_is_none() -> None:
    found = read("epoch,loss,value_loss,training_recall@10\n0,3.5,1.0,0.9\n1,3.1,0.9,0.95\n")
    assert found.metrics.loss.val_loss == (None, None)
    assert not found.metrics.recall


def test_percentages_and_what_is_left_out_are_told() -> None:
    notes = read(in_percent()).notes
    assert "recall has recalls above 1: they are read as percentages" in notes
    assert read(in_percent()).metrics.recall["val_recall_at_100"][-1] == 0.3
    (note,) = [each for each in read(several_sets()).notes if "left out" in each]
    assert "val_cold_items_recall_at_100" in note


@pytest.mark.parametrize("data", [{"val_recall_at_10": [0.2, 1.0, 1.0005]}, {"x_recall": [40.0]}])
def test_shares_are_not_read_as_percentages(data: Plain) -> None:
    found = read({"loss": [3.0, 2.0, 1.0], **data})
    assert not [note for note in found.notes if "percent" in note]


@pytest.mark.parametrize(("epochs", "is_measured"), [(23, False), (21, False), (26, True)])
def test_zeros_where_a_measurement_would_be_count(epochs: int, is_measured: bool) -> None:
    """With 26 epochs, the sixth measurement would be the last epoch's, which is 0."""
    data = every_fifth(epochs)
    data["val_recall_at_100"][25:] = [0.0] * (epochs > 25)
    series = read(data).metrics.recall["val_recall_at_100"]
    assert (series[1] == 0.0) is is_measured
    assert series[5] == data["val_recall_at_100"][5]
