"""What `check` finds in a run's data, and `inspect` in its folder, as evidence of a diagnosis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from diagnoses import cause, codes, run_of
from test_causes import by_time, fine, poor, with_model
from test_multitask_runs import both
from test_ranking_runs import compared

import recgen
from recgen.analysis import diagnose
from recgen.analysis.evidence import Evidence
from recgen.analysis.run import Run
from recgen.check import check
from recgen.data.grain import variants
from recgen.findings import Finding, RecgenError
from recgen.inspect.report import Count as Rows
from recgen.inspect.report import (
    Entry,
    Inspection,
    Issue,
    SplitReport,
    VocabularyReport,
)
from recgen.local.evidence import with_evidence
from recgen.rules import RULES


def finding(code: str, path: str = "data", severity: Any = "warning", **more: Any) -> Finding:
    return Finding(code, severity, path, f"what {code} says", f"what {code} advises", **more)


def found(run: Run, *findings: Finding) -> Run:
    """Returns a run whose data was compared with its config."""
    of_config = check(run.config).findings
    return replace(run, evidence=Evidence(findings=(*of_config, *findings)))


def inspected(run: Run, *issues: Issue, head: tuple[Entry, ...] = (), rows: int = 1000) -> Run:
    """Returns a run whose folder was inspected."""
    split = SplitReport("train", (), rows, 0, (), Rows(0), ())
    vocabulary = VocabularyReport("buyers", 100, head, (), {}, {}, feature="customer_id")
    tables = {"splits": (split,), "vocabularies": (vocabulary,)}
    report = Inspection(run.path, "run", **tables, issues=issues)
    return replace(run, evidence=Evidence(inspection=report))


CONFIRMED = {
    "RG553": ("RD408", "features.buyer_model_features[0]"),
    "RG554": ("RD409", "data"),
    "RG523": ("RD410", "data.split.date_column"),
    "RG543": ("RD410", "data.split.date_column"),
    "RG508": ("RD407", "features.product_model_features[0]"),
    "RG526": ("RD402", "features.buyer_model_features[1]"),
    "RG547": ("RD402", "features.buyer_model_features[1]"),
    "RG128": ("RD414", "features.buyer_model_features[0]"),
    "RG549": ("RD414", "features.buyer_model_features[1]"),
    "RG555": ("RD414", "data"),
    "RG511": ("RD414", "features.product_model_features[0]"),
    "RG581": ("RD410", "data.split.date_column"),
    "RG582": ("RD409", "data"),
    "RG517": ("RD414", "features.product_model_features[1]"),
}


@pytest.mark.parametrize("code", CONFIRMED)
def test_a_finding_that_a_bad_run_confirms_is_a_cause(tmp_path, experiment, code):
    named, path = CONFIRMED[code]
    run = run_of(tmp_path / "run", poor(), by_time(experiment))
    first = finding(code, path, "error" if RULES[code].severity == "error" else "warning")
    diagnosis = diagnose(found(run, first))
    told = cause(diagnosis, named)
    assert f"{path}: what {code} says ({code})" in told.evidence
    assert diagnosis.verdict == "bad"
    assert named not in codes(diagnose(found(run)))


TARGETS = {
    "RG570": ("RD460", "features.target_column"),
    "RG576": ("RD402", "features.buyer_model_features[1]"),
    "RG577": ("RD414", "features.target_column"),
    "RG252": ("RD414", "model.loss_function"),
    "RG543": ("RD410", "data.split.date_column"),
}


@pytest.mark.parametrize("code", TARGETS)
def test_a_finding_on_a_target_is_a_cause_of_bad_predictions(tmp_path, experiment, code):
    """Of ranking, whose first cause would otherwise be that a mean is as good."""
    named, path = TARGETS[code]
    data = compared("rmse", 41.0, [40.0, 30.0, 35.0, 25.0], 0.5)
    run = run_of(tmp_path / "run", data, experiment)
    diagnosis = diagnose(found(run, finding(code, path)))
    assert f"{path}: what {code} says ({code})" in cause(diagnosis, named).evidence
    assert named not in codes(diagnose(found(run)))


@pytest.mark.parametrize(
    ("own", "severity", "verdict"),
    [
        (5.0, "error", "bad"),
        (20.0, "error", "bad"),
        (5.0, "warning", "bad"),
        (5.0, None, "at_risk"),  # no column of the data gives the target away
        (12.0, "warning", "at_risk"),
        (12.0, None, "good"),
        (20.0, "warning", "at_risk"),
    ],
)
def test_data_says_whether_a_target_that_is_known_too_well_was_given_away(
    tmp_path, experiment, own, severity, verdict
):
    data = compared("rmse", own, [40.0, 30.0, 35.0, 25.0], 0.004)
    path = "features.buyer_model_features[1]"
    told = [finding("RG576", path, severity)] if severity else []
    diagnosis = diagnose(found(run_of(tmp_path / "run", data, experiment), *told))
    assert diagnosis.verdict == verdict
    assert codes(diagnosis)[:1] == ([] if verdict == "good" else ["RD402"])
    if verdict == "at_risk" and told:
        assert diagnosis.causes[0].help == "what RG576 advises"
    if told:
        assert path in diagnosis.causes[0].patch


def test_a_constant_target_has_no_remedy_in_the_model(tmp_path, experiment):
    data = compared("rmse", 41.0, [40.0, 30.0, 35.0, 25.0], 0.5)
    run = run_of(tmp_path / "run", data, experiment)
    first = diagnose(found(run, finding("RG570", "features.target_column"))).causes[0]
    assert (first.code, first.title, first.patch) == ("RD460", "A constant target", None)


def test_a_task_without_a_weight_is_starved(tmp_path, experiment):
    run = run_of(tmp_path / "run", both(), experiment)
    first = diagnose(found(run, finding("RG231", "model.ranking_weight", "error"))).causes[0]
    assert (first.code, dict(first.patch)) == ("RD463", {"model.ranking_weight": 1.0})
    for path in ("features.target_column", None):
        named = () if path is None else (finding("RG231", path, "error"),)
        assert "RD463" not in codes(diagnose(found(run, *named)))


def test_the_words_and_the_patch_are_those_of_the_rule(tmp_path, experiment):
    from recgen.findings import Fix

    path = ("features", "buyer_model_features", 0)
    fix = Fix((*path, "data_type"), "set", "text")
    run = run_of(tmp_path / "run", poor(), experiment)
    told = cause(diagnose(found(run, finding("RG128", "features", fix=fix))), "RD414")
    assert told.title == RULES["RG128"].page.title
    assert told.help == "what RG128 advises"
    assert told.patch == {"features.buyer_model_features[0].data_type": "text"}
    assert told.explains


def test_findings_do_not_spoil_a_run_that_went_well(tmp_path, experiment):
    run = run_of(tmp_path / "run", fine(), by_time(experiment))
    for code in ("RG128", "RG508", "RG517", "RG549"):
        listed = found(run, finding(code, "features.buyer_model_features[0]"))
        assert diagnose(listed).verdict == "good"


def test_data_without_one_buyer_or_repeated_rows_refutes_what_figures_suggest(tmp_path, experiment):
    from test_causes import by_rows

    one = run_of(tmp_path / "one", by_rows(poor(own=0.16), 500, 0.05), experiment)
    assert "RD408" in codes(diagnose(one))
    assert "RD408" not in codes(diagnose(found(one)))
    rows = {"train_rows": 20_000, "eval_rows": 1000, "test_rows": 2000}
    twice = run_of(tmp_path / "twice", by_rows(fine(**rows), 180, 0.15), experiment)
    assert "RD409" in codes(diagnose(twice))
    assert "RD409" not in codes(diagnose(found(twice)))


def test_negatives_of_the_whole_catalogue_need_no_correction(tmp_path, experiment):
    model = {"logq_correction": False, "negatives": "full_catalogue"}
    diagnosis = diagnose(run_of(tmp_path / "run", poor(), with_model(experiment, **model)))
    assert "RD207" not in codes(diagnosis)
    assert not any("logQ" in each.help for each in diagnosis.causes)


# what inspect finds


FOREIGN = ("index-out-of-range", "vocabulary-differs", "embedding-differs", "catalogue-differs")
DAMAGED = ("truncated-file", "corrupt-record", "broken-variables", "broken-vocabulary")


@pytest.mark.parametrize("slug", [*FOREIGN, *DAMAGED])
def test_files_that_do_not_fit_or_are_damaged_break_a_run(tmp_path, experiment, slug):
    run = run_of(tmp_path / "run", fine(), experiment)
    diagnosis = diagnose(inspected(run, Issue(slug, "error", "train/sku", "it is wrong")))
    code = "RD404" if slug in FOREIGN else "RD504"
    assert (diagnosis.verdict, diagnosis.causes[0].code) == ("broken", code)
    assert f"train/sku: it is wrong ({slug})" in diagnosis.causes[0].evidence


def test_files_that_were_not_copied_break_nothing(tmp_path, experiment):
    run = run_of(tmp_path / "run", fine(), experiment)
    issues = [Issue(slug, "error", "x", "no") for slug in ("missing-file", "missing-vocabulary")]
    assert diagnose(inspected(run, *issues)).verdict == "good"


def test_splits_that_overlap_have_wrong_dates(tmp_path, experiment):
    run = run_of(tmp_path / "run", fine(), by_time(experiment))
    issue = Issue("splits-overlap", "error", "test", "the last row of train is not earlier")
    diagnosis = diagnose(inspected(run, issue))
    assert (diagnosis.verdict, codes(diagnosis)) == ("at_risk", ["RD410"])


def test_the_most_frequent_entry_is_one_buyer(tmp_path, experiment):
    run = run_of(tmp_path / "run", fine(), experiment)
    heads = (Entry(0, "guest", 600), Entry(1, "b", 10))
    diagnosis = diagnose(inspected(run, head=heads))
    assert diagnosis.causes[0].code == "RD408"
    assert diagnosis.causes[0].evidence == ("60% of the training rows have the buyer 'guest'",)
    usual = (Entry(0, "a", 250), Entry(1, "b", 100))
    assert "RD408" not in codes(diagnose(inspected(run, head=usual)))


# where it comes from


def test_the_data_of_a_run_is_found_and_compared(tmp_path, experiment, monkeypatch):
    rows = ["customer_id,sku,bought_at"]
    rows += [f"{'guest' if n % 10 else n},{n % 37},2024-01-{n % 27 + 1:02}" for n in range(1000)]
    (tmp_path / "shop.csv").write_text("\n".join(rows), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = {**experiment, "data": {**by_time(experiment)["data"], "source": "shop.csv"}}
    folder = tmp_path / "run"
    run_of(folder, poor(), config)
    assert "RD408" in codes(recgen.diagnose(folder))
    moved = tmp_path / "moved.csv"
    (tmp_path / "shop.csv").rename(moved)
    assert "RD408" not in codes(recgen.diagnose(folder))
    assert "RD408" in codes(recgen.diagnose(folder, data=moved))
    assert "RD408" in codes(recgen.diagnose(str(folder), data=str(moved)))


def goods(products: int, groups: int, rows: int = 3000) -> list[str]:
    lines = ["customer_id,sku,code,lot,bought_at"]
    for n in range(rows):
        code = n * n % products
        buyer, day = n * 7 % 311, n % 27 + 1
        lines.append(f"{buyer},g{code % groups},c{code},{n},2024-01-{day:02}")
    return lines


@pytest.mark.parametrize(("varies", "is_leak"), [(True, True), (False, False)])
def test_what_is_the_same_in_all_rows_of_a_buyer_names_no_product(
    tmp_path, experiment, varies, is_leak
):
    rows = ["customer_id,age,town,sku,bought_at"]
    for n in range(1000):
        buyer = n * 7 % 53
        town = n % 9 if varies else buyer % 9
        rows.append(f"{buyer},{20 + buyer},t{town},{n % 37},2024-01-{n % 27 + 1:02}")
    (tmp_path / "shop.csv").write_text("\n".join(rows), encoding="utf-8")
    features = experiment["features"]
    town = {"column": "town", "data_type": "text"}
    towers = {"buyer_model_features": [*features["buyer_model_features"], town]}
    config = {**by_time(experiment), "features": {**features, **towers}}
    data = fine()
    data["evaluation"]["pairs"]["unknown_buyers"] = 400
    for who, value in (("model", 0.5), ("popularity", 0.1)):
        of_unknown = {"value": value, "low": value - 0.02, "high": value + 0.02}
        data["evaluation"][who]["unknown_buyers"] = {"recall_at_100": of_unknown}
    run = run_of(tmp_path / "run", data, config)
    diagnosis = diagnose(with_evidence(run, tmp_path / "shop.csv"))
    assert ("RD402" in codes(diagnosis)) is is_leak
    assert diagnosis.verdict == ("at_risk" if is_leak else "good")
    if is_leak:
        index = len(features["buyer_model_features"])
        assert [*cause(diagnosis, "RD402").patch] == [f"features.buyer_model_features[{index}]"]


@pytest.mark.parametrize("is_given", [False, True])
def test_a_list_that_the_data_lacks_is_known_before_the_purchase(tmp_path, experiment, is_given):
    """`train` makes it of earlier rows; one in the data may have come from the row itself."""
    head = "customer_id,age,sku,event_date" + ",past" * is_given
    rows = [f"{n * 7 % 53},40,{n % 37},2024-01-{n % 27 + 1:02}" for n in range(999)]
    rows = [f"{row},{n % 37}" if is_given else row for n, row in enumerate(rows)]
    (tmp_path / "shop.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    past = {
        "column": "past",
        "data_type": "history",
        "transforms": {"history": {"shared_with": "sku"}},
    }
    features = experiment["features"]
    towers = {"buyer_model_features": [*features["buyer_model_features"], past]}
    config = {**by_time(experiment), "features": {**features, **towers}}
    run = with_evidence(run_of(tmp_path / "run", fine(), config), tmp_path / "shop.csv")
    assert ("past" in run.evidence.known) is not is_given


@pytest.mark.parametrize(("groups", "is_coarse"), [(5, True), (40, True), (211, False)])
def test_a_product_id_that_groups_another_column_is_too_coarse(
    tmp_path, experiment, groups, is_coarse
):
    data = tmp_path / "shop.csv"
    data.write_text("\n".join(goods(401, groups)), encoding="utf-8")
    run = run_of(tmp_path / "run", fine(), by_time(experiment))
    diagnosis = diagnose(with_evidence(run, data))
    assert ("RD407" in codes(diagnosis)) == is_coarse
    if is_coarse:
        told = cause(diagnosis, "RD407").evidence[0]
        assert "each value of 'code'" in told
        assert f"has {groups} values" in told


IDS = {
    "sizes": [f"{code}-{size}" for code in range(1000, 1100) for size in ("S", "M", "L", "XL")],
    "colours": [f"A{code}.{colour:03}" for code in range(90) for colour in range(5)],
    "sizes of ten": [f"{code}/{size}" for code in range(400) for size in range(1, 11)],
    "numbers of years": [
        f"{year}-{number:04}" for year in range(2020, 2026) for number in range(200)
    ],
    "numbers after a prefix": [f"SKU_{number}" for number in range(500)],
    "one variant each": [f"{code}-{code % 7}" for code in range(500)],
    "plain codes": [str(code) for code in range(500)],
    "some sizes": [f"{code}-{size}" for code in range(20) for size in "SML"] + ["7", "8"] * 200,
    "parts of a tree": [f"{a}-{b}" for a in range(30) for b in range(30)],
}


@pytest.mark.parametrize("name", IDS)
def test_ids_of_variants_are_told_from_others(name):
    found = variants(IDS[name])
    assert (found is not None) == (name in ("sizes", "colours", "sizes of ten", "some sizes"))


def test_product_ids_that_are_sizes_are_too_fine(tmp_path, experiment):
    assets = tmp_path / "run" / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    (assets / "sku_vocab").write_text("\n".join(IDS["sizes"]) + "\n")
    run_of(tmp_path / "run", fine(candidates=400, train_rows=3000), experiment)
    diagnosis = recgen.diagnose(tmp_path / "run")
    assert (diagnosis.verdict, diagnosis.causes[0].code) == ("at_risk", "RD407")
    assert (
        "variants of 100 products, such as '1000-S' and '1000-M'" in diagnosis.causes[0].evidence[0]
    )
    run_of(tmp_path / "run", fine(candidates=400, train_rows=30_000), experiment)
    assert "RD407" not in codes(recgen.diagnose(tmp_path / "run"))


def test_data_that_cannot_be_read_is_a_note_unless_it_is_named(tmp_path, experiment):
    broken = tmp_path / "shop.parquet"
    broken.write_bytes(b"no parquet")
    config = {**experiment, "data": {"source": str(broken)}}
    run = run_of(tmp_path / "run", fine(), config)
    (note,) = with_evidence(run).evidence.notes
    assert note.startswith("the data was not examined: ")
    assert "\\n" not in note
    assert note in diagnose(with_evidence(run)).notes
    with pytest.raises(RecgenError):
        with_evidence(run, broken)


def test_a_folder_is_inspected(tmp_path, experiment):
    folder = tmp_path / "run"
    run_of(folder, fine(), experiment)
    for name in ("train", "eval", "test"):
        (folder / "examples" / name).mkdir(parents=True)
        (folder / "examples" / name / "a.tfrecord").write_bytes(b"no records at all")
    (folder / "transform" / "transform_fn").mkdir(parents=True)
    diagnosis = recgen.diagnose(folder)
    assert (diagnosis.verdict, diagnosis.causes[0].code) == ("broken", "RD504")


@pytest.mark.parametrize("kind", ["string", "binary", "int64"])
@pytest.mark.parametrize(("renamed", "is_foreign"), [(0, False), (0.2, False), (1, True)])
def test_a_vocabulary_of_other_ids_is_foreign(tmp_path, experiment, kind, renamed, is_foreign):
    pa = pytest.importorskip("pyarrow", reason="needs the extra `data`")
    from pyarrow import parquet

    run_of(tmp_path / "run", fine(candidates=200), experiment)
    assets = tmp_path / "run" / "transform" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    ids = [str(n) for n in range(200)]
    names = [f"X-{n}" if int(n) < 200 * renamed else n for n in ids]
    (assets / "sku_vocab").write_text("\n".join(names) + "\n")
    (assets / "customer_id_vocab").write_text("\n".join(ids) + "\n")
    columns = {"int64": [*map(int, ids)], "binary": [n.encode() for n in ids]}.get(kind, ids)
    table = pa.table({"buyer": pa.array(ids), "product": pa.array(columns * 3)[:200]})
    parquet.write_table(table, tmp_path / "run" / "purchases.parquet")
    diagnosis = recgen.diagnose(tmp_path / "run")
    assert ("RD404" in codes(diagnosis)) == is_foreign
    if is_foreign:
        told = cause(diagnosis, "RD404").evidence
        assert any(text.startswith("sku_vocab has 0 IDs of the run's purchases") for text in told)


def test_a_run_elsewhere_is_left_as_it_is(tmp_path, experiment):
    run = replace(run_of(tmp_path / "run", fine(), experiment), path="gs://bucket/run")
    assert with_evidence(run) is run
