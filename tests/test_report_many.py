"""The page of many runs: small, whole without its script, readable whatever a few runs hold."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from attacks import ATTACKS
from diagnoses import dead, healthy, older, run_of
from hypothesis import given
from hypothesis import strategies as st
from many import sweep
from pages import MARKUP, Page, attacked

from recgen.analysis.report import report_page
from recgen.analysis.report.robust import is_uneven, usual
from recgen.analysis.report.scale import Scale


def runs_of(page: str) -> list[int]:
    """Returns the numbers of the runs in the first table, in their order."""
    table = page.partition('<table class="runs"')[2].partition("</table>")[0]
    return [int(number) for number in re.findall(r'<tr data-run="(\d+)"', table)]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return report_page(sweep(tmp_path_factory.mktemp("sweep"), 60, epochs=50))


def test_sixty_runs_of_fifty_epochs_are_below_two_megabytes(page):
    assert len(page.encode()) < 2_000_000


def test_every_run_is_there_without_the_script(page):
    assert sorted(runs_of(page)) == list(range(1, 61))
    assert "hidden" not in {name for _, a in Page(page).elements for name in a}
    for number in range(1, 61):
        assert f'id="run-{number}"' in page
    groups = re.findall(r'<tr class="group"><th[^>]*>([^<]*)', page)
    verdicts = [each.partition(":")[0].partition(" (")[0] for each in groups]
    order = ["good", "at risk", "bad", "broken"]
    assert verdicts == sorted(verdicts, key=order.index)
    assert {*verdicts} >= {"good", "bad", "broken"}
    assert sum(int(re.findall(r"\((\d+) runs?\)", each)[0]) for each in groups) == 60


def test_the_policy_allows_its_one_script_and_no_request(page):
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "connect-src" not in policy  # so that of default-src holds, which allows nothing
    for word in ("fetch(", "XMLHttpRequest", "innerHTML", "eval(", "import(", "http"):
        assert word not in script
    assert len(script) < 6000


def test_few_runs_are_shown_whole_and_many_in_brief(tmp_path):
    few = report_page(sweep(tmp_path / "few", 8, epochs=5))
    many = report_page(sweep(tmp_path / "many", 9, epochs=5))
    assert few.count("<h2>Embedding health</h2>") == 0  # not in these files
    assert few.count("Buyer weights") > 0
    assert many.count("Buyer weights") == 0
    assert runs_of(few) == list(range(1, 9))  # in the order given
    assert "writes a page with all figures of one run" in many


def test_one_diverged_run_does_not_flatten_the_others(tmp_path):
    runs = []
    for number in range(5):
        data = healthy(20)
        if number == 4:
            data["loss"]["loss"] = [7.0] + [1e12] * 19
        runs.append(run_of(tmp_path / str(number), data))
    page = report_page(runs)
    figure = page.partition("<h3>Training loss</h3>")[2].partition("</figure>")[0]
    assert "Cut at the top: run 5, up to 1.0e+12" in figure
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", figure.partition(" d=")[2])]
    assert max(heights) - min(heights) > 100  # of the 176 that a picture has
    first = re.findall(r' d="M([^"]*)"', figure)[0]
    own = [float(each.split()[1]) for each in first.split("L")]
    assert max(own) - min(own) > 100


@pytest.mark.parametrize("count", [2, 3, 60])
@pytest.mark.parametrize("wild", [[1e12] * 9, [7.0, 1e12, 6.0], [7.0, None, 1e300], [None, 1e12]])
def test_axes_of_the_usual_runs(count, wild):
    series = [tuple(7.0 - 0.1 * epoch for epoch in range(10)) for _ in range(count - 1)]
    shown, cut = usual([*series, tuple(wild)])
    assert cut == [count - 1]
    assert (min(shown), max(shown)) == pytest.approx((6.1, 7.0))


def test_two_trainers_are_no_divergence():
    """Losses summed over a batch and mean ones share an axis, which is logarithmic."""
    series = [(23_000.0, 20_000.0)] * 5 + [(7.0, 6.0)] * 5
    assert usual(series)[1] == []
    assert usual([(0.2, 0.2), *series])[1] == []
    assert usual([(0.1, 0.2), (0.3, 0.4)])[1] == []
    assert usual([(), (None,)]) == ([], [])


def test_losses_of_other_trainers_have_a_picture_of_their_own(tmp_path):
    sums = older(healthy())
    sums["loss"]["loss"] = [23_000.0 - epoch for epoch in range(8)]
    runs = [run_of(tmp_path / "a", healthy()), run_of(tmp_path / "b", sums)]
    page = report_page(runs)
    assert "<h3>Training loss, means</h3>" in page
    assert "<h3>Training loss, sums over batches</h3>" in page
    assert "<h3>Training loss</h3>" in report_page([runs[0], runs[0]]).partition("Each run")[0]


@given(st.lists(st.lists(st.none() | st.floats(-1e300, 1e300), max_size=5), min_size=1, max_size=9))
def test_any_runs_have_an_axis(series):
    shown, cut = usual([tuple(each) for each in series])
    assert len(cut) < len(series)
    assert bool(shown) == any(value is not None for each in series for value in each)
    assert is_uneven([tuple(each) for each in series]) in (True, False)


def test_what_is_beyond_an_axis_is_at_its_end():
    scale = Scale(1.0, 3.0, 100.0, 0.0)
    assert (scale(1e12), scale(-5.0), scale(2.0)) == (0.0, 100.0, 50.0)


def test_runs_of_one_epoch_and_of_five_hundred(tmp_path):
    lengths = (1, 5, 5, 500, 5)
    page = report_page(
        [run_of(tmp_path / f"{i} of {n}", healthy(n)) for i, n in enumerate(lengths)]
    )
    assert "Later epochs are closer together" in page
    figure = page.partition("<h3>Training loss</h3>")[2].partition("</figure>")[0]
    second = re.findall(r' d="M([^"]*)"', figure)[1]
    across = [float(each.split()[0]) for each in second.split("L")]
    assert max(across) - min(across) > 60  # five of five hundred epochs would have three


def test_runs_without_any_figure(tmp_path):
    runs = [run_of(tmp_path / str(number), {"params": {}}) for number in range(10)]
    page = report_page(runs)
    assert len(runs_of(page)) == 10
    assert "Training loss" not in page


def test_the_same_name_in_two_folders(tmp_path):
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
    page = report_page([run_of(tmp_path / place / "run", dead()) for place in ("one", "other")])
    assert "one/run" in page
    assert "other/run" in page


def test_hostile_names_of_many_runs_are_no_markup(tmp_path, experiment):
    attacks = {**ATTACKS, **MARKUP}
    runs = [
        attacked(tmp_path / str(number), attack, experiment)
        for number, attack in enumerate(attacks.values())
    ]
    text = report_page(runs)
    page = Page(text)
    assert page.open == []
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not any(each.startswith("on") for _, a in page.elements for each in a)
    assert not set("\x1b\u202e\u2066\x07\b") & set(text)
    assert len(runs_of(text)) == len(attacks)


def test_the_verdict_stands_before_a_long_name(tmp_path):
    data = healthy(name="n" * 3000)
    run = run_of(tmp_path / "run", data)
    for runs, start in (
        ([run], "<main"),
        ([run] * 2, "<details class"),
        ([run] * 9, "<details class"),
    ):
        shown = report_page(runs).partition(start)[2]
        assert shown.index('<span class="chip good">good</span>') < shown.index("nnnn")
