"""Hostile sources: each is a few findings, soon, and takes no more memory than a large config."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml as pyyaml

from recgen.check import check
from recgen.findings import format_text
from recgen.reading import load, read, yaml_text
from recgen.reading.document import MAX_BYTES, MAX_FINDINGS, MAX_NODES
from recgen.reading.sources import read_text
from recgen.rules import RULES

ROOT = Path(__file__).resolve().parents[1]
MANY = MAX_NODES - 10


def yaml_lines(line):
    return "".join(line.replace("N", str(number)) for number in range(MANY))


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{other}'] * 9)}]\n"
    for other, one in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = {
    "billion_laughs.yaml": LAUGHS,
    "aliases.yaml": "a: &x [1, 2]\nb: [" + "*x, " * MANY + "1]",
    "flow_list.yaml": "a: [" + "x," * 1_000_000 + "]",
    "deep.yaml": "a: " + "[" * 1_000_000,
    "deep_blocks.yaml": "\n".join(" " * level + "a:" for level in range(2000)),
    "ten_megabytes.yaml": "a: " + "x" * 10_000_000,
    "scalar.yaml": "name: " + "x" * (MAX_BYTES - 10),
    "empty_lines.yaml": "\n" * (MAX_BYTES - 10) + "a: 1",
    "one_key.yaml": "a: 1\n" * MANY,
    "unknown_keys.yaml": yaml_lines("kN: 1\n"),
    "tags.yaml": yaml_lines("kN: !x 1\n"),
    "layers.yaml": "features: {}\nmodel: {buyer_tower_layers: [" + "0, " * MANY + "]}",
    "one_key.json": "{" + ",".join(['"a":1'] * MANY) + "}",
    "deep.json": '{"a":' + "[" * 1_000_000,
    "digits.json": '{"a":' + "9" * 4_000_000 + "}",
    "list.json": '{"a":[' + "1," * 1_000_000 + "1]}",
}
SCRIPT = """
import pathlib, re, sys, time, recgen
began = time.process_time()
report = recgen.check(sys.argv[1])
status = pathlib.Path("/proc/self/status")  # Linux; elsewhere time is all that is looked at
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) // 1024 if status.exists() else 0
print(time.process_time() - began, peak, len(report.findings), report.ok)
"""


@pytest.mark.parametrize("name", TEXTS)
def test_p5_p6_time_and_memory_are_bounded(tmp_path, name):
    """P5, P6: a machine of 512 MB checks them all, each in seconds."""
    path = tmp_path / name
    path.write_text(TEXTS[name], encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    seconds, peak, findings, ok = done.stdout.split()
    assert float(seconds) < 15  # of one processor, perhaps a slow and busy one
    assert int(peak) < 450
    assert 0 < int(findings) <= MAX_FINDINGS + 1
    assert ok == "False"


def features(count, **others):
    return [{"column": f"c{number}", "data_type": "numeric", **others} for number in range(count)]


def test_too_many_findings_are_counted_and_errors_come_first(experiment):
    wrong = [{"column": f"t{number}", "data_type": "texts"} for number in range(400)]
    experiment["features"]["buyer_model_features"] += [*features(10, colour=1), *wrong]
    report = check(experiment)
    *listed, last = report.findings
    assert len(listed) == MAX_FINDINGS
    assert (last.code, last.severity, last.message) == ("RG015", "error", "110 more findings")
    assert not report.ok
    assert format_text(report).endswith("check again.\n")


def test_what_is_left_out_is_as_severe_as_it_was(experiment):
    """Notes alone leave the config fine; an error behind many notes is listed."""
    idle = {"bucketize": {}, "normalize": {"enabled": False, "range": [0, 1]}}
    experiment["features"]["buyer_model_features"] += features(350, transforms=idle)
    report = check(experiment)
    assert (report.findings[-1].code, report.findings[-1].severity) == ("RG015", "info")
    assert report.ok
    experiment["features"]["product_model_features"] *= 2
    assert "RG101" in {finding.code for finding in check(experiment).errors}


def test_misspelt_names_do_not_take_the_square_of_their_number(experiment):
    """Close matches are looked for as long as that takes about a second."""
    shared = [
        {"column": f"h{n}", "data_type": "history",
         "transforms": {"history": {"shared_with": f"tex{n}"}}} for n in range(2000)
    ]  # fmt: skip
    text = [{"column": f"text{n}", "data_type": "text"} for n in range(2000)]
    experiment["features"]["buyer_model_features"] += [*shared, *text]
    found = list(RULES["RG126"].problems({"features": load(experiment).features}))
    assert (len(found), found[0].help) == (2000, "Did you mean 'text0'?")
    assert found[-1].help == "Name a text feature by its output name."


def test_p7_paths_that_are_no_config(tmp_path):
    """P7: devices, pipes, loops and names that no system takes are one finding each."""
    loop, zero, beneath = tmp_path / "loop.yaml", tmp_path / "zero.yaml", tmp_path / "file.yaml"
    loop.symlink_to(loop)
    zero.symlink_to("/dev/zero")
    beneath.write_text("a: 1")
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    sources = [
        *("/dev/zero", "/dev/null", "/dev/tty", "/proc/self/mem", "/", ".", "..", "~", ""),
        *(loop, zero, pipe, tmp_path, beneath / "config.yaml"),
        *("a\0b.yaml", "\ud800.yaml", "\n.yaml", "x" * 300 + ".yaml", "/".join(["x"] * 5000)),
    ]
    for source in sources:
        assert [finding.code for finding in read(source).findings] == ["RG001"], source
        assert format_text(check(source)).isprintable() or "\n" in format_text(check(source))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name: "\\ud800"', "RG002"),  # YAML has no halves of pairs
        ('name: "a\\0b"', "RG014"),
        ("name: \ufeffx", "RG002"),  # a BOM in the middle
        ("\ufeff\ufeffname: x", "RG002"),
        ("name: \x7f", "RG002"),
        ("name: \x1b[31m", "RG002"),
        ("name: \U0010ffff\ue000\x85\u2028\u2029\u202e", None),
        ("'\u2028': 1", "RG010"),
    ],
)
def test_p3_characters_are_kept_or_refused_where_they_stand(tmp_path, text, expected):
    path = tmp_path / "config.yaml"
    path.write_text(f"{text}\nfeatures: {{}}\n", encoding="utf-8")
    report = check(path)
    found = [finding for finding in report.findings if finding.code != "RG113"]  # no features
    assert [(f.code, f.line) for f in found[:1]] == ([(expected, 1)] if expected else [])
    assert all(line.isprintable() for line in format_text(report).splitlines())
    if expected is None:
        assert read(path).data["name"] == text.removeprefix("name: ")


def test_p3_half_pairs_in_json_are_findings(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"name": "\\ud800", "\\udc00": 1, "features": {"name": "\\ud83d\\ude00"}}')
    report = check(path)
    assert "RG014" in {finding.code for finding in report.errors}
    assert all(line.isprintable() for line in format_text(report).splitlines())
    json.dumps([finding.as_dict() for finding in report.findings]).encode()


def test_p6_bytes_that_are_no_text(tmp_path):
    for content in ("name: é".encode("latin-1"), "name: x".encode("utf-16"), b"\xed\xa0\x80"):
        path = tmp_path / "config.yaml"
        path.write_bytes(content)
        assert [finding.code for finding in read(path).findings] == ["RG001"]


SAMPLES = [
    *(path.read_text("utf-8", "replace") for path in ROOT.glob("tests/bad/*/config.yaml")),
    *(path.read_text("utf-8") for path in ROOT.glob("examples/*/config.yaml")),
    "a: &x [1, {b: 2}]\nc: *x\nd: |+\n  text\n\ne: >-\n  a\n\n   b\nf: 'it''s\n\n  x'\n",
    '# c\n- {a , b: , "c":1, d: [e: f, ? g : h]}\n-\n- - x\n  - \u2028y\u2029\x85z\n',
]


@pytest.mark.parametrize("text", SAMPLES, ids=range(len(SAMPLES)))
def test_without_libyaml_the_same_is_read_at_the_same_places(monkeypatch, text):
    """PyYAML may be without its C parser: slower, but the same."""
    fast = read_or_refuse(text)
    monkeypatch.setattr(yaml_text, "_LOADER", pyyaml.SafeLoader)
    assert read_or_refuse(text) == fast


def read_or_refuse(text):
    try:
        document = read_text(text, "yaml")
    except Exception as error:
        return type(error).__name__
    return repr(document.data), document.root, document.findings
