"""Predictions on the page: calibration, lift, residuals, and errors beside those of means."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Page
from test_ranking_runs import compared
from test_report import ALLOWED, titles

from recgen.analysis import run_of
from recgen.analysis.report import report_page
from recgen.analysis.report.predictions import groups_of
from recgen.metrics import Bin

BINS = [
    {"rows": 100, "predicted": 0.1 * tenth, "actual": 0.05 * tenth + 0.1} for tenth in range(1, 11)
]
MEANS = [0.5, 0.6, 0.65, 0.7]


def page_of(measure: str = "auc_roc", bins: object = BINS, is_binary: bool = True) -> str:
    data = compared(measure, 0.8, MEANS, 0.02, bins=bins)
    data["params"]["is_binary_labels"] = is_binary
    return report_page([run_of(data)])


def test_a_label_has_its_calibration_lift_and_residuals():
    page = page_of()
    shown = titles(page)
    assert shown[shown.index("Evaluation") + 1 :][:3] == ["Calibration", "Lift", "Residuals"]
    text = Page(page).text
    assert "group 1, 100 rows\npredicted 1.000\nactual 0.6000\nlift 1.60" in text
    assert "group 10, 100 rows\npredicted 0.1000\nactual 0.1500\nlift 0.40" in text
    assert {tag for tag, _ in Page(page).elements} <= ALLOWED


def test_an_amount_is_not_called_calibrated():
    shown = titles(page_of("rmse", is_binary=False))
    assert "Calibration" not in shown
    assert "Predicted and actual" in shown


def test_errors_in_other_units_have_a_plot_of_their_own():
    data = compared("rmse_log", 0.6, MEANS, 0.02, bins=BINS)
    data["loss"] |= {"val_rmse": [12.0] * 4, "val_mae": [5.0] * 4}
    page = report_page([run_of(data)])
    assert "Validation errors" in titles(page)
    label = re.search(r'aria-label="Validation RMSE of logarithms over epochs: ([^"]*)"', page)
    assert label
    assert label[1] == "RMSE of logarithms from 0.6000 to 0.6000"


def test_the_tables_have_every_figure_and_group():
    table = re.findall(r"<caption>(Predictions|Groups of rows)", page_of())
    assert table == ["Predictions", "Groups of rows"]
    text = Page(page_of()).text
    assert "the sum of both means" in text
    assert "0.8000 (0.7800 to 0.8200)" in text


def test_points_above_the_line_are_predicted_too_low():
    """The line has the same two axes: a point on it is as high as it is far to the right."""
    equal = [{"rows": 5, "predicted": value, "actual": value} for value in (0.1, 0.4, 0.9)]
    page = page_of(bins=equal)
    heights = [
        float(attributes["height"] or 0)
        for tag, attributes in Page(page).elements
        if tag == "rect" and attributes.get("class") == "cell c1"
    ]
    assert heights == [0.0, 0.0, 0.0]  # no residuals


@pytest.mark.parametrize("bins", [[], BINS[:1], [{"rows": 0, "predicted": 0.0, "actual": 0.0}] * 2])
def test_without_groups_there_is_no_plot(bins):
    assert "Residuals" not in titles(page_of(bins=bins))


def test_without_a_positive_mean_there_is_no_lift():
    losses = [{"rows": 5, "predicted": -1.0, "actual": value} for value in (-3.0, 1.0)]
    assert "Lift" not in titles(page_of("rmse", losses, is_binary=False))


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(st.tuples(st.integers(0, 2**40), finite, finite), max_size=12))
def test_any_figures_make_a_page(values):
    bins = [{"rows": rows, "predicted": low, "actual": high} for rows, low, high in values]
    page = page_of("rmse", bins, is_binary=False)
    svg = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert not re.search(r'="[^"]*\b(nan|inf)\b', re.sub(r'aria-label="[^"]*"', "", svg))


@given(
    st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=9)
)
def test_the_lifts_of_all_rows_are_one_in_the_mean(values):
    bins = [Bin(rows=rows, predicted=low, actual=high) for rows, low, high in values]
    groups = groups_of(bins)
    assert [each.bin.predicted for each in groups] == sorted((v[1] for v in values), reverse=True)
    lifts = [(each.bin.rows, each.lift) for each in groups if each.lift is not None]
    if lifts:
        rows = sum(count for count, _ in lifts)
        assert sum(count * lift for count, lift in lifts) / rows == pytest.approx(1)
