"""Logs of other trainers, as Keras writes them: real trainings by bench/verdicts_others.py.

What is right of each was written down before it was diagnosed for the first time.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recgen.analysis import diagnose, load_run
from recgen.findings import RecgenError
from recgen.metrics import read_metrics

LOGS = Path(__file__).parent / "keras_logs"
BAD = ("bad",)
RIGHT: dict[str, tuple[tuple[str, ...], tuple[str, ...], int]] = {
    "good.csv": (("good", "at_risk"), ("RD602",), 250),
    "dead.json": (BAD, ("RD101", "RD102", "RD103"), 250),
    "duplicates.json": (("at_risk", "bad"), ("RD403",), 250),
    "duplicates_row.json": (("at_risk", "bad"), ("RD403", "RD601", "RD602"), 600),
    "nan.csv": (("broken", "bad"), ("RD204",), 250),
    "low_rate.csv": (("bad", "at_risk"), ("RD103",), 250),
    "ratings.json": (("good", "at_risk"), ("RD502",), 600),
    "ratings_diverged.csv": (BAD, ("RD203",), 600),
    "by_hand_shuffled.json": (BAD, ("RD304", "RD104", "RD103"), 250),
    "by_hand_low_rate.csv": (BAD, ("RD103", "RD202", "RD601"), 250),
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_verdict_and_the_first_cause_are_right(name: str) -> None:
    verdicts, first, products = RIGHT[name]
    found = diagnose(load_run(LOGS / name, products=products))
    causes = [cause.code for cause in found.causes]
    assert found.verdict in verdicts, causes
    assert causes[0] in first


def test_without_a_config_nothing_is_said_to_be_as_it_should_be() -> None:
    causes = diagnose(load_run(LOGS / "dead.json")).causes
    assert not [each.help for each in causes if "as they should be" in each.help]


def test_a_log_says_the_same_as_a_history() -> None:
    series = json.loads((LOGS / "duplicates.json").read_text("utf-8"))
    lines = [";".join(["epoch", *series])]
    for epoch, values in enumerate(zip(*series.values(), strict=True)):
        lines.append(";".join(map(str, (epoch, *values))))
    log = read_metrics("\ufeff" + "\r\n".join(lines) + "\r\n", "log.csv")
    assert log == read_metrics(json.dumps(series), "history.json")
    assert log.metrics.recall["val_recall_at_50"][-1] == pytest.approx(0.15944, abs=1e-4)


def test_what_a_row_of_a_log_lacks_is_not_known() -> None:
    text = "epoch,loss,val_loss\n0,3.5,NA\n1,nan,3.1\n2,3.1\n"
    found = read_metrics(text, "log.csv")
    assert found.metrics.loss.loss == (3.5, None, 3.1)
    assert found.metrics.loss.val_loss == (None, 3.1, None)
    assert found.not_finite == {"loss.loss": (1,)}


def test_two_trainings_in_one_log_are_one_series() -> None:
    found = read_metrics("epoch,loss\n0,3.5\n1,3.2\n0,3.1\n1,3.0\n", "log.csv")
    assert found.metrics.epochs == [0, 1, 2, 3]


@pytest.mark.parametrize("text", ["", "loss", "epoch,accuracy\n0,1\n", "loss of 3, epoch 4"])
def test_other_texts_are_no_logs(text: str) -> None:
    with pytest.raises(RecgenError, match=r"is not JSON|contains"):
        read_metrics(text, "notes.txt")


def test_another_csv_is_told_what_a_log_has() -> None:
    with pytest.raises(RecgenError) as error:
        read_metrics("name,size\na,3\n", "people.csv")
    assert "`epoch` and `loss`" in str(error.value.help)


def test_a_baseline_is_found_by_any_spelling() -> None:
    final = {"test_popularity_recall@10": 0.2, "test_recall@10": 0.1}
    data = {"loss": {"loss": [3.0, 2.0]}, "final_metrics": final}
    found = read_metrics(json.dumps(data), "notebook.json").metrics.final_metrics
    assert found == {"test_popularity_recall_at_10": 0.2, "test_recall_at_10": 0.1}


def test_a_folder_of_tensorboard_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "events.out.tfevents.17.host.1.0.v2").write_bytes(b"")
    with pytest.raises(RecgenError) as error:
        load_run(tmp_path)
    assert "CSVLogger" in str(error.value.help)


def test_a_log_without_norms_has_no_note_on_them() -> None:
    assert not [
        n for n in diagnose(load_run(LOGS / "good.csv")).notes if "norms of the weights" in n
    ]
