"""`recgen gate`: what is blessed, why, and the file that a platform reads."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from diagnoses import healthy
from run_folders import CONFIG
from test_worth import evaluated

import recgen
from recgen.analysis.gating import FILE_NAME, parse_minimum
from recgen.cli import main
from recgen.findings import RecgenError

Plain = dict[str, Any]
GOOD = {"all": (0.32, 0.15, 0.20), "new": (0.12, 0.08, 0.01)}


def metrics(views: Any = None, pairs: int = 2000, half: float = 0.02, **params: Any) -> Plain:
    """Returns the metrics of a run that is better than counting."""
    data = healthy()
    data["evaluation"] = evaluated(views or GOOD, pairs, half)
    data["params"] |= params
    return data


def written(folder: Path, data: Plain, config: Plain | None = None) -> str:
    """Writes a run with a config of the shop, and returns its path."""
    folder.mkdir()
    (folder / "training_metrics.json").write_text(json.dumps(data), "utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(config or CONFIG), "utf-8")
    return str(folder)


def failed(blessing: Any) -> list[str]:
    return [each.name for each in blessing.checks if not each.passed]


def test_a_good_run_is_blessed(tmp_path: Path) -> None:
    run = written(tmp_path / "a", metrics())
    blessing = recgen.gate(run, minimums=["recall_at_100 >= 0.01"], write=True)
    assert blessing.is_blessed, blessing.reason
    found = json.loads((tmp_path / "a" / FILE_NAME).read_text("utf-8"))
    assert found == blessing.as_dict()
    assert found["is_blessed"] is True
    assert found["threshold_metric"] == "test_recall_at_100"
    assert found["threshold"] == 0.01
    assert [each["name"] for each in found["checks"]] == ["trained", "baseline", "minimum"]


@pytest.mark.parametrize(
    ("views", "half", "is_better"),
    [
        (GOOD, 0.02, True),
        ({"all": (0.32, 0.15, 0.40), "new": (0.12, 0.08, 0.01)}, 0.02, True),  # in one view
        ({"all": (0.21, 0.15, 0.20), "new": (0.09, 0.08, 0.01)}, 0.02, False),  # within noise
        ({"all": (0.18, 0.15, 0.20), "new": (0.05, 0.08, 0.01)}, 0.001, False),
    ],
)
def test_it_must_be_better_than_the_best_baseline(
    tmp_path: Path, views: Any, half: float, is_better: bool
) -> None:
    blessing = recgen.gate(written(tmp_path / "a", metrics(views, half=half)))
    assert ("baseline" not in failed(blessing)) == is_better
    assert "popularity" in blessing.reason or "own history" in blessing.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"failure": "Epoch 1: it collapsed", "failure_kind": "collapse"}, "Epoch 1: it collapsed"),
        ({"nan_detected": True}, "the training failed"),
    ],
)
def test_a_failed_run_is_not_blessed(tmp_path: Path, change: Plain, words: str) -> None:
    blessing = recgen.gate(written(tmp_path / "a", metrics(**change)))
    assert "trained" in failed(blessing)
    assert words in blessing.reason


def test_a_run_without_metrics_or_test_is_not_blessed(tmp_path: Path) -> None:
    """A platform takes a missing file for a blessing, so there has to be one."""
    run = tmp_path / "a"
    run.mkdir()
    (run / "config.yaml").write_text(yaml.safe_dump(CONFIG), "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["gate", str(run)])
    assert ended.value.code == 1
    assert json.loads((run / FILE_NAME).read_text("utf-8"))["is_blessed"] is False
    untested = metrics()
    untested["evaluation"] = None
    untested["final_metrics"] = {
        name: value for name, value in untested["final_metrics"].items() if "test" not in name
    }
    blessing = recgen.gate(written(tmp_path / "b", untested))
    assert failed(blessing) == ["baseline"]


@pytest.mark.parametrize(
    ("own", "is_worse"), [(0.40, False), (0.32, False), (0.31, False), (0.22, True)]
)
def test_it_must_not_be_worse_than_the_champion(tmp_path: Path, own: float, is_worse: bool) -> None:
    views = {"all": (own, 0.15, 0.20), "new": (0.12, 0.08, 0.01)}
    run = written(tmp_path / "a", metrics(views, half=0.015))
    champion = written(tmp_path / "b", metrics(half=0.015))
    blessing = recgen.gate(run, champion)
    assert ("champion" in failed(blessing)) == is_worse
    words = f"test recall@100 of all pairs is {own:.4f}, the champion's 0.3200"
    assert words in " ".join(each.reason for each in blessing.checks)


@pytest.mark.parametrize(
    ("lost", "is_worse", "words"),
    [
        (0, False, "in pairs of the same buyers"),
        (3, False, "in pairs of the same buyers"),  # as of a coin
        (40, True, "worse than the champion: test recall@100 of all pairs is 0.3000"),
    ],
)
def test_the_champion_is_compared_in_pairs_of_the_same_buyers(
    tmp_path: Path, lost: int, is_worse: bool, words: str
) -> None:
    """Whose own intervals are far too wide to tell them apart."""
    run = written(tmp_path / "a", grouped(0.32 - lost / 2000, lost))
    champion = written(tmp_path / "b", grouped(0.32, 0))
    blessing = recgen.gate(run, champion)
    assert ("champion" in failed(blessing)) == is_worse
    assert words in " ".join(each.reason for each in blessing.checks)


def grouped(own: float, lost: int) -> Plain:
    """Returns metrics of 2,000 pairs in 200 groups, with fewer hits in some groups."""
    views = {"all": (own, 0.15, 0.20), "new": (0.12, 0.08, 0.01)}
    data = metrics(views, half=0.05)
    hits = [3.2 - (group < lost) for group in range(200)]
    groups = {"rows": [10] * 200, "sums": {"recall_at_100": hits}}
    new = {"rows": [10] * 200, "sums": {"recall_at_100": [1.2] * 200}}
    data["evaluation"]["groups"] = {"all": groups, "new": new}
    return data


def test_files_without_groups_are_compared_by_their_intervals(tmp_path: Path) -> None:
    run = written(tmp_path / "a", grouped(0.30, 40))
    champion = written(tmp_path / "b", metrics(half=0.05))
    blessing = recgen.gate(run, champion)
    assert "champion" not in failed(blessing)
    words = "not in pairs: one file has no sums by group of buyers"
    assert words in " ".join(each.reason for each in blessing.checks)


def test_other_test_rows_are_not_compared(tmp_path: Path) -> None:
    run = written(tmp_path / "a", metrics())
    other = metrics({"all": (0.2, 0.14, 0.19), "new": (0.1, 0.08, 0.01)})
    blessing = recgen.gate(run, written(tmp_path / "b", other))
    assert failed(blessing) == ["champion"]
    assert "they were tested on different rows (" in blessing.reason


def test_the_champions_clients_must_be_able_to_use_it(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    config["features"]["buyer_model_features"].append({"column": "city", "data_type": "text"})
    run = written(tmp_path / "a", metrics(), config)
    champion = written(tmp_path / "b", metrics())
    blessing = recgen.gate(run, champion)
    assert failed(blessing) == ["clients"]
    assert "requests need 'city' (string) (RB101)" in blessing.reason
    assert not failed(recgen.gate(champion, champion))


def test_digests_of_the_training_count_more_than_the_config_beside_it(tmp_path: Path) -> None:
    config = copy.deepcopy(CONFIG)
    config["features"]["buyer_model_features"].append({"column": "city", "data_type": "text"})
    same, other = {"digests": {"client": "1" * 12}}, {"digests": {"client": "2" * 12}}
    champion = written(tmp_path / "a", metrics(**same))
    run = written(tmp_path / "b", metrics(**same), config)
    assert not failed(recgen.gate(run, champion))
    run = written(tmp_path / "c", metrics(**other))
    blessing = recgen.gate(run, champion)
    assert failed(blessing) == ["clients"]
    assert "the config.yaml of the run is not that of its training" in blessing.reason


def test_without_a_config_nothing_is_known_of_clients(tmp_path: Path) -> None:
    run, champion = (written(tmp_path / name, metrics()) for name in "ab")
    (tmp_path / "b" / "config.yaml").unlink()
    blessing = recgen.gate(run, champion)
    assert failed(blessing) == ["clients"]
    assert "the champion has no config.yaml" in blessing.reason


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("recall_at_100 >= 0.3", ("recall_at_100", ">=", 0.3)),
        ("test_rmse<1e-1", ("test_rmse", "<", 0.1)),
        (" mrr > .25 ", ("mrr", ">", 0.25)),
        ("a <= -2", ("a", "<=", -2.0)),
    ],
)
def test_conditions_are_read(text: str, parts: tuple[str, str, float]) -> None:
    found = parse_minimum(text)
    assert (found.name, found.comparison, found.bound) == parts


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        *((text, "rmse <= 2.5") for text in ("", "recall", "recall_at_100 = 0.3", "0.3 <= recall")),
        *((text, "rmse <= 2.5") for text in ("recall >= nan", "a >= b", "a>=1 b", "a >= 1_0")),
        *((text, "rmse <= 2.5") for text in ("%s >= 1", "a >= %", "a >= 1.2.3%")),
        ("recall_at_10 >= 12.5 %", "recall_at_10 >= 0.125"),
        ("recall@10 => 0,1", "recall_at_10 >= 0.1"),
        ("recall at 10 ≥ .1", "recall_at_10 >= 0.1"),
    ],
)
def test_what_is_no_condition_is_said(text: str, proposed: str) -> None:
    with pytest.raises(RecgenError, match="is not a condition") as error:
        parse_minimum(text)
    assert f"'{proposed}'" in error.value.help


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("recall_at_100 >= 0.99", "which is not >= 0.99"),
        ("recal_at_100 >= 0.1", "near names are 'test_recall_at_100'"),
        ("zzz > 1", "there is no 'zzz' in final_metrics"),
        ("test_loss < 0", "test_loss was not measured"),
    ],
)
def test_conditions_that_are_not_met(tmp_path: Path, text: str, words: str) -> None:
    data = metrics()
    data["final_metrics"]["test_loss"] = None
    blessing = recgen.gate(written(tmp_path / "a", data), minimums=[text])
    assert failed(blessing) == ["minimum"]
    assert words in blessing.reason


def test_a_champion_whose_training_failed_is_none(tmp_path: Path) -> None:
    champion = written(tmp_path / "b", metrics(failure="Epoch 2: 100% of it is NaN %s"))
    blessing = recgen.gate(written(tmp_path / "a", metrics()), champion)
    assert failed(blessing) == ["champion"]
    assert "the champion's training failed: Epoch 2: 100% of it is NaN %s" in blessing.reason


def test_a_ranking_model_is_judged_by_its_own_figures(tmp_path: Path) -> None:
    data = healthy()
    data["recall"], data["evaluation"] = {}, None
    data["params"] |= {"model_type": "ranking", "test_rows": 5000}
    data["final_metrics"] = {"test_auc_roc": 0.71, "test_rmse": 0.4}
    run = written(tmp_path / "a", data)
    blessing = recgen.gate(run, minimums=["auc_roc >= 0.6", "rmse <= 0.5"])
    assert "baseline" not in failed(blessing)
    assert "minimum" not in failed(blessing)


def test_metrics_alone_are_judged_and_cannot_be_written() -> None:
    assert recgen.gate(metrics()).is_blessed
    with pytest.raises(RecgenError, match="no folder"):
        recgen.gate(metrics(), write=True)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = written(tmp_path / "a", metrics())
    main(["gate", run])
    for condition, code in (("recall_at_5 >= 1", 1), ("x", 2)):
        with pytest.raises(SystemExit) as ended:
            main(["gate", run, "--min", condition])
        assert ended.value.code == code
    out = capsys.readouterr().out
    assert f"blessed; written to {tmp_path / 'a' / FILE_NAME}" in out
    assert "failed minimum: test_recall_at_5 is" in out
