"""The command line: what is printed where, exit codes, and no traceback for what users do."""

from __future__ import annotations

import datetime
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from metrics_data import COLLAPSE, metrics_data

import recgen
from recgen.cli import main, summary
from recgen.cli.fixing import what_was_done
from recgen.findings import Finding, Fix, RecgenError, printable
from recgen.formats import rule_section, rules_page
from recgen.local.recommend import Answer, Purchase, Recommendation
from recgen.local.run import RunResult
from recgen.rules import RULES
from recgen.write import MARK

ROOT = Path(__file__).resolve().parents[1]
DEEP = [{"type": "dense", "units": units} for units in (256, 128, 64)]
COLLAPSING = {"optimizer": "adam", "learning_rate": 0.5, "buyer_tower_layers": DEEP}


@pytest.fixture
def run(capsys):
    """Returns a function that runs a command: exit code, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code: Any = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def config(folder, experiment):
    return save(folder / "config.yaml", experiment)


@pytest.fixture
def terminal(monkeypatch):
    """Makes stdout and stderr a terminal of 60 columns."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")

    def switch() -> None:  # capsys has replaced the streams by then
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    return switch


def save(path: Path, experiment: Any) -> Path:
    path.write_text(json.dumps(experiment), encoding="utf-8")  # which is YAML, too
    return path


def visible(text: str) -> list[str]:
    """Returns the lines of a text without its colors."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


# check


def test_check_of_a_good_config(run, config):
    assert run("check", "config.yaml") == (0, "config.yaml: no findings\n", "")


def test_check_of_several_configs(run, config, experiment):
    save(Path("bad.yaml"), {**experiment, "model": {"epochs": 0, "top_k": 0}})
    code, out, err = run("check", "config.yaml", "bad.yaml", "missing.yaml")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "config.yaml: no findings"
    assert lines[1].startswith("bad.yaml:1:")
    assert " error RG013 model.epochs: " in lines[1]
    assert lines[2].startswith("    1 | ")
    assert lines[3].endswith("^")
    assert lines[4].startswith("  help: ")
    assert "bad.yaml: 2 errors" in lines
    assert "missing.yaml: error RG001: there is no file 'missing.yaml'" in lines
    assert lines[-1] == "missing.yaml: 1 error"


def test_check_as_json(run, config, experiment):
    save(Path("bad.yaml"), {**experiment, "name": 5})
    code, out, err = run("check", "config.yaml", "bad.yaml", "--format", "json")
    good, bad = json.loads(out)
    assert (code, err) == (1, "")
    assert good == {"source": "config.yaml", "ok": True, "findings": [], "ignored": []}
    assert (bad["ok"], bad["findings"][0]["code"], bad["findings"][0]["line"]) == (
        False,
        "RG012",
        1,
    )


@pytest.fixture
def misspelled(folder, experiment):
    """A file with a safe and an unsafe fix, a comment, a warning and a byte order mark."""
    path = folder / "experiment.yaml"
    path.write_bytes(MISSPELLED.encode("utf-8-sig"))
    return path


MISSPELLED = """\
# Ours.
features:
  buyer_id_column: customer_id
  product_id_column: sku
  buyer_model_features:
    - {column: customer_id, data_type: text}
  product_model_features:
    - {column: sku, data_type: text}
model:
  learning_rte: 0.05  # as measured
  optimizer: adagard
  clip_outliers: true
data:
  split: {kind: random}
"""


def test_check_selects_and_ignores(run, misspelled):
    def codes(*options: str) -> list[str]:
        code, out, _ = run("check", misspelled, "--format", "json", *options)
        assert code == 1
        return [finding["code"] for finding in json.loads(out)[0]["findings"]]

    assert codes() == ["RG010", "RG013", "RG010", "RG301"]
    assert codes("--ignore", "RG2, RG301") == ["RG010", "RG013", "RG010"]
    assert codes("--select", "RG2", "--select", "RG3") == codes()  # errors stay
    assert codes("--select", "RG2") == ["RG010", "RG013", "RG010"]
    code, out, err = run("check", misspelled, "--ignore", "RG010")
    assert (code, out, "RG010 cannot be allowed" in err) == (2, "", True)


def test_check_counts_what_can_be_fixed(run, misspelled):
    _, out, _ = run("check", misspelled)
    assert out.splitlines()[-1] == (
        f"{misspelled}: 3 errors, 1 warning; 2 fixable with --fix, 1 more with --unsafe-fixes"
    )


def test_check_in_machines_formats(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--format", "sarif")
    assert (code, err, len(json.loads(out)["runs"][0]["results"])) == (1, "", 4)
    code, out, err = run("check", "experiment.yaml", "--format", "github")
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith("::error file=experiment.yaml,line=10,endLine=10,col=3,")


def test_allowed_errors_are_warnings(run, folder, experiment):
    save(Path("deep.yaml"), {**experiment, "model": COLLAPSING})
    assert run("check", "deep.yaml")[0] == 1
    code, out, _ = run("check", "deep.yaml", "--allow", "RG201", "--allow", "RG203")
    assert code == 0
    assert " warning RG201 " in out


def test_unknown_codes_and_formats_are_usage_errors(run, config):
    code, out, err = run("check", "config.yaml", "--allow", "RG20")
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no rule 'RG20'\n  help: Codes look like RG201")
    code, _, err = run("check", "config.yaml", "--format", "xml")
    assert code == 2
    assert "xml" in err


BAD = {
    "missing.yaml": "there is no file",
    "folder": "is a directory",
    "empty.yaml": "the config is empty",
    "junk.yaml": "is larger than",
    "noise.yaml": "is no text",
    "list.yaml": "a config is a mapping",
    "syntax.yaml": "error RG002",
}


@pytest.fixture
def bad_files(folder):
    (folder / "folder").mkdir()
    (folder / "empty.yaml").write_text("")
    (folder / "junk.yaml").write_bytes(os.urandom(6_000_000))
    (folder / "noise.yaml").write_bytes(b"\xff\xfe\x00\x80")
    (folder / "list.yaml").write_text("- 1\n")
    (folder / "syntax.yaml").write_text("a: [1\n")


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize("name", BAD)
def test_files_that_are_no_configs(run, name):
    for command in ("check", "render", "train"):
        code, out, err = run(command, name)
        assert code == 1
        text = out if command == "check" else err
        assert BAD[name] in text
        assert len(text.splitlines()) <= 5
        assert (out == "") == (command != "check")


def test_fix_mends_what_is_safe(run, misspelled):
    """Comments, order and the mark at the beginning of the file stay."""
    misspelled.chmod(0o640)
    code, out, err = run("check", "experiment.yaml", "--fix")
    assert (code, err) == (1, "")
    fixed = MISSPELLED.replace("learning_rte", "learning_rate").replace("adagard", "adagrad")
    assert misspelled.read_bytes() == fixed.encode("utf-8-sig")
    assert misspelled.stat().st_mode & 0o777 == 0o640
    lines = out.splitlines()
    assert lines[:2] == [
        "experiment.yaml:10:3: fixed RG010 model.learning_rte: renamed to 'learning_rate'",
        "experiment.yaml:11:3: fixed RG013 model.optimizer: set to 'adagrad'",
    ]
    assert lines[2].startswith("experiment.yaml:12:3: error RG010 model.clip_outliers: ")
    assert lines[-1] == ("experiment.yaml: 1 error, 1 warning; 1 fixable with --fix --unsafe-fixes")
    assert [path.name for path in misspelled.parent.iterdir()] == ["experiment.yaml"]


def test_unsafe_fixes_are_asked_for(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--unsafe-fixes")
    assert (code, out, "add --fix" in err) == (2, "", True)
    code, out, _ = run("check", "experiment.yaml", "--fix", "--unsafe-fixes")
    assert code == 0
    assert "fixed RG010 model.clip_outliers: removed" in out
    assert "clip_outliers" not in misspelled.read_text()
    assert run("check", "experiment.yaml", "--fix")[1].startswith("experiment.yaml:13:11: warning")


def test_fixes_of_selected_findings_only(run, misspelled):
    """What is not shown is not fixed."""
    text = (
        MISSPELLED.replace("_rte", "_rate")
        .replace("adagard", "adagrad")
        .replace("  clip_outliers: true\n", "")
    )
    misspelled.write_text(text.replace("features:\n", "features:\n  target_column: price\n", 1))
    before = misspelled.read_text()
    assert run("check", "experiment.yaml", "--fix", "--ignore", "RG112")[0] == 0
    assert misspelled.read_text() == before
    assert run("check", "experiment.yaml", "--fix", "--select", "RG112")[0] == 0
    assert misspelled.read_text() == text


def test_fixes_are_shown_before_they_are_made(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--diff")
    assert (code, err) == (1, "experiment.yaml: 2 fixable\n")
    assert out.startswith("--- experiment.yaml\n+++ experiment.yaml\n@@ ")
    assert "-  learning_rte: 0.05  # as measured\n+  learning_rate: 0.05  # as measured\n" in (
        out.replace("-  optimizer: adagard\n", "")
    )
    assert misspelled.read_bytes() == MISSPELLED.encode("utf-8-sig")
    run("check", "experiment.yaml", "--fix")
    assert run("check", "experiment.yaml", "--diff") == (0, "", "")


def test_fixes_in_machines_formats_are_told_on_stderr(run, misspelled):
    code, out, err = run("check", "experiment.yaml", "--fix", "--format", "json")
    assert (code, err.count("fixed RG")) == (1, 2)
    assert [finding["code"] for finding in json.loads(out)[0]["findings"]] == ["RG010", "RG301"]


def test_several_files_are_fixed(run, misspelled, experiment, config):
    save(Path("b.json"), {**experiment, "model": {"epoch": 3}})
    code, out, err = run("check", "experiment.yaml", "config.yaml", "b.json", "--fix")
    assert (code, err, out.count("fixed RG")) == (1, "", 3)
    assert json.loads(Path("b.json").read_text())["model"] == {"epochs": 3}
    assert "b.json: no findings" in out.splitlines()


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_not_fixed(run, name):
    path = Path(name)
    before = path.read_bytes() if path.is_file() else None
    code, out, _ = run("check", name, "--fix", "--unsafe-fixes")
    assert (code, "fixed" in out, BAD[name] in out) == (1, False, True)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_link_to_a_config_stays_a_link(run, misspelled):
    link = Path("link.yaml")
    link.symlink_to("experiment.yaml")
    run("check", "link.yaml", "--fix")
    assert link.is_symlink()
    assert "learning_rate" in misspelled.read_text()


def test_a_config_that_changes_while_it_is_fixed(run, misspelled, monkeypatch):
    real = recgen.check

    def check(source, **options):
        report = real(source, **options)
        Path(source).write_text("name: mine\n")
        return report

    monkeypatch.setattr(recgen, "check", check)
    code, _, err = run("check", "experiment.yaml", "--fix")
    assert (code, "changed while it was checked" in err) == (2, True)
    assert misspelled.read_text() == "name: mine\n"


def test_a_config_that_cannot_be_written(run, misspelled, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("check", "experiment.yaml", "--fix")
    assert (code, "No space left on device" in err) == (2, True)
    assert misspelled.read_bytes() == MISSPELLED.encode("utf-8-sig")
    assert [path.name for path in misspelled.parent.iterdir()] == ["experiment.yaml"]


def test_what_a_fix_of_several_steps_did():
    fix = Fix(("a", "b"), "set", 8, safe=True, then=(Fix(("c",), "remove"),))
    finding = Finding("RG021", "info", "c", "m", fix=fix)
    assert what_was_done(finding) == "set to 8, c removed"


def test_fixing_comes_to_an_end(run, misspelled, monkeypatch):
    """Even if each fix made room for the next one."""
    rounds = []

    def fixed(text: str, findings: Any, kind: str, unsafe: bool) -> Any:
        rounds.append((kind, unsafe))
        return text.replace("learning_rte", "learning_rtee"), findings[:1]

    monkeypatch.setattr("recgen.cli.fixing.fixed", fixed)
    assert run("check", "experiment.yaml", "--fix")[0] == 1
    assert rounds == [("yaml", False)] * 10


def test_check_compares_with_data(run, folder, experiment):
    pytest.importorskip("pyarrow", reason="needs the extra `data`")
    save(Path("config.yaml"), experiment)
    Path("d.csv").write_text("customer_id,age,bought_at\n" + "a,5,2024-01-01\n" * 9)
    code, out, err = run("check", "config.yaml", "--data", "d.csv", "--select", "RG501")
    assert (code, err) == (1, "")
    assert "'sku'" in out
    code, _, err = run("check", "config.yaml", "--data", "none.csv")
    assert (code, "none.csv" in err) == (2, True)


# render


def test_render_writes_and_says_what(run, config):
    code, out, err = run("render", "config.yaml", "--out", "new/out")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"wrote     {Path('new/out/transform_module.py')}",
        f"wrote     {Path('new/out/trainer_module.py')}",
    ]
    first = {path.name: path.read_bytes() for path in Path("new/out").iterdir()}
    assert all(content.startswith(MARK.encode()) for content in first.values())
    assert "unchanged" in run("render", "config.yaml", "--out", "new/out")[1]
    assert {path.name: path.read_bytes() for path in Path("new/out").iterdir()} == first


def test_render_goes_to_the_current_folder(run, config):
    assert run("render", "config.yaml")[0] == 0
    assert Path("trainer_module.py").exists()


def test_render_check_and_diff_write_nothing(run, config):
    code, out, err = run("render", "config.yaml", "--check")
    assert (code, out) == (1, "")
    assert err == "stale: transform_module.py\nstale: trainer_module.py\n"
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
    assert err.splitlines()[-1].startswith("deep.yaml: 1 error")
    assert sorted(path.name for path in folder.iterdir()) == ["deep.yaml"]
    code, out, err = run("render", "deep.yaml", "--allow", "RG201")
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

    calls: dict[str, Any] = {"metrics": metrics_data()}

    def train(config, files, text, data, out, epochs, seed, progress):
        calls.update(config=config, files=files, text=text, data=data, out=out)
        calls.update(epochs=epochs, seed=seed)
        out.mkdir(parents=True)
        (out / "training_metrics.json").write_text(json.dumps(calls["metrics"]))
        buyers = pa.table({"buyer": calls.get("buyers", ["b 1", "b 2", "b 2"])})
        pq.write_table(buyers, out / "purchases.parquet")
        rows = {"train": 31_714, "eval": 2_972, "test": 5_314}
        seconds = {"read": 0.6, "split": 0.01, "analyze": 3.0, "transform": 6.5, "train": 5.4}
        return RunResult(out.resolve(), calls["metrics"], seconds, rows)

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
        "recall                @10     @100",
        "  validation       0.0500   0.5000",
        "  test             0.0500   0.5000",
        "  popularity       0.0250   0.2500",
        "",
        f"model     {Path('runs/shop/serving_model')}",
        f"next      python -m recgen recommend {Path('runs/shop')} --buyer 'b 2'",
    ]
    assert (trained["data"], trained["out"]) == (Path("d.csv"), Path("runs/shop"))
    assert (trained["epochs"], trained["seed"]) == (3, 7)
    assert trained["text"] == config.read_text()
    assert set(trained["files"]) == {"transform_module.py", "trainer_module.py"}


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
    code, out, err = run("train", "deep.yaml", "--data", "d.csv", "--allow", "RG201")
    assert code == 1
    assert "warning RG201" in err
    assert out.splitlines()[-8:] == [
        "",
        "Training collapsed in epoch 2: the buyer and product towers can learn no more.",
        "No model was saved; the recall above is that of the stopped model.",
        "",
        "What to change in the config:",
        "  - learning_rate: 0.01 or less with adam, instead of 0.5",
        "  - fewer layers: a tower has 3 dense ones; none or one is often best",
        "  - buyer_tower_layers: a linear last layer (activation: linear)",
    ]
    assert "next " not in out


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {**COLLAPSE, "collapsed_towers": ["candidate"]},
            "Training collapsed in epoch 2: the product tower can learn no more.",
        ),
        (
            {"nan_detected": True, "nan_epoch": 0, "failure": "x"},
            "Training failed in epoch 1: the loss became NaN or infinite.",
        ),
        ({"failure": "Out of luck."}, "Training failed: Out of luck."),
    ],
)
def test_other_failures(run, folder, experiment, trained, params, said):
    model = {"learning_rate": 0.01, "gradient_clip_norm": None}
    save(Path("config.yaml"), {**experiment, "model": model})
    trained["metrics"] = metrics_data(**{**params, "learning_rate": 0.01})
    code, out, _ = run("train", "config.yaml", "--data", "d.csv")
    assert code == 1
    assert said in out.splitlines()
    assert out.endswith(
        "  - learning_rate: lower than 0.01\n  - gradient_clip_norm: 1.0, instead of no clipping\n"
    )


def test_a_model_no_better_than_popularity_is_called_so(run, config, trained):
    trained["metrics"]["final_metrics"]["test_recall_at_10"] = 0.02
    trained["metrics"]["final_metrics"]["test_recall_at_100"] = None
    trained["buyers"] = [b"\xffb"]
    code, out, _ = run("train", "config.yaml", "--data", "d.csv")
    assert code == 0
    assert "The model is no better than recommending the most popular products to all." in out
    assert "  test             0.0200        -" in out


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
    assert summary.folder_name(name) == folder_name


# recommend


def test_recommend_shows_purchases_beside(run, folder, monkeypatch):
    day = datetime.datetime(2024, 11, 17, 9)

    def ask(run_folder: Path, buyer: str, k: int) -> Answer:
        assert (run_folder, buyer, k) == (Path("runs/x"), "007", 2)
        return Answer(
            buyer,
            (Recommendation("a", 12.34567), Recommendation("long product \x1b[31m", -1.0)),
            (Purchase("p1", day), Purchase("p2", None), Purchase("p3", day)),
        )

    monkeypatch.setattr("recgen.local.recommend.recommend", ask)
    code, out, err = run("recommend", "runs/x", "--buyer", "007", "-k", "2")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"      {'recommended':<21}   score    last purchases",
        f"   1  {'a':<21}  12.346    2024-11-17  p1",
        "   2  long product \\x1b[31m  -1.000    p2",
        f"{'':<39}2024-11-17  p3",
    ]


def test_recommend_errors(run, folder):
    code, out, err = run("recommend", "nowhere", "--buyer", "1")
    assert (code, out) == (2, "")
    assert err.startswith("error: nowhere is no run directory")
    for arguments in (["nowhere"], ["nowhere", "--buyer", "1", "-k", "0"], []):
        assert run("recommend", *arguments)[0] == 2


# explain, schema, demo-data, and the rest


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_explained(run, code):
    status, out, err = run("explain", code.lower())
    assert (status, err) == (0, "")
    assert out.startswith(
        f"{code} {RULES[code].title} ({RULES[code].severity})\n\nWhy is this bad?"
    )
    assert "\n\nExample\n  " in out
    assert "\n\nUse instead\n  " in out
    assert ("--allow" in out.splitlines()[-1]) == RULES[code].allowable
    assert max(map(len, out.splitlines())) <= 100


def test_explaining_an_unknown_rule(run):
    code, out, err = run("explain", "RG999")
    assert (code, out) == (2, "")
    assert err == "error: there is no rule 'RG999'\n  help: `recgen explain` lists all rules.\n"


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
    assert (code, "exists and holds something else" in err) == (2, True)
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


def test_a_config_that_changes_meanwhile(run, config, monkeypatch):
    real = recgen.check

    def check(source, allow):
        report = real(source, allow=allow)
        Path(source).unlink()
        return report

    monkeypatch.setattr(recgen, "check", check)
    code, _, err = run("render", "config.yaml")
    assert (code, "error RG001" in err) == (1, True)


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
    assert "config.yaml: 1 error" in "\n".join(lines[-3:])
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
    assert lines.count("") == 4
    assert sum(line.startswith("  ") for line in lines) > 10


def test_printable():
    assert printable("né") == "né"
    assert printable("a\x1b[31m\u2028\tb") == "a\\x1b[31m\\u2028\\tb"
