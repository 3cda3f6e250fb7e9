"""Runs side by side: settings, figures, what is no difference, what goes with success."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from diagnoses import DEEP, dead, healthy, run_of, set_recall
from hypothesis import given
from hypothesis import strategies as st

from recgen.analysis import load_run
from recgen.analysis.comparing import compare, loss_change
from recgen.analysis.factors import factors_of, fisher
from recgen.analysis.facts import Facts
from recgen.analysis.kinds.retrieval import wilson
from recgen.analysis.settings import UNKNOWN, differences, settings_of
from recgen.analysis.sparkline import sparkline
from recgen.metrics import Interval

REPORTED = Path(__file__).parent / "reported"


# settings


def test_order_defaults_and_spelling_are_no_difference(tmp_path, experiment):
    other = copy.deepcopy(experiment)
    other["features"]["buyer_model_features"].reverse()
    other["model"]["optimizer"] = "adagrad"  # the default
    other["features"]["buyer_model_features"][1]["transforms"] = {"embedding": {"enabled": True}}
    runs = [run_of(tmp_path / n, healthy(), c) for n, c in (("a", experiment), ("b", other))]
    assert differences(runs) == {}


def test_what_differs_is_named_by_tower_and_feature(tmp_path, experiment):
    other = copy.deepcopy(experiment)
    other["features"]["buyer_model_features"][1]["transforms"] = {"bucketize": {"buckets": 20}}
    other["features"]["product_model_features"].append({"column": "brand", "data_type": "text"})
    other["model"]["buyer_tower_layers"] = [*DEEP, {"type": "dropout", "rate": 0.1}]
    runs = [run_of(tmp_path / n, healthy(), c) for n, c in (("a", experiment), ("b", other))]
    assert differences(runs) == {
        "buyer.age": (
            "numeric: normalize",
            "numeric: bucketize (buckets 20, embedding_dim 32)",
        ),
        "product.brand": ("-", "text: embedding (embedding_dim 32, oov_buckets 1)"),
        "model.buyer_tower_layers": ("none", "256 relu, 128 relu, 64 relu, dropout 0.1"),
    }


def test_what_the_saved_model_is_trained_on_and_ranks_by_is_a_setting(tmp_path, experiment):
    runs = []
    for number, model in enumerate(
        [{}, {"refit": True, "final_layer": "none"}, {"refit": "validation"}]
    ):
        config = {**experiment, "model": {**experiment["model"], **model}}
        runs.append(run_of(tmp_path / str(number), healthy(), config))
    assert differences(runs) == {
        "model.refit": ("all", "validation", "validation"),
        "model.final_layer": ("fitted", "none", "fitted"),
    }


def test_what_the_trainer_was_told_counts_more_than_the_config(tmp_path, experiment):
    run = run_of(tmp_path / "a", healthy(learning_rate=0.2), experiment)
    assert settings_of(run)["model.learning_rate"] == "0.2"


# figures


def test_what_is_within_both_intervals_is_no_difference(tmp_path):
    runs = []
    for name, own in (("a", 0.30), ("b", 0.31), ("c", 0.20)):
        data = healthy()
        set_recall(data, own, popularity=0.15)
        runs.append(run_of(tmp_path / name, data))
    row = next(row for row in compare(runs).rows if row.name == "test recall@100 of rows")
    assert (row.best, row.close) == (1, frozenset({0}))
    assert [figure.value for figure in row.figures if figure] == [0.30, 0.31, 0.20]


def test_measured_intervals_are_taken_as_they_are(tmp_path):
    runs = []
    for name, own in (("a", 0.30), ("b", 0.31)):
        data = healthy()
        set_recall(data, own, popularity=0.15)
        narrow = {"value": own, "low": own - 0.004, "high": own + 0.004}
        data["evaluation"] = {
            "model": {"all": {"recall_at_100": narrow, "mrr": narrow}, "new": {"mrr": narrow}},
        }
        runs.append(run_of(tmp_path / name, data))
    rows = {row.name: row for row in compare(runs).rows}
    assert rows["test recall@100 of all pairs"].close == frozenset()
    assert rows["test recall@100 of rows"].close == {0}  # of rows, with an interval by their number
    assert (rows["test mrr of all pairs"].best, rows["test mrr of new pairs"].best) == (1, 1)


def test_runs_are_compared_in_pairs_of_the_same_buyers(tmp_path):
    runs = []
    for name, lost, has_groups in (("a", 0, True), ("b", 30, True), ("c", 30, False)):
        data, own = healthy(), 0.32 - lost / 2000
        set_recall(data, own, popularity=0.15)
        wide = {"recall_at_100": {"value": own, "low": own - 0.05, "high": own + 0.05}}
        data["evaluation"] = {"pairs": {"all": 2000}, "model": {"all": wide}}
        if has_groups:
            hits = [3.2 - (group < lost) for group in range(200)]
            sums = {"rows": [10] * 200, "sums": {"recall_at_100": hits}}
            data["evaluation"]["groups"] = {"all": sums}
        runs.append(run_of(tmp_path / name, data))
    named = "test recall@100 of all pairs"
    paired, mixed = compare(runs[:2]), compare(runs[::2])
    row = next(row for row in paired.rows if row.name == named)
    assert (row.best, row.close, row.as_dict()["paired"]) == (0, frozenset(), True)
    row = next(row for row in mixed.rows if row.name == named)
    assert (row.best, row.close, row.as_dict()["paired"]) == (0, {1}, False)
    doubt = "runs are not compared in pairs of the same buyers, since one file has no sums"
    assert not any(each.startswith(doubt) for each in paired.doubts)
    assert any(each.startswith(doubt) for each in mixed.doubts)


def test_figures_of_one_run_alone_are_not_the_best(tmp_path):
    lone = healthy()
    lone["recall"] = {}
    runs = [run_of(tmp_path / "a", healthy()), run_of(tmp_path / "b", lone)]
    row = next(
        row for row in compare(runs).rows if row.name == "best validation recall@100 of rows"
    )
    assert (row.best, row.figures[1]) == (None, None)


def test_popularity_has_no_best(tmp_path):
    runs = [run_of(tmp_path / name, healthy()) for name in "ab"]
    row = next(
        row for row in compare(runs).rows if row.name == "popularity, test recall@100 of rows"
    )
    assert (row.best, row.figures) == (None, (Interval.of(0.15), Interval.of(0.15)))


def test_runs_that_were_not_tested_alike_are_doubted(tmp_path):
    base = run_of(tmp_path / "a", healthy())
    assert not any("same rows" in doubt for doubt in compare([base, base]).doubts)
    rows = run_of(tmp_path / "rows", healthy(test_rows=500))
    other = healthy()
    set_recall(other, 0.3, popularity=0.2)
    popularity = run_of(tmp_path / "popularity", other)
    for run in (rows, popularity):
        assert any(
            "were tested on different rows" in doubt for doubt in compare([base, run]).doubts
        )
    batch = run_of(tmp_path / "batch", healthy(batch_size=64))
    assert any("losses" in doubt for doubt in compare([base, batch]).doubts)


def test_many_other_tests_have_few_notes(tmp_path):
    runs = [run_of(tmp_path / str(n), healthy(test_rows=1000 + n)) for n in range(9)]
    notes = [doubt for doubt in compare(runs).doubts if "different rows" in doubt]
    assert len(notes) == 4
    assert "run 2 (tested on 1,001 rows, not 1,000)" in notes[0]
    assert "runs 5-9" in notes[-1]


def test_runs_that_read_other_data_are_doubted(tmp_path):
    runs = [
        run_of(tmp_path / str(rows), {**healthy(), "data": {"read": rows}})
        for rows in (2_961, 2_961, 2_102)
    ]
    said = "the runs read different data: of 2,102 and 2,961 rows"
    assert said in compare(runs).doubts
    assert not any("read different" in doubt for doubt in compare(runs[:2]).doubts)


def test_an_interval_of_a_share_is_wilsons():
    interval = wilson(0.5, 100)
    assert (interval.low, interval.high) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    none = wilson(0.0, 50)
    assert none.high == pytest.approx(0.0713, abs=1e-4)
    assert wilson(0.5, None) == Interval.of(0.5)
    assert wilson(1.5, 100) == Interval.of(1.5)  # no share


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_an_interval_has_its_share_within(share, rows):
    interval = wilson(share, rows)
    assert interval.low is not None
    assert interval.high is not None
    assert 0 <= interval.low <= share + 1e-9
    assert share - 1e-9 <= interval.high <= 1


def test_how_the_loss_moved(tmp_path):
    data = healthy(3)
    data["loss"]["loss"] = [8.0, 7.0, 6.0]
    assert loss_change(Facts(run_of(tmp_path / "a", data))) == pytest.approx(-0.25)
    data["loss"] = {}
    assert loss_change(Facts(run_of(tmp_path / "b", data))) is None


# what goes with success


def test_the_reports_first_finding():
    """Learning rate, loss change, result: as a table, and honest about seven runs."""
    runs = [load_run(REPORTED / number) for number in ("39", "43", "38", "45", "42", "41", "40")]
    comparison = compare(runs)
    assert [each.verdict for each in comparison.diagnoses] == ["bad"] * 7
    assert comparison.achieved == "train"  # none is better than chance, and three trained
    changes = [loss_change(facts) for facts in comparison.facts]
    assert all(change is not None and change < -0.05 for change in changes[:3])
    assert changes[3:] == [0.0] * 4
    first = comparison.factors[0]
    assert (first.paths, first.condition) == (("model.learning_rate",), ("≤ 0.01",))
    assert (first.inside, first.outside) == ((3, 3), (0, 4))
    assert first.chance == pytest.approx(2 / 35)  # two divisions were tried, each may be 1 in 35


def test_settings_that_change_together_are_named_together():
    settings = {
        "model.learning_rate": ("0.1", "0.1", "0.01", "0.01"),
        "model.optimizer": ("adam", "adam", "adagrad", "adagrad"),
        "model.seed": ("1", "2", "1", "2"),
    }
    first, *others = factors_of(settings, [False, False, True, True])
    assert first.paths == ("model.learning_rate", "model.optimizer")
    assert first.condition == ("≥ 0.1", "= adam")
    assert first.inside == (0, 2)
    assert others == []  # a seed is no setting


def test_numbers_are_divided_at_each_threshold():
    settings = {"rate": ("0.001", "0.01", "0.1", "1")}
    found = factors_of(settings, [True, True, False, False])
    assert sorted(each.condition[0] for each in found) == ["≤ 0.001", "≤ 0.01", "≤ 0.1"]
    assert found[0].condition == ("≤ 0.01",)


@pytest.mark.parametrize("works", [[True] * 4, [False] * 5, [True, False, True]])
def test_where_nothing_can_be_said_nothing_is(works):
    settings = {"rate": tuple(str(number) for number in range(len(works)))}
    assert factors_of(settings, works) == ()


def test_runs_whose_setting_is_unknown_are_no_sides():
    """Two runs of four have a rate, and no division of two says anything."""
    settings = {"rate": ("0.1", "0.01", UNKNOWN, UNKNOWN)}
    assert factors_of(settings, [True, False, True, False]) == ()


def test_names_of_optimizers_are_the_same_in_any_case(tmp_path):
    names = ("Adam", "adam")
    runs = [run_of(tmp_path / name, healthy(optimizer=name)) for name in names]
    assert "model.optimizer" not in compare(runs).settings


def test_fishers_exact_test():
    """Against published values: the lady tasting tea, and R's fisher.test."""
    assert fisher(3, 4, 1, 4) == pytest.approx(0.4857, abs=1e-4)
    assert fisher(4, 4, 0, 4) == pytest.approx(0.02857, abs=1e-5)
    assert fisher(1, 10, 11, 14) == pytest.approx(0.002759, abs=1e-6)
    assert fisher(2, 4, 2, 4) == pytest.approx(1.0)


def test_a_comparison_is_plain_json(tmp_path):
    data = dead(learning_rate=0.1)
    runs = [run_of(tmp_path / "a", healthy()), run_of(tmp_path / "b", data)]
    plain = json.loads(json.dumps(compare(runs).as_dict()))
    assert [run["verdict"] for run in plain["runs"]] == ["good", "bad"]
    assert plain["settings"]["model.learning_rate"] == ["0.05", "0.1"]
    assert plain["figures"][0]["best"] == 0


# sparklines


def test_a_series_becomes_characters():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1.0, None, 3.0]) == "▁ █"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([]) == sparkline([None, None]) == ""
    assert sparkline([1, 2], low=0, high=2) == "▅█"
    assert len(sparkline(list(range(500)), width=40)) == 40
    assert sparkline([0, 10], levels="_#") == "_#"


@given(st.lists(st.none() | st.floats(-1e300, 1e300), max_size=200))
def test_any_series_becomes_characters(values):
    assert len(sparkline(values, width=50)) <= 50


def test_values_are_whole_where_no_terminal_cuts_them(tmp_path, experiment):
    from recgen.cli.output.comparison import lines

    other = {**experiment, "model": {"buyer_tower_layers": DEEP}}
    configs = (("a", experiment), ("b", other))
    found = compare([run_of(tmp_path / name, healthy(), config) for name, config in configs])

    def text(**options):
        parts = (part for line in lines(found, **options) for part in line)
        return "".join(part if isinstance(part, str) else part[0] for part in parts)

    assert "…" in text()
    assert "…" not in text(shorten=False)
