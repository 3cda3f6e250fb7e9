"""The page of runs: what is on it, that it is whole in itself, that no text becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from attacks import ATTACKS
from diagnoses import DEEP, dead, healthy, run_of
from markupsafe import escape
from pages import MARKUP, Page, attacked

from recgen.analysis import load_run
from recgen.analysis.report import MARK, report_page
from recgen.analysis.report.highlight import python, yaml
from recgen.analysis.report.lines import downsampled
from recgen.analysis.report.scale import axis, epoch_ticks
from recgen.analysis.report.text import lines, name, number, short
from recgen.metrics import BINS

pytest_plugins = ["running"]

REPORTED = Path(__file__).parent / "reported"
ALL_ATTACKS = {**ATTACKS, **MARKUP}
ALLOWED = {
    *("html", "head", "meta", "title", "link", "style", "body", "main", "article", "header"),
    *("footer", "section", "h1", "h2", "h3", "p", "span", "b", "i", "a", "ul", "ol", "li", "dl"),
    *("div", "dt", "dd", "details", "summary", "pre", "code", "figure", "figcaption", "table"),
    *("caption", "thead", "tbody", "tr", "th", "td", "svg", "g", "line", "path", "circle"),
    *("rect", "text"),
}


def page_of(*runs):
    return report_page(runs)


def titles(page):
    """Returns the headings of a page, in their order."""
    return re.findall(r"<h[23][^>]*>(?:<span[^>]*>[^<]*</span> )?([^<]*?) *<", page)


# What is on it


def test_a_healthy_run_has_every_section(folder, experiment):
    data = healthy(4)
    data["health"] = {
        tower: {"effective_rank": [9.0] * 4, "mean_cosine": [0.1] * 4, "update_ratio": [0.2] * 4}
        for tower in ("query", "candidate")
    }
    figures = {"recall_at_100": {"value": 0.31, "low": 0.3, "high": 0.32}}
    data["evaluation"] = {"pairs": {"all": 900}, "model": {"all": figures}}
    for tower in ("query", "candidate"):
        for group in ("weight_stats", "gradient_stats"):
            data[group][tower]["histogram"]["counts"] = [[0] * 10 + [1] * 5 + [0] * 10] * 4
    run = run_of(folder / "run", data, experiment)
    page = page_of(run)
    assert titles(page) == [
        *("Causes", "Curves", "Loss", "Regularization loss", "Validation recall"),
        *("Loss against chance", "Gradient norms", "Embedding health", "Effective rank"),
        *("Mean cosine", "Update ratio", "Weights and gradients over epochs", "Buyer weights"),
        *("Product weights", "Buyer gradients", "Product gradients", "Evaluation"),
        *("All pairs (900)", "Candidates and rows", "Config and code"),
    ]
    text = Page(page).text
    assert "0.3100 (0.3000 to 0.3200)" in text
    assert "popularity on test @100 0.1500" in text.replace("\n", " ")


def test_the_final_layer_is_told_in_words_and_figures(folder):
    data = healthy(4)
    data["params"]["half_lives"] = {"popularity_recent": {"popularity": 7}}
    data["final_layer"] = {
        "weights": {"towers": 0.8, "share_7_days": 1.0, "share": -0.25, "<b>": 1.0},
        "new_pairs_count": 1.5,
        "measure": "recall_at_100",
        "validation": {
            "towers": {"all": 0.3, "new": 0.1},
            "model": {"all": 0.35, "new": 0.18},
            "popularity": {"all": 0.2},
            "popularity_recent": {"all": 0.25, "new": 0.17},
        },
    }
    page = page_of(run_of(folder / "run", data))
    assert "Final layer" in titles(page)
    assert "Final layer" not in titles(page_of(run_of(folder / "older", healthy(4))))
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page.partition("<h2>Final layer</h2>")[2])
    shown = " | ".join(cells)
    assert "a product whose sales doubled a week ago | 1.5 times as likely" in shown
    heads = (
        "towers alone | with the final layer | popularity | popularity with a half-life of 7 days"
    )
    assert heads in shown
    assert "all pairs | 0.3000 | 0.3500 | 0.2000 | 0.2500" in shown.replace(" | own history", "")
    assert "log share of sales with a half-life of 7 days | +1" in shown
    assert "log share of sales | -0.25" in shown
    data["saved_final_layer"] = {"weights": {"towers": 0.5, "share_7_days": 2.0}}
    text = Page(page_of(run_of(folder / "again", data))).text
    assert "counts 0.50 times as much as in training" in text
    _, of_measured, of_saved = re.split("Weights", text.partition("Final layer")[2])
    assert "+1" in of_measured
    assert of_saved.startswith(" of the saved model, fitted again on the test")
    assert "+2" in of_saved


def test_a_collapse_is_told_with_its_causes_and_patches():
    page = Page(page_of(load_run(REPORTED / "45")))
    chips = [a["class"] for _, a in page.elements if "chip" in (a.get("class") or "")]
    assert chips[0] == "chip bad"
    text = page.text
    assert "775.6906 = 154·ln 154" in text
    assert "model.learning_rate: 0.05\nmodel.buyer_tower_layers[2].activation: linear" in text
    assert "The patch is the same as for RD101." in text
    assert "Those of the buyer tower are zero from epoch 1 on." in text


def test_several_runs_are_compared_first():
    runs = [load_run(REPORTED / name) for name in ("38", "39", "43", "45", "42")]
    page = page_of(*runs)
    text = Page(page).text
    assert titles(page)[:5] == [
        "Side by side",
        "test recall@100 of rows, by run",
        "Training loss",
        "Validation loss",
        "Settings that differ",
    ]
    assert "model.learning_rate ≤ 0.01" in text
    assert "With only 5 runs, such a clear division may be chance" in text
    assert [place for place in range(1, 6) if f'id="run-{place}"' in page] == [1, 2, 3, 4, 5]
    best = [a for t, a in Page(page).elements if t == "td" and a.get("class") == "best"]
    assert len(best) == 4  # recall at 5, 10, 50, 100


def test_a_run_that_failed_before_an_epoch_shows_its_log(folder, experiment):
    run_of(folder / "run", healthy(0), experiment)
    (folder / "run" / "train.log").write_text("ValueError: no rows \x1b[31m")
    page = page_of(load_run(folder / "run"))
    assert "Curves" not in titles(page)
    assert "no rows \\x1b[31m" not in Page(page).text.partition("the end of the log")[2]
    (folder / "run" / "training_metrics.json").unlink()
    told = Page(page_of(load_run(folder / "run"))).text.partition("the end of the log")[2]
    assert "ValueError: no rows \\x1b[31m" in told


def test_losses_on_axes_of_their_own_where_one_would_flatten_the_other(folder):
    data = healthy(5)
    assert "Loss" in titles(page_of(run_of(folder / "near", data)))
    data["loss"]["val_loss"] = [23.5, 23.4, 23.3, 23.2, 23.1]
    assert {"Training loss", "Validation loss"} <= set(
        titles(page_of(run_of(folder / "far", data)))
    )


def test_what_was_not_measured_leaves_a_gap(folder):
    data = healthy(6)
    data["loss"]["loss"] = [7.0, 6.0, None, 5.0, None, 4.0]
    data["loss"]["val_loss"] = [None] * 6
    page = Page(page_of(run_of(folder / "run", data)))
    first = next(a for t, a in page.elements if t == "path")
    assert re.sub(r"[\d. ]+", "", first["d"]) == "MLMM"
    figure = page.elements[page.elements.index(("path", first)) :]
    dots = [tag for tag, _ in figure[: figure.index(("figure", {}))] if tag == "circle"]
    assert len(dots) == 2  # epochs 4 and 6 stand alone


def test_figures_that_are_no_curve_do_not_break_it(folder):
    data = healthy(6)
    data["loss"]["loss"] = [7.0, 1e10, 1e200, 1.7e308, float("nan"), float("inf")]
    data["loss"]["val_loss"] = [-1.7e308, 1.7e308, 0, 5e-324, 0, 0]
    edges = [1.7e308 * (edge / BINS - 0.5) for edge in range(BINS + 1)]
    data["weight_stats"]["query"]["histogram"]["bin_edges"] = edges
    data["weight_stats"]["candidate"]["histogram"]["counts"] = [[10**400] + [0] * 24] * 6
    data["gradient_stats"]["query"]["histogram"]["counts"] = [[-5] * 25] * 6
    page = page_of(run_of(folder / "run", data))
    svg = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*"', re.sub(r'aria-label="[^"]*"', "", svg))
    assert "The loss was not finite from epoch 5 on." in page
    assert "Buyer weights" in page
    assert "Buyer gradients" not in page


def test_five_hundred_epochs_fit_into_a_mail(folder):
    page = page_of(run_of(folder / "run", healthy(500)))
    assert len(page.encode()) < 1_000_000
    assert "epoch 496\n" in page


# Whole in itself


def test_the_same_runs_give_the_same_page():
    runs = [load_run(REPORTED / name) for name in ("39", "45")]
    assert page_of(*runs) == page_of(*runs)


def test_nothing_is_fetched_and_nothing_runs(folder, experiment):
    run_of(folder / "run", dead(), {**experiment, "model": {"buyer_tower_layers": DEEP}})
    page = Page(page_of(load_run(folder / "run"), load_run(REPORTED / "39")))
    assert {tag for tag, _ in page.elements} <= {*ALLOWED, "script"}
    assert "script" not in {tag for tag, _ in Page(page_of(load_run(folder / "run"))).elements}
    for tag, attributes in page.elements:
        assert not any(each.startswith("on") or each == "style" for each in attributes), tag
        assert "src" not in attributes
        assert attributes.get("href", "#") in ("data:,", "#", "#run-1", "#run-2")


def test_the_policy_allows_this_style_and_nothing_else():
    text = page_of(load_run(REPORTED / "39"))
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "url(" not in style
    assert "@import" not in style


# No text becomes markup


@pytest.mark.parametrize("kind", ALL_ATTACKS)
def test_no_text_of_a_run_becomes_markup(kind, folder, experiment):
    hostile = load_run(attacked(folder / "run", ALL_ATTACKS[kind], experiment).path)
    text = page_of(hostile, hostile)  # the comparison, too
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.elements} <= {*ALLOWED, "script"}
    assert [a for tag, a in page.elements if tag == "script"] == [{}]  # the page's own
    assert all(set(a) <= NAMES for _, a in page.elements)
    shown = name(ALL_ATTACKS[kind], 20)[:20]
    assert shown.strip("\\… ") in page.text
    # What a terminal or a reader's eye would act on is written out.
    assert not set("\x1b\u202e\u2066\x07\b") & set(text)


NAMES = {
    *("lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "open"),
    *("scope", "viewbox", "role", "aria-label", "x1", "x2", "y1", "y2", "x", "y", "cx", "cy"),
    *("r", "d", "width", "height", "fill-opacity", "colspan"),
    *("data-run", "data-v", "data-name", "data-group", "data-groups", "data-grouped"),
}


def test_attacks_change_no_element(folder, experiment):
    shapes = {}
    for kind in ("html", "script", "attribute end", "style end", "title end", "jinja", "entity"):
        attack = ALL_ATTACKS[kind]
        run = load_run(attacked(folder / "run", attack, experiment).path)
        shapes[kind] = Page(page_of(run)).shape
    safe = load_run(attacked(folder / "run", "harmless", experiment).path)
    assert {len(shape) for shape in shapes.values()} == {len(Page(page_of(safe)).shape)}
    assert all(shape == Page(page_of(safe)).shape for shape in shapes.values())


# Its parts


def test_highlights_keep_every_character():
    text = Path(__file__).read_text("utf-8")
    config = (REPORTED / "45" / "config.yaml").read_text("utf-8")
    assert Page(str(python(text))).text == text
    assert Page(str(yaml(config))).text == config
    for attack in ALL_ATTACKS.values():
        for mark in (python, yaml):
            assert Page(str(mark(attack))).text == lines(attack)


def test_what_python_highlights():
    marked = str(python('def f(x):\n    """doc"""\n    return rb"s" + 0x1F  # why\n'))
    kinds = re.findall(r'<span class="(\w)">(.*?)</span>', marked)
    assert kinds == [
        ("k", "def"),
        ("d", "f"),
        ("s", "&#34;&#34;&#34;doc&#34;&#34;&#34;"),
        ("k", "return"),
        ("s", "rb&#34;s&#34;"),
        ("n", "0x1F"),
        ("c", "# why"),
    ]


def test_what_yaml_highlights():
    marked = str(yaml("a_b: {c: 0.5, d: [x, 'y']}  # z\n- {e: true}\nf: don't # g\n"))
    kinds = re.findall(r'<span class="(\w)">(.*?)</span>', marked)
    assert kinds == [
        ("d", "a_b"),
        ("d", "c"),
        ("d", " d"),
        ("s", "&#39;y&#39;"),
        ("c", "# z"),
        ("d", "e"),
        ("d", "f"),
        ("c", "# g"),
    ]


def test_what_takes_pygments_long_is_shown_without_highlights():
    for long in ("&a " * 60_000, "\n " * 100_000):
        for mark in (python, yaml):
            assert str(mark(long)) == str(escape(long))
            assert "<span" in str(mark(f"# short\n{long[:900]}"))


def test_long_texts_are_cut_and_say_so():
    text = "x\n" * 100_005
    assert str(python(text)).endswith("x\n\n… and 10 more characters")
    assert name("x" * 200) == "x" * 120 + "…"


def test_numbers_for_readers():
    values = (0, 1, 0.31173, 0.00123456, 7.0328, 23.506, 775.69, 3569, 1.2e-7, 1.7e308, -0.5)
    assert [number(value) for value in values] == [
        *("0", "1.000", "0.3117", "0.001235", "7.033", "23.51", "775.7", "3,569"),
        *("1.2e-07", "1.7e+308", "-0.5000"),
    ]
    axis_labels = [short(value) for value in (0, 0.05, 1e-5, 20_000, 1e248, -0.3162)]
    assert axis_labels == ["0", "0.05", "1e-5", "20k", "1e248", "-0.3162"]


def test_axes():
    assert axis([0.1, 0.3], 100, 0, from_zero=True).ticks == pytest.approx([0, 0.1, 0.2, 0.3])
    far = axis([1e-4, 10.0], 100, 0)
    assert far.is_log
    assert far.ticks == pytest.approx([1e-4, 1e-2, 1.0])
    assert not axis([0.0, 10.0], 100, 0).is_log
    assert axis([0.0, 0.0], 100, 0)(0.0) == 100
    assert axis([5.0, 5.0], 100, 0)(5.0) == 50
    assert epoch_ticks(3) == [1, 2, 3]
    assert epoch_ticks(500) == [1, 100, 200, 300, 400, 500]


def test_a_spike_survives_thinning():
    found = [(epoch, 1.0 if epoch == 777 else 0.0) for epoch in range(10_000)]
    kept = downsampled(found, 600)
    assert len(kept) <= 600
    assert (777, 1.0) in kept


# The command


def test_the_page_is_written_replaced_and_protected(run, folder):
    code, out, err = run("report", REPORTED / "39", "-o", "out/a page.html")
    assert (code, out, err) == (0, "wrote     out/a page.html\n", "")
    assert (folder / "out" / "a page.html").read_text("utf-8").startswith(MARK)
    assert run("report", REPORTED / "39", "-o", "out/a page.html")[1].startswith("unchanged")
    assert run("report", REPORTED / "45", "-o", "out/a page.html")[1].startswith("wrote")
    (folder / "mine.html").write_text("my own")
    code, _, err = run("report", REPORTED / "39", "-o", "mine.html")
    assert (code, (folder / "mine.html").read_text()) == (2, "my own")
    assert "replace it with --force" in err
    assert run("report", REPORTED / "39", "-o", "mine.html", "--force")[0] == 0


def test_what_cannot_be_read_or_written(run, folder):
    code, out, err = run("report", "nothing")
    assert (code, out) == (2, "")
    assert err.startswith("error: nothing does not exist\n")
    (folder / "file").write_text("")
    code, _, err = run("report", REPORTED / "39", "-o", "file/page.html")
    assert code == 2
    assert "is a file, not a folder" in err
    (folder / "folder").mkdir()
    code, _, err = run("report", REPORTED / "39", "-o", "folder")
    assert code == 2
    assert err.startswith("error: cannot read folder: Is a directory")
