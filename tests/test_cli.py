"""The command line: what is printed where, exit codes, and no traceback for what users do."""

from __future__ import annotations

import datetime
import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import ALLOW, COLLAPSING, save, visible
from diagnoses import dead
from generated import MODULES
from metrics_data import COLLAPSE, metrics_data

import recgen
from recgen.cli import app, main
from recgen.cli.output import training
from recgen.findings import RecgenError, printable
from recgen.formats import rule_section, rules_page
from recgen.local.recommend import Answer, Purchase, Recommendation
from recgen.local.run import RunResult
from recgen.local.signals import Interrupted
from recgen.metrics import Params
from recgen.metrics.reading import file_of
from recgen.optimizers import OPTIMIZERS
from recgen.reading import yaml_text
from recgen.rules import RULES
from recgen.write import MARK

ROOT = Path(__file__).resolve().parents[1]
pytest_plugins = ["running"]


# render


def test_render_writes_and_says_what(run, config):
    code, out, err = run("render", "config.yaml", "--out", "new/out")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"wrote     {Path('new/out/transform_module.py')}",
        f"wrote     {Path('new/out/trainer_module.py')}",
        f"wrote     {Path('new/out/trainer_runtime.py')}",
    ]
    first = {path.name: path.read_bytes() for path in Path("new/out").iterdir()}
    assert all(content.startswith(MARK.encode()) for content in first.values())
    assert "unchanged" in run("render", "config.yaml", "--out", "new/out")[1]
    assert {path.name: path.read_bytes() for path in Path("new/out").iterdir()} == first


def test_render_goes_to_the_current_folder(run, config):
    assert run("render", "config.yaml")[0] == 0
    assert Path("trainer_module.py").exists()


def test_a_runtime_that_nobody_reads_is_removed_if_recgen_wrote_it(run, config):
    assert run("render", "config.yaml")[0] == 0
    runtime = Path("trainer_runtime.py")
    code, _, err = run("render", "config.yaml", "--single-file", "--check")
    assert code == 1
    assert "left over: trainer_runtime.py" in err
    assert runtime.exists()
    assert "removed   trainer_runtime.py" in run("render", "config.yaml", "--single-file")[1]
    assert not runtime.exists()
    assert run("render", "config.yaml", "--single-file", "--check")[0] == 0
    assert "with --single-file, it may be" in run("render", "config.yaml", "--check")[2]
    runtime.write_text("mine = 1\n")
    assert run("render", "config.yaml", "--single-file") == (
        0,
        "unchanged transform_module.py\nunchanged trainer_module.py\n",
        "",
    )
    assert runtime.read_text() == "mine = 1\n"


def test_render_makes_one_file_of_trainer_and_runtime(run, config):
    assert run("render", "config.yaml", "--single-file")[0] == 0
    assert not Path("trainer_runtime.py").exists()
    assert "import trainer_runtime" not in Path("trainer_module.py").read_text()
    assert run("render", "config.yaml", "--single-file", "--check") == (0, "", "")
    code, _, err = run("render", "config.yaml", "--check")
    assert code == 1
    assert err.startswith("stale: trainer_module.py\nstale: trainer_runtime.py\n")


def test_render_check_and_diff_write_nothing(run, config):  # P9
    code, out, err = run("render", "config.yaml", "--check")
    assert (code, out) == (1, "")
    assert {line.removeprefix("stale: ") for line in err.splitlines()} == MODULES
    run("render", "config.yaml")
    assert run("render", "config.yaml", "--check") == (0, "", "")
    assert run("render", "config.yaml", "--diff", "--check") == (0, "", "")
    with Path("trainer_module.py").open("a") as file:
        file.write("# mine\n")
    code, out, err = run("render", "config.yaml", "--diff")
    assert (code, err) == (1, "stale: trainer_module.py\n")
    assert out.startswith("--- trainer_module.py\n+++ trainer_module.py\n")
    assert out.endswith("-# mine\n")
    assert "# mine" in Path("trainer_module.py").read_text()


def test_render_tells_findings_on_stderr(run, folder, experiment):
    save(Path("deep.yaml"), {**experiment, "model": COLLAPSING})
    code, out, err = run("render", "deep.yaml")
    assert (code, out) == (1, "")
    assert "error RG201" in err
    assert err.splitlines()[-1].startswith("deep.yaml: 2 errors")
    assert sorted(path.name for path in folder.iterdir()) == ["deep.yaml"]
    code, out, err = run("render", "deep.yaml", *ALLOW)
    assert (code, "warning RG201" in err, "wrote" in out) == (0, True, True)


def test_render_does_not_replace_somebodys_module(run, config):
    Path("trainer_module.py").write_text("print('mine')\n")
    code, out, err = run("render", "config.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("error: trainer_module.py was not generated by recgen\n  help: ")
    assert not Path("transform_module.py").exists()
    assert run("render", "config.yaml", "--force")[0] == 0


def test_render_to_places_that_cannot_be_written(run, config, monkeypatch):
    code, _, err = run("render", "config.yaml", "--out", "config.yaml")
    assert (code, "is a file, not a folder" in err) == (2, True)
    code, _, err = run("render", "config.yaml", "--out", "config.yaml/out")
    assert (code, "Not a directory" in err) == (2, True)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("render", "config.yaml", "--out", "out")
    assert (code, "No space left on device" in err) == (2, True)
    assert list(Path("out").iterdir()) == []


# train


@pytest.fixture
def trained(folder, monkeypatch):
    """Replaces the training; returns what it was called with. `metrics` is what it writes."""
    pq = pytest.importorskip("pyarrow.parquet", reason="needs the extra `train`")
    import pyarrow as pa

    rows = {"read": 40_000, "train": 31_714, "eval": 2_972, "test": 5_314}
    calls: dict[str, Any] = {"metrics": {**metrics_data(), "data": rows}}

    def train(config, files, text, data, out, epochs, seed, progress, allow_worse, judge, beam):
        calls.update(config=config, files=files, text=text, data=data, out=out)
        calls.update(epochs=epochs, seed=seed)
        out.mkdir(parents=True, exist_ok=True)
        (out / "training_metrics.json").write_text(json.dumps(calls["metrics"]))
        (out / "config.yaml").write_text(text)
        buyers = pa.table({"buyer": calls.get("buyers", ["b 1", "b 2", "b 2"])})
        pq.write_table(buyers, out / "purchases.parquet")
        seconds = {"read": 0.6, "split": 0.01, "analyze": 3.0, "transform": 6.5, "train": 5.4}
        return RunResult(out.resolve(), file_of(calls["metrics"]).metrics, seconds)

    monkeypatch.setattr("recgen.local.run.train", train)
    return calls


def test_train_ends_with_a_summary(run, config, trained):
    code, out, err = run("train", "config.yaml", "--data", "d.csv", "--epochs", "3", "--seed", "7")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "",
        "rows      31,714 training, 2,972 validation, 5,314 test",
        "products  600",
        "seconds   12.5: read 0.6, transform 6.5, train 5.4",
        "",
        "recall                @10    @100",
        "  validation rows  0.0500  0.5000",
        "  test rows        0.0500  0.5000",
        "    popularity     0.0250  0.2500",
        "",
        *run("diagnose", "runs/shop")[1].splitlines()[:2],
        "",
        f"model     {Path('runs/shop/serving_model')}",
        f"next      python -m recgen recommend {Path('runs/shop')} --buyer 'b 2'",
    ]
    assert (trained["data"], trained["out"]) == (Path("d.csv"), Path("runs/shop"))
    assert (trained["epochs"], trained["seed"]) == (3, 7)
    assert trained["text"] == config.read_text()
    assert set(trained["files"]) == MODULES


@pytest.mark.parametrize(
    ("buyers", "named"),
    [
        (["guest"] * 9 + ["b 1", "b 2", "b 2"], "b 2"),
        (["nan"] * 9 + ["b 1", "b 2", "b 2"], "b 2"),
        (["(not set)"] * 4 + ["Guest user"] * 9 + ["b 1"], "b 1"),
        (["0"] * 90 + ["7"] * 3 + ["8"], "7"),
        (["guest"], "guest"),
    ],
)
def test_the_buyer_of_the_next_command_is_a_person(run, config, trained, buyers, named):
    trained["buyers"] = buyers
    told = run("train", "config.yaml", "--data", "d.csv")[1].splitlines()[-1]
    assert shlex.split(told)[-1] == named


def test_train_judges_the_data_as_check_does(run, folder):
    rows = [f"c{n},p{n % 7},{1_672_531_200 + 9000 * n}" for n in range(300)]
    Path("once.csv").write_text("customer_id,sku,bought_at\n" + "\n".join(rows) + "\n")
    Path("once.yaml").write_text(ONCE)
    code, out, _ = run("check", "once.yaml", "--data", "once.csv")
    assert (code, "error RG508" in out) == (1, True)
    code, out, err = run("train", "once.yaml", "--data", "once.csv", "--out", "runs/once")
    assert (code, out) == (1, "")
    assert "error RG508" in err
    assert "warning" not in err.partition("compared with")[0]
    assert err.splitlines()[-1].startswith("once.yaml, compared with once.csv: 1 error")
    assert not Path("runs/once").exists()


def test_what_is_allowed_is_trained(run, folder, monkeypatch):
    rows = [f"c{n},p{n % 7},{1_672_531_200 + 9000 * n}" for n in range(300)]
    Path("once.csv").write_text("customer_id,sku,bought_at\n" + "\n".join(rows) + "\n")
    Path("once.yaml").write_text(ONCE)

    def train(*given: Any, judge: Callable[[Path], None], **options: Any) -> None:
        judge(Path("once.csv"))
        raise RecgenError("the training began")

    monkeypatch.setattr("recgen.local.run.train", train)
    allowed = run("train", "once.yaml", "--data", "once.csv", "--allow", "RG508")
    assert (allowed[0], "the training began" in allowed[2]) == (2, True)
    assert run("train", "once.yaml", "--data", "once.csv")[0] == 1


ONCE = """\
features:
  buyer_id_column: customer_id
  product_id_column: sku
  buyer_model_features:
    - {column: customer_id, data_type: text, transforms: {embedding: {embedding_dim: 8}}}
  product_model_features:
    - {column: sku, data_type: text, transforms: {embedding: {embedding_dim: 8}}}
model: {output_embedding_dim: 8, batch_size: 16, top_k: 3}
data:
  catalogue_size: 7
  split: {kind: strict_time, date_column: bought_at, validation: 0.2, test: 0.2}
"""


def test_train_says_which_run_it_replaces(run, config, trained):
    run("train", "config.yaml", "--data", "d.csv")
    _, out, err = run("train", "config.yaml", "--data", "d.csv")
    earlier = "the run of 2026-01-31 12:00 UTC (test recall@50 of rows 0.2500, good)"
    assert f"{Path('runs/shop')} has {earlier}; it is replaced when" in err
    assert f"replaced  {earlier}" in out.splitlines()


def test_train_shows_the_kept_epoch_and_the_second_training(run, config, trained):
    trained["metrics"]["params"] |= {"best_epoch": 0, "best_recall": 0.25, "monitored_k": 50}
    trained["metrics"]["params"]["refit_epochs"] = 1
    trained["metrics"]["recall"]["val_recall_at_100"] = [0.6, 0.4]
    out = run("train", "config.yaml", "--data", "d.csv")[1]
    assert "kept      epoch 1 of 2, validation recall@50 of rows 0.2500" in out
    older = "refit     on training and validation rows, for 1 epoch: this model is saved"
    assert older in out.splitlines()
    heads, row = (line.split() for line in out.splitlines() if re.match("recall  |  valid", line))
    assert heads == ["recall", "@10", "@50", "@100"]  # the watched one in its place
    assert (row[2], row[4]) == ("0.0500", "0.6000")


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({"served_rows": 900}, ["saved     trained on 900 rows"]),
        (
            {"served_rows": 1000, "refit_epochs": 2},  # no test
            ["saved     trained on 1,000 rows, for 2 epochs"],
        ),
        (
            {"served_rows": 900, "measured_rows": 900},
            ["saved     trained on 900 rows; the test's figures are of this model"],
        ),
        (
            {"served_rows": 1100, "measured_rows": 1000, "refit_epochs": 1},
            [
                "measured  trained on 1,000 rows, for 1 epoch, without those of the test",
                "saved     trained on all 1,100 rows, for 1 epoch",
            ],
        ),
    ],
)
def test_train_says_which_model_each_figure_is_of(run, config, trained, params, shown):
    trained["metrics"]["params"] |= params
    out = run("train", "config.yaml", "--data", "d.csv")[1].splitlines()
    assert [line for line in out if line.startswith(("measured ", "saved ", "refit "))] == shown


def test_train_says_what_the_final_layer_does(run, config, trained):
    weights = {"towers": 0.5, "share_7_days": 1.0, "share": -0.5}
    trained["metrics"]["final_layer"] = {"weights": weights}
    out = run("train", "config.yaml", "--data", "d.csv")[1].splitlines()
    start = out.index("ranking   the towers' score: counts 0.50 times as much as in training")
    assert out[start + 1 : start + 3] == [
        "          a product with twice the sales: 1.4 times as likely",
        "          a product whose sales doubled a week ago: 1.5 times as likely",
    ]


def test_an_interrupted_training_has_the_exit_code_of_its_signal(run, config, monkeypatch):
    def train(*_: object, **__: object) -> None:
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr("recgen.local.run.train", train)
    assert run("train", "config.yaml", "--data", "d.csv") == (
        143,
        "",
        "interrupted by SIGTERM: the same command begins again\n",
    )


@pytest.mark.parametrize(
    "error", [MemoryError(), ImportError("x.so: failed to map segment from shared object")]
)
def test_a_want_of_memory_is_said(run, config, monkeypatch, error):
    def train(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("recgen.local.run.train", train)
    code, _, err = run("train", "config.yaml", "--data", "d.csv")
    assert (code, err.splitlines()[0]) == (2, "error: there is not enough memory")


@pytest.mark.parametrize(
    ("candidates", "ks"),
    [(None, (10, 100)), (101, (10, 100)), (100, (10, 50)), (60, (10, 50)), (11, (5, 10)),
     (5, (1,)), (2, (1,)), (1, ())],
)  # fmt: skip
def test_the_lists_that_are_shown_are_shorter_than_the_catalogue(candidates, ks):
    names = tuple(f"recall_at_{k}" for k in ks)
    assert training.shown_measures(Params(candidates=candidates)) == names
    watched = Params(candidates=candidates, monitored="mrr")
    assert training.shown_measures(watched) == (*names, "mrr")


def test_train_reads_the_config_once(run, config, trained, monkeypatch):
    texts, read = [], yaml_text.read_yaml
    monkeypatch.setattr(yaml_text, "read_yaml", lambda *a: texts.append(a) or read(*a))
    config.write_text(config.read_text() + " ")  # no test has checked this text before
    assert run("render", "config.yaml")[0] == 0
    assert run("train", "config.yaml", "--data", "d.csv")[0] == 0
    assert [name for _, name in texts] == ["config.yaml", str(Path("runs/shop/config.yaml"))]


def test_train_reads_the_data_beside_the_config(run, folder, experiment, trained):
    experiment["data"]["source"] = "d.csv"
    (folder / "sub").mkdir()
    save(folder / "sub" / "config.yaml", {**experiment, "name": "../../x y\n"})
    assert run("train", "sub/config.yaml")[0] == 0
    assert trained["data"] == Path("sub/d.csv")
    assert trained["out"] == Path("runs/x-y")  # P7


def test_train_needs_data(run, config):
    code, out, err = run("train", "config.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no data: neither --data nor data.source")
    assert "demo-data" in err


@pytest.mark.parametrize("option", [("--epochs", "0"), ("--seed", "-1"), ("--epochs", "x")])
def test_train_refuses_numbers_out_of_range(run, config, option):
    code, _, err = run("train", "config.yaml", *option)
    assert (code, option[0] in err) == (2, True)


def test_a_collapsed_training_is_explained(run, folder, experiment, trained):
    save(Path("deep.yaml"), {**experiment, "model": COLLAPSING})
    trained["metrics"] = metrics_data(**COLLAPSE)
    code, out, err = run("train", "deep.yaml", "--data", "d.csv", *ALLOW)
    assert code == 1
    assert "warning RG201" in err
    lines = out.splitlines()
    assert "No model was saved; the recall above is that of the stopped model." in lines
    assert lines[lines.index("runs/shop  bad") :] == run("diagnose", "runs/shop")[1].splitlines()
    assert "     patch: model.learning_rate: 0.01" in lines
    assert "next " not in out


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_train_says_what_diagnose_says(run, folder, experiment, trained, optimizer, depth):
    """The same causes, the same verdict, the same patch: whatever the optimizer and the depth."""
    layers = [{"type": "dense", "units": 64}] * (depth - 1) + [{"type": "dense", "units": 32}]
    model = {"optimizer": optimizer, "learning_rate": 0.5, "buyer_tower_layers": layers}
    save(Path("deep.yaml"), {**experiment, "model": model})
    trained["metrics"] = dead(optimizer=optimizer, learning_rate=0.5, **COLLAPSE)
    allowed = [part for code in (*ALLOW[1::2], "RG203", "RG232") for part in ("--allow", code)]
    _, out, _ = run("train", "deep.yaml", "--data", "d.csv", *allowed)
    diagnosed = run("diagnose", "runs/shop")[1]
    assert "model.learning_rate: " in diagnosed
    assert out.endswith(f"\n\n{diagnosed}")


def test_a_training_that_is_stopped_without_a_reason_that_is_known(
    run, folder, experiment, trained
):
    model = {"learning_rate": 0.01, "gradient_clip_norm": None}
    save(Path("config.yaml"), {**experiment, "model": model})
    trained["metrics"] = metrics_data(failure="Out of luck.", learning_rate=0.01)
    code, out, _ = run("train", "config.yaml", "--data", "d.csv")
    assert code == 1
    assert out.endswith(run("diagnose", "runs/shop")[1])
    assert "Out of luck." in out


def test_a_model_no_better_than_popularity_is_called_so(run, config, trained):
    for k in (5, 10, 50, 100):
        trained["metrics"]["final_metrics"][f"test_recall_at_{k}"] = 0.0
    trained["metrics"]["final_metrics"]["test_recall_at_100"] = None
    trained["buyers"] = [b"\xffb"]
    code, out, _ = run("train", "config.yaml", "--data", "d.csv")
    assert code == 1
    assert run("diagnose", "runs/shop")[1] in out
    assert "RD304 No better than counting" in out
    assert "  test rows        0.0000       -" in out
    assert out.splitlines()[-4].startswith("next ")
    assert out.splitlines()[-2:] == [
        f"{Path('runs/shop')} is saved, but not good: the verdict is bad",
        "This is exit code 1; --allow-worse accepts such a model.",
    ]
    shutil.rmtree("runs")
    code, out, _ = run("train", "config.yaml", "--data", "d.csv", "--allow-worse")
    assert (code, "is saved, but" in out) == (0, False)


def test_pairs_are_shown_beside_the_baselines(run, config, trained):
    def figures(value: float) -> dict[str, dict[str, float]]:
        interval = {"value": value, "low": value / 2, "high": 2 * value}
        return {f"recall_at_{k}": interval for k in (5, 10, 50, 100)}

    trained["metrics"]["evaluation"] = {
        "pairs": {"all": 50, "new": 20, "left_out": 1},
        "model": {
            "all": figures(0.3),
            "new": figures(0.2),
            "new_filtered": figures(0.22),
            "coverage_at_100": 0.5,
        },
        "popularity": {"all": figures(0.1), "new": figures(0.05)},
        "own_history": {"all": figures(0.25), "new": figures(0.01)},
        "own_history_recent": {"all": figures(0.26), "new_filtered": figures(0.02)},
        "popularity_recent": {"all": figures(0.1)},
    }
    recent = {"own_history": 60, "popularity": 7}
    no_decay = {"popularity": None}  # that is popularity itself
    trained["metrics"]["params"]["half_lives"] = {
        "own_history_recent": recent,
        "popularity_recent": no_decay,
    }
    out = run("train", "config.yaml", "--data", "d.csv")[1]
    assert out.split("recall ")[1].splitlines()[2:11] == [
        "  test, all pairs                            0.3000  0.3000",
        "    popularity                               0.1000  0.1000",
        "    own history                              0.2500  0.2500",
        "    own history with a half-life of 60 days  0.2600  0.2600",
        "  test, new pairs (20)                       0.2000  0.2000",
        "    popularity                               0.0500  0.0500",
        "    own history                              0.0100  0.0100",
        "  the same, past products left out           0.2200  0.2200",
        "    own history with a half-life of 60 days  0.0200  0.0200",
    ]


def test_without_the_number_of_products(run, config, trained):
    del trained["metrics"]["params"]["candidates"]
    assert "products" not in run("train", "config.yaml", "--data", "d.csv")[1]


@pytest.mark.parametrize(
    ("name", "folder_name"),
    [
        ("shop", "shop"),
        ("Größe 2.0", "Größe-2.0"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "run"),
        ("a\x1b[31m\u2028/\\b", "a-31m-b"),
        ("x" * 300, "x" * 80),
    ],
)
def test_names_of_run_folders_lead_nowhere_else(name, folder_name):  # P7
    assert training.folder_name(name) == folder_name


# recommend


def test_recommend_shows_purchases_beside(run, folder, monkeypatch):
    day = datetime.datetime(2024, 11, 17, 9)

    def ask(run_folder: Path, buyer: str, k: int, *others: object) -> Answer:
        assert (run_folder, buyer, k) == (Path("runs/x"), "007", 2)
        assert others == (["b", "c"], ["d"], False)
        return Answer(
            buyer,
            (Recommendation("a", 12.34567), Recommendation("long product \x1b[31m", -1.0)),
            (Purchase("p1", day), Purchase("p2", None), Purchase("p3", day)),
        )

    monkeypatch.setattr("recgen.local.recommend.recommend", ask)
    filters = ("--exclude", "b", "--exclude", "c", "--only", "d")
    code, out, err = run("recommend", "runs/x", "--buyer", "007", "-k", "2", *filters)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"   {'recommended':<21}   score  last purchases",
        f"1  {'a':<21}  12.346  2024-11-17  p1",
        "2  long product \\x1b[31m  -1.000  p2",
        f"{'':<34}2024-11-17  p3",
    ]


def test_no_purchase_is_the_last_without_times():
    found = Answer("c1", (Recommendation("p1", 1.0),), (Purchase("p2", None),))
    header, *_ = training.answer(found)
    assert "purchases" in str(header)
    assert "last" not in str(header)


def test_recommend_errors(run, folder):
    code, out, err = run("recommend", "nowhere", "--buyer", "1")
    assert (code, out) == (2, "")
    assert err.startswith("error: nowhere is not a run directory")
    for arguments in (["nowhere"], ["nowhere", "--buyer", "1", "-k", "0"], []):
        assert run("recommend", *arguments)[0] == 2


# explain, schema, demo-data, and the rest


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_explained(run, code):
    status, out, err = run("explain", code.lower())
    assert (status, err) == (0, "")
    assert out.startswith(
        f"{code} {RULES[code].page.title} ({RULES[code].levels})\n\nWhy is this bad?"
    )
    assert "\n\nExample\n  " in out
    assert "\n\nUse instead\n  " in out
    assert ("--allow" in out.splitlines()[-1]) == RULES[code].allowable
    assert max(map(len, out.splitlines())) <= 100


def test_explaining_an_unknown_rule(run):
    code, out, err = run("explain", "RG999")
    assert (code, out) == (2, "")
    help = "`recgen explain` lists all rules, `recgen explain RD` and `RB` the other codes."
    assert err == f"error: 'RG999' is not a rule\n  help: {help}\n"


def test_explaining_all_rules(run):
    code, out, err = run("explain")
    assert (code, err) == (0, "")
    assert [line[:5] for line in out.splitlines()] == list(RULES)
    assert run("explain", "--format", "markdown")[1] == rules_page()
    assert run("explain", "rg201", "--format", "markdown")[1] == rule_section(RULES["RG201"])


def test_schemas(run):
    code, out, _ = run("schema")
    config = json.loads(out)
    assert (code, config["title"], "features" in config["properties"]) == (
        0,
        "ExperimentConfig",
        True,
    )
    assert config["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(run("schema", "metrics")[1])["title"] == "TrainingMetrics"
    assert run("schema", "nonsense")[0] == 2


def test_demo_data(run, folder):
    pytest.importorskip("pyarrow", reason="needs the extra `train`")
    assert run("demo-data", "--rows", "300") == (0, "wrote     demo.parquet (300 rows)\n", "")
    assert run("demo-data", "--rows", "300")[1] == "unchanged demo.parquet (300 rows)\n"
    code, _, err = run("demo-data", "--rows", "300", "--seed", "1")
    assert (code, "exists and has other contents" in err) == (2, True)
    assert run("demo-data", "--rows", "300", "--seed", "1", "--force")[0] == 0
    assert run("demo-data", "-o", "d.csv", "--rows", "300")[0] == 0
    assert Path("d.csv").read_text().count("\n") == 301
    assert run("demo-data", "-o", "d.txt")[0] == 2
    assert run("demo-data", "--rows", "1")[0] == 2


def test_version_and_help(run):
    assert run("--version") == (0, f"recgen {recgen.__version__}\n", "")
    code, out, _ = run("--help")
    assert code == 0
    for command in ("check", "render", "train", "recommend", "explain", "schema", "demo-data"):
        assert f"  {command} " in out
        assert run(command, "--help")[0] == 0
    assert "..." not in out.replace("COMMAND [ARGS]...", "")
    assert run("nonsense")[0] == 2


def test_python_m_recgen_is_recgen(config):
    result = subprocess.run(
        [sys.executable, "-m", "recgen", "check", str(config)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("config.yaml: no findings\n")


# what goes wrong around the commands


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("x", name="pyarrow.csv"), "needs pyarrow.csv, which is not installed"),
        (OSError(errno.ENOSPC, "No space left on device"), "error: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "f"), "error: f: Permission denied"),
        (RecgenError("no help"), "error: no help\n"),
    ],
)
def test_errors_of_the_environment(run, config, monkeypatch, error, said):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(recgen, "check", fail)
    code, _, err = run("check", "config.yaml")
    assert (code, said in err) == (2, True)


def test_bugs_are_not_hidden(config, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("x", name="recgen.nowhere")

    monkeypatch.setattr(recgen, "check", fail)
    with pytest.raises(ModuleNotFoundError):
        main(["check", str(config)])


def test_a_config_that_changes_meanwhile_is_used_as_it_was_checked(
    run, config, trained, monkeypatch
):
    real, text = app.examine, config.read_text()

    def examine(source, allow):
        found = real(source, allow=allow)
        Path(source).write_text("name: [")
        return found

    monkeypatch.setattr(app, "examine", examine)
    assert run("train", "config.yaml", "--data", "d.csv")[0] == 0
    assert trained["text"] == text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
def test_a_full_disk_behind_stdout():
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "recgen", "explain", "RG201"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert result.returncode == 2
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


def test_terminals_that_lack_characters(config, experiment):
    save(config, {**experiment, "größe": 1})
    result = subprocess.run(
        [sys.executable, "-m", "recgen", "check", str(config)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 1
    assert b"gr\\xf6\\xdfe" in result.stdout


# terminals


def test_findings_on_a_narrow_terminal(run, config, experiment, terminal):
    save(config, {**experiment, "model": COLLAPSING})
    terminal()
    _, out, _ = run("check", "config.yaml")
    assert "\x1b[1;31merror RG201\x1b[0m" in out
    lines = visible(out)
    assert max(map(len, lines)) <= 60
    assert not any(line.endswith(" ") for line in lines)
    helps = [index for index, line in enumerate(lines) if line.startswith("  help: ")]
    assert lines[helps[0] + 1].startswith("  ")
    assert "config.yaml: 2 errors" in "\n".join(lines[-3:])
    carets = [index for index, line in enumerate(lines) if line.endswith("^")]
    assert lines[carets[0] - 1].startswith("    1 | …")


def test_no_color(run, config, experiment, terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    save(config, {**experiment, "model": COLLAPSING})
    terminal()
    _, out, err = run("render", "config.yaml")
    assert "[31m" not in out + err
    assert ";31m" not in out + err


def test_diffs_are_not_wrapped(run, config, terminal):
    run("render", "config.yaml")
    path = Path("trainer_module.py")
    path.write_text(path.read_text() + "#\t\x1b[31m" + "x" * 70 + "\n")
    terminal()
    _, out, _ = run("render", "config.yaml", "--diff")
    assert "-#      \\x1b[31m" + "x" * 70 in visible(out)
    assert "\x1b[36m@@" in out


def test_explanations_are_wrapped_below_their_indentation(run, terminal):
    terminal()
    lines = visible(run("explain", "RG201")[1])
    assert max(map(len, lines)) <= 60
    assert lines[1] == ""
    assert any(line.startswith("  ") for line in lines)


def test_printable():
    assert printable("né") == "né"
    assert printable("a\x1b[31m\u2028\tb") == "a\\x1b[31m\\u2028\\tb"


def test_a_rule_with_two_severities_says_both(run):
    assert "(warning or error)" in run("explain", "RG204")[1].splitlines()[0]
    assert "RG508  warning or error" in run("explain")[1]
