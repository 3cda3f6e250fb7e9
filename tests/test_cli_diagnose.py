"""The commands diagnose, compare, runs and explain RD: what is printed, written, returned."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from commands import visible
from diagnoses import DEEP, dead, healthy, run_of, set_recall

import recgen
from recgen.analysis.causes import KINDS
from recgen.analysis.page import cause_section, causes_page

pytest_plugins = ["running"]

REPORTED = Path(__file__).parent / "reported"


@pytest.fixture
def reported(folder):
    """The report's experiments, in a folder that may be written."""
    shutil.copytree(REPORTED, folder / "runs")
    return folder / "runs"


def collapsed(experiment, **more):
    """Returns the metrics of a dead run, and a config whose learning rate is the reason."""
    deep = {"buyer_tower_layers": DEEP, "product_tower_layers": DEEP}
    model = {**deep, "optimizer": "adam", "learning_rate": 0.1, **more}
    return dead(optimizer="adam", learning_rate=0.1), {**experiment, "model": model}


# diagnose


def test_a_collapse_is_told_with_curves_causes_and_patch(run, reported):
    code, out, err = run("diagnose", "runs/45")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "runs/45  bad"
    assert lines[1] == "  Gradient collapse; test recall@100 of rows 0, random products 0.0949"
    assert (
        "  trained      adagrad 0.1, batches of 2,048, depth 3, 12 of 12 epochs, 1,054 products"
        in lines
    )
    assert "  loss         ▁▁▁▁▁▁▁▁▁▁▁▁  775.6906 to 775.6906" in lines
    assert "  1. RD101 Gradient collapse (high)" in lines
    assert "  2. RD201 Learning rate too high for these towers (high)" in lines
    assert any("775.6906 = 154·ln 154: the sum over a batch of 154 rows" in each for each in lines)
    assert "     patch: model.learning_rate: 0.05" in lines
    assert "     patch: the same as for RD101" in lines
    assert lines[-1] == "  to apply the patch of RD101: recgen diagnose runs/45 --apply"


def test_exit_codes_are_those_of_the_worst_verdict(run, reported, folder):
    assert run("diagnose", "runs/39", "runs/42")[0] == 1
    run_of(folder / "good", healthy())
    run_of(folder / "risky", healthy(learning_rate=0.001))
    assert run("diagnose", "good", "risky")[0] == 0
    assert run("diagnose", "good", "runs/42")[0] == 1
    assert run("diagnose", "nothing") == (
        2,
        "",
        "error: nothing does not exist\n  help: name a run directory or a training_metrics.json; "
        "`recgen runs` lists runs\n",
    )


def test_diagnoses_as_json(run, reported):
    code, out, err = run("diagnose", "runs/39", "runs/45", "--format", "json")
    trained, bad = json.loads(out)
    assert (code, err) == (1, "")
    assert (trained["run"], trained["causes"][0]["code"]) == ("runs/39", "RD601")
    assert bad["title"] == "experiment 45"
    assert [cause["code"] for cause in bad["causes"][:2]] == ["RD101", "RD201"]
    assert bad["causes"][0]["patch"][0]["path"] == "model.learning_rate"


def test_curves_on_a_terminal_that_has_no_blocks(monkeypatch):
    from recgen.analysis.sparkline import ASCII, BLOCKS
    from recgen.cli.output.diagnosis import levels

    class Plain:
        encoding = "ascii"

    monkeypatch.setattr("recgen.cli.output.diagnosis.sys.stdout", Plain())
    assert levels() == ASCII
    Plain.encoding = "utf-8"
    assert levels() == BLOCKS


def test_on_a_terminal_nothing_is_wider_than_it(run, reported, terminal):
    terminal()
    _, out, _ = run("diagnose", "runs/45")
    lines = visible(out)
    assert "\x1b[1;31mbad" in out
    assert max(map(len, (each for each in lines if "patch of" not in each))) <= 60


def test_what_a_config_holds_cannot_act_on_the_terminal(run, folder, experiment):
    hostile = "a\x1b[31mb\nc"
    data = healthy(name=hostile, failure=hostile, failure_kind="collapse", optimizer=hostile)
    data["loss"][hostile] = [1.0]
    run_of(folder / "run", data, {**experiment, "name": hostile})
    for command in (("diagnose", "run"), ("compare", "run", "run"), ("runs", ".")):
        _, out, err = run(*command)
        assert "\x1b" not in out + err
        assert r"\x1b[31m" in out or command[0] == "compare"


# --apply


def test_the_first_patch_is_written_and_comments_stay(run, reported):
    config = reported / "45" / "config.yaml"
    before = config.read_text("utf-8")
    code, out, _ = run("diagnose", "runs/45", "--apply")
    expected = before.replace("learning_rate: 0.1 #", "learning_rate: 0.05 #")
    expected = expected.replace("units: 64, activation: relu", "units: 64, activation: linear")
    older = "  gradient_clip_norm: 1.0\n  logq_correction: true\n"  # what its trainer did not do
    expected = expected.replace("  epochs: 12\n", f"  epochs: 12\n{older}")
    assert (code, config.read_text("utf-8")) == (1, expected)
    lines = out.splitlines()
    assert "runs/45/config.yaml: patched RD101 model.learning_rate: set to 0.05" in lines
    assert lines[-1] == "next: recgen check runs/45/config.yaml"  # a column is twice still
    assert any(line.startswith("still wrong: RG101") for line in lines)


def test_applied_again_the_next_patch_is_written_until_none_is_left(run, reported):
    config = reported / "45" / "config.yaml"
    run("diagnose", "runs/45", "--apply")
    first = config.read_text("utf-8")
    out = run("diagnose", "runs/45", "--apply")[1].splitlines()
    assert "  to apply the patch of RD406: recgen diagnose runs/45 --apply" in out
    assert "runs/45/config.yaml: in it already: the patch of RD101, RD201" in out
    assert "runs/45/config.yaml: patched RD406 features.buyer_model_features[2]: removed" in out
    assert out[-1] == "next: recgen train runs/45/config.yaml --data FILE"
    second = config.read_text("utf-8")
    twice = "    - column: cust_value\n      data_type: numeric\n      transforms:\n"
    assert second == first.replace(f"{twice}        bucketize: {{buckets: 10}}\n", "")
    out = run("diagnose", "runs/45", "--apply")[1]
    assert "nothing to do: all patches (RD101, RD201) are in it already" in " ".join(out.split())
    assert config.read_text("utf-8") == second
    assert not any("to apply the patch" in line for line in out.splitlines())


def test_applied_again_to_another_config_nothing_else_is_removed(run, reported, folder):
    """The run's own config still has the column twice, and another is at its index now."""
    more = "    - {column: region, data_type: text}\n  product_model_features:"
    text = (reported / "45" / "config.yaml").read_text("utf-8")
    (folder / "mine.yaml").write_text(text.replace("  product_model_features:", more))
    command = ("diagnose", "runs/45", "--apply", "--config", "mine.yaml")
    told = [run(*command)[1] for _ in range(3)]
    assert "patched RD406" in told[1]
    assert "nothing to do" in told[2]
    columns = [each.column for each in recgen.load("mine.yaml").features.buyer_model_features]
    assert columns == ["customer_id", "cust_value", "region"]


def test_a_later_patch_does_not_undo_an_earlier_one(run, folder, experiment):
    """RD101 wants less than the rate that failed although it is usually safe."""
    deep = {"buyer_tower_layers": DEEP, "product_tower_layers": DEEP}
    model = {**deep, "optimizer": "adagrad", "learning_rate": 0.5, "logq_correction": False}
    run_of(folder / "run", dead(learning_rate=0.5), {**experiment, "model": model})
    rates = []
    for _ in range(4):
        run("diagnose", "run", "--apply")
        rates.append(recgen.load("run/config.yaml", allow=["RG204"]).model.learning_rate)
    assert rates == sorted(rates, reverse=True)
    assert "nothing to do" in run("diagnose", "run", "--apply")[1]


def test_what_is_sound_after_the_patch_can_be_trained(run, folder, experiment):
    run_of(folder / "run", *collapsed(experiment))
    _, out, _ = run("diagnose", "run", "--apply")
    assert out.splitlines()[-1] == "next: recgen train run/config.yaml --data FILE"
    assert recgen.check("run/config.yaml").ok


def test_another_config_is_patched_where_one_is_named(run, folder, experiment):
    metrics, config = collapsed(experiment)
    run_of(folder / "run", metrics, config)
    (folder / "mine.yaml").write_text("# mine\n" + json.dumps(config))
    before = Path("run/config.yaml").read_text()
    run("diagnose", "run", "--apply", "--config", "mine.yaml")
    assert Path("run/config.yaml").read_text() == before
    assert Path("mine.yaml").read_text().startswith("# mine\n")
    assert recgen.load("mine.yaml").model.learning_rate == 0.01


def test_as_json_the_patch_is_told_on_stderr(run, folder, experiment):
    run_of(folder / "run", *collapsed(experiment))
    code, out, err = run("diagnose", "run", "--apply", "--format", "json")
    assert (code, json.loads(out)[0]["verdict"]) == (1, "bad")
    assert "patched RD101 model.learning_rate" in err


def test_values_that_yaml_aliases_share_are_written_out(run, folder, experiment):
    """As PyYAML writes a config whose towers have the same layers."""
    metrics, config = collapsed(experiment)
    run_of(folder / "run", metrics, config)
    layers = config["model"]["buyer_tower_layers"]
    config["model"]["product_tower_layers"] = list(layers)
    Path("run/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    assert "*id001" in Path("run/config.yaml").read_text()
    _, out, _ = run("diagnose", "run", "--apply")
    assert "patched RD101 model.learning_rate: set to 0.01" in out
    assert "patched RD101 model.buyer_tower_layers[2].activation: set to 'linear'" in out
    model = recgen.load("run/config.yaml", allow=["RG204"]).model
    assert model.buyer_tower_layers[2].activation == "linear"
    assert model.product_tower_layers == model.buyer_tower_layers
    assert "id001" not in Path("run/config.yaml").read_text()


def test_a_step_that_cannot_be_written_is_told_and_no_other_patch_is_applied(
    run, folder, experiment, monkeypatch
):
    run_of(folder / "run", *collapsed(experiment))
    before = Path("run/config.yaml").read_text()
    monkeypatch.setattr("recgen.cli.patches.fixed", lambda text, *_, **__: (text, ()))
    _, out, _ = run("diagnose", "run", "--apply")
    assert "skipped model.learning_rate: " in out
    assert "patched" not in out
    assert "next:" not in out
    assert Path("run/config.yaml").read_text() == before


def test_a_patch_that_would_break_a_config_is_not_written(run, folder, experiment):
    """The config that is named is another one: without layers there, activation is unknown."""
    run_of(folder / "run", *collapsed(experiment))
    dropout = [{"type": "dropout", "rate": 0.1}] * 3
    other = {**experiment, "model": {"buyer_tower_layers": dropout}}
    before = json.dumps(other)
    Path("other.yaml").write_text(before)
    code, _, err = run("diagnose", "run", "--apply", "--config", "other.yaml")
    assert (code, Path("other.yaml").read_text()) == (2, before)
    assert "error: the patch would cause an error in other.yaml: " in err


def test_where_there_is_nothing_to_change(run, folder, experiment):
    run_of(folder / "good", healthy(), experiment)
    before = Path("good/config.yaml").read_text()
    _, out, _ = run("diagnose", "good", "--apply")
    assert out.splitlines()[-1] == "good: no cause has a patch, so nothing was changed"
    assert Path("good/config.yaml").read_text() == before
    run_of(folder / "bare", dead(learning_rate=0.3))
    code, _, err = run("diagnose", "bare", "--apply")
    assert (code, "has no local config to change" in err) == (2, True)


def test_a_config_that_cannot_be_read_is_told(run, folder, experiment):
    run_of(folder / "run", *collapsed(experiment))
    Path("bad.yaml").write_text("a: [1\n")
    code, _, err = run("diagnose", "run", "--apply", "--config", "bad.yaml")
    assert (code, Path("bad.yaml").read_text()) == (2, "a: [1\n")
    assert "error: bad.yaml: " in err


def test_quick_reads_neither_the_data_nor_the_examples(run, folder, experiment):
    rows = [f"{'guest' if n % 10 else n},{n % 37},2024-01-{n % 27 + 1:02}" for n in range(1000)]
    Path("shop.csv").write_text("\n".join(["customer_id,sku,bought_at", *rows]), encoding="utf-8")
    run_of(folder / "run", *collapsed(experiment))
    assert "RD408" not in run("diagnose", "run")[1]
    assert "One buyer with most rows" in run("diagnose", "run", "--data", "shop.csv")[1]
    assert run("diagnose", "run", "--data", "shop.csv", "--quick")[0] == 2
    assert "RD408" not in run("diagnose", "run", "--quick")[1]


def test_options_that_make_no_sense_are_refused(run, reported):
    assert run("diagnose", "runs/45", "--config", "x.yaml")[0] == 2
    assert run("diagnose", "runs/45", "runs/42", "--apply", "--config", "x.yaml")[0] == 2


# compare


def test_a_comparison_is_told(run, reported):
    code, out, err = run("compare", "runs/39", "runs/45")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    words = [" ".join(line.split()) for line in lines[1:3]]
    assert words[0] == "1 runs/39 0.01 -5.3% @100 0.0554 of rows bad"
    assert words[1] == "2 runs/45 0.1 +0.0% @100 0 of rows bad"
    assert "  model.learning_rate       0.01  0.1" in lines
    assert any(line.startswith("  buyer.cust_value (again)  -") for line in lines)
    assert "  test recall@5 of rows    0.0092 *  0" in lines
    assert any(line.startswith("loss, all from 734.2424 to 775.6906") for line in lines)
    assert not any("success" in line for line in lines)  # two runs show nothing of it


def test_many_runs_are_told_by_value_with_what_goes_with_success(run, reported):
    names = [f"runs/{number}" for number in (39, 43, 38, 45, 42, 41, 40)]
    _, out, _ = run("compare", *names)
    lines = out.splitlines()
    assert "  model.learning_rate: 0.1 (4-7); 0.01 (1-3)" in lines
    told = "  model.learning_rate ≤ 0.01: 3 of 3 train, otherwise 0 of 4 (chance: 0.06)"
    assert told in lines
    assert any("only 7 runs" in line for line in lines)
    assert "  test recall@5 of rows: 0.0116 in run 3" in lines


def test_settings_that_change_together_are_named_up_to_three(run, folder, experiment):
    for number, (rate, batch, works) in enumerate([(0.1, 64, 0), (0.05, 128, 1)] * 2):
        data = healthy() if works else dead()
        data["params"] |= {"learning_rate": rate, "batch_size": batch, "seed": batch}
        model = {"top_k": batch}
        run_of(folder / f"r{number}", data, {**experiment, "model": model})
    _, out, _ = run("compare", "r0", "r1", "r2", "r3")
    (line,) = [each for each in out.splitlines() if "of 2 work" in each]
    assert " and 1 more: 0 of 2 work, otherwise 2 of 2 (chance: 0.33)" in line
    assert "settings listed together cannot be separated" in out


def test_what_is_no_difference_is_marked(run, folder):
    for name, own in (("a", 0.30), ("b", 0.31)):
        data = healthy()
        set_recall(data, own, popularity=0.15)
        run_of(folder / name, data)
    _, out, _ = run("compare", "a", "b")
    (row,) = [line for line in out.splitlines() if line.startswith("  test recall@100 of rows")]
    assert " ".join(row.split()) == "test recall@100 of rows 0.3000 ±0.0201 ~ 0.3100 ±0.0203 *"
    assert "no setting differs" in out


def test_a_comparison_as_json(run, reported):
    code, out, _ = run("compare", "runs/39", "runs/45", "--format", "json")
    plain = json.loads(out)
    assert (code, [each["verdict"] for each in plain["runs"]]) == (0, ["bad", "bad"])
    assert plain["settings"]["model.learning_rate"] == ["0.01", "0.1"]


def test_one_run_cannot_be_compared(run, reported):
    code, _, err = run("compare", "runs/39")
    assert (code, err.splitlines()[0]) == (2, "error: one run cannot be compared")


# runs


def test_runs_are_listed(run, reported):
    code, out, err = run("runs")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    heads = ["run", "name", "preset", "date", "(UTC)", "optimizer", "rate", "epochs", "data"]
    assert lines[0].split() == [*heads, "recall", "counting", "verdict", "cause"]
    assert [line.split()[0] for line in lines[1:-1]] == ["45", "43", "42", "41", "40", "39", "38"]
    assert lines[-1] == "recall counts rows"
    assert lines[1].endswith("-  bad      RD101 Gradient collapse")
    assert lines[2].endswith("-  bad      RD601 Worse than chance")


def test_runs_are_sorted_filtered_and_counted(run, reported):
    out = run("runs", "--sort", "recall", "--name", "experiment 3")[1].splitlines()
    assert [line.split()[0] for line in out[1:-2]] == ["38", "39"]
    assert out[-1] == "2 of 7 runs"
    out = run("runs", "runs", "--name", "experiment 4", "--format", "json")[1]
    assert [Path(each["place"]).name for each in json.loads(out)] == ["45", "43", "42", "41", "40"]


def test_a_preset_that_is_not_there_is_an_error(run, reported):
    assert run("runs", "--preset", "tutorial")[1] == "no run in runs: none of its runs matches\n"
    code, _, err = run("runs", "--preset", "tutoral")
    error, help = err.splitlines()
    assert (code, error) == (2, "error: there is no preset 'tutoral'")
    assert help.startswith("  help: did you mean 'tutorial'? the presets are small_catalogue, ")


def test_no_runs_are_told(run, folder):
    code, _, err = run("runs")
    assert (code, err.splitlines()[0]) == (2, "error: there is no folder runs")
    (folder / "runs").mkdir()
    assert run("runs")[1] == "no run in runs: `recgen train --out` writes runs\n"
    run_of(folder / "runs" / "a", healthy())
    assert run("runs", "--verdict", "bad")[1] == "no run in runs: none of its runs matches\n"


# explain


@pytest.mark.parametrize("code", KINDS)
def test_every_cause_is_explained(run, code):
    status, out, err = run("explain", code.lower())
    assert (status, err) == (0, "")
    assert out.startswith(f"{code} {KINDS[code].title} (")
    assert "\n\nWhat happens?\n  " in out
    assert "\n\nSigns\n  " in out
    assert "\n\nWhat to do\n  " in out
    assert max(map(len, out.splitlines())) <= 100
    assert run("explain", code, "--format", "markdown")[1] == cause_section(KINDS[code])


def test_all_causes_are_listed(run):
    out = run("explain", "RD")[1]
    assert [line[:5] for line in out.splitlines()] == list(KINDS)
    assert run("explain", "rd", "--format", "markdown")[1] == causes_page()


def test_an_unknown_cause_is_told(run):
    code, _, err = run("explain", "RD999")
    assert (code, err.splitlines()[0]) == (2, "error: 'RD999' is not a cause")
