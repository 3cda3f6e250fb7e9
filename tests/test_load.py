"""Reading: files, mappings and objects in, configs or findings with positions out."""

from __future__ import annotations

import json
import os
from collections import UserDict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

import recgen
from recgen.config import ExperimentConfig
from recgen.findings import ConfigError
from recgen.reading import load, parse, read
from recgen.reading.document import MAX_BYTES, MAX_DEPTH, MAX_NODES


@pytest.fixture
def yaml(tmp_path):
    def write(text, name="config.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def codes(document):
    return [finding.code for finding in document.findings]


def test_one_config_from_every_kind_of_source(yaml, experiment):
    """A path (YAML, JSON), a mapping, attributes and a config itself say the same."""
    config = load(experiment)
    text = json.dumps(experiment)
    sources: list[Any] = [
        yaml(text),
        str(yaml(text)),
        yaml(text, "config.json"),
        yaml(b"\xef\xbb\xbf" + text.encode(), "bom.json"),
        UserDict(experiment),
        SimpleNamespace(**experiment),
        config,
    ]
    assert all(load(source) == config for source in sources)


def test_attributes_of_objects_all_the_way_down():
    @dataclass
    class Row:
        """As a Django model instance: fields, and more that is not of the config."""

        column: str
        data_type: str = "text"
        pk: int = 7

    @dataclass
    class Features:
        buyer_id_column: str = "customer_id"
        product_id_column: str = ""
        buyer_model_features: list[Row] = field(default_factory=lambda: [Row("customer_id")])
        product_model_features: tuple[Row, ...] = (Row("sku"),)

    config = load(SimpleNamespace(name="shop", features=Features(), model={"epochs": 3}))
    assert isinstance(config, ExperimentConfig)
    assert (config.features.product_id, config.model.epochs) == ("sku", 3)


def test_p6_the_core_schema_and_nothing_more(yaml):
    """P6: `NO`, `1_000` and dates stay text; quoted is text; numbers are numbers."""
    text = """
    a: [NO, yes, on, 1_000, 2024-01-31, 0x1F, 0o17, 12:30, "5", 'true', =]
    b: [1, -2, +3, 1.5, .5, 5e-2, 1e400, .inf, -.INF, .nan]
    c: [true, False, null, ~, ]
    d:
    e: |
      block
    f: !
    """
    data = read(yaml(text)).data
    given = ["NO", "yes", "on", "1_000", "2024-01-31", "0x1F", "0o17", "12:30", "5", "true", "="]
    assert data["a"] == given
    assert data["b"][:-1] == [1, -2, 3, 1.5, 0.5, 0.05, *[float("inf")] * 2, float("-inf")]
    assert data["b"][-1] != data["b"][-1]
    assert data["c"] == [True, False, None, None]
    assert (data["d"], data["e"]) == (None, "block\n")


def test_p5_a_number_of_a_thousand_digits_is_no_number(yaml):
    assert read(yaml(f"a: {'9' * 5000}")).data == {"a": "9" * 5000}
    assert codes(read(yaml('{"a": ' + "9" * 5000 + "}", "a.json"))) == ["RG002"]


def test_positions_are_those_of_keys_and_items(yaml):
    document = read(yaml("a: 1\nb:\n  - c: 2\n    d: [3, {e: 4}]\n"))
    expected = {
        (): (1, 1, 5),
        ("a",): (1, 1, 2),
        ("b", 0): (3, 5, 9),  # its first entry
        ("b", 0, "d"): (4, 5, 6),
        ("b", 0, "d", 0): (4, 9, 10),
        ("b", 0, "d", 1): (4, 12, 18),
        ("b", 0, "d", 1, "e"): (4, 13, 14),
        ("b", 0, "missing", "deeper"): (3, 5, 9),  # the nearest part around it
    }
    assert {path: document.position(path) for path in expected} == expected
    assert read({"a": 1}).position(("a",)) == (None, None, None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_p3_positions_count_characters_and_the_lines_of_yaml_1_2(yaml, end):
    """P3: a BOM is no column, an emoji is one; U+2028, U+2029 and U+0085 end no line."""
    lines = [
        "\ufeffa: 'x\u2028y'  # \x85",
        "b: {'😀é': [1, two\u2029, 'th",
        " ree', 4]}",
        "c:",
        "d: ",
    ]
    document = read(yaml(end.join(lines)))
    expected = {
        ("a",): (1, 1, 2),
        ("b", "😀é"): (2, 5, 9),
        ("b", "😀é", 1): (2, 15, 19),
        ("b", "😀é", 2): (2, 21, 24),  # as far as its first line goes
        ("b", "😀é", 3): (3, 8, 9),
        ("c",): (4, 1, 2),
        ("d",): (5, 1, 2),
    }
    assert {path: document.position(path) for path in expected} == expected
    assert document.data["a"] == "x\u2028y"
    assert document.data["b"] == {"😀é": [1, "two\u2029", "th ree", 4]}


def test_positions_of_every_path_in_json(yaml):
    key = "k" * 2000
    text = '{"a": "\\ud83d\\ude00 \\"]}",\r\n\t"b": [1.5e3, {"c": null},\n  "\\tx"], "KEY": true}'
    text = text.replace("KEY", key)
    document = read(yaml(text, "a.json"))
    assert document.data == {"a": '😀 "]}', "b": [1500.0, {"c": None}, "\tx"], key: True}
    expected = {
        (): (1, 1, 27),
        ("a",): (1, 2, 5),
        ("b",): (2, 2, 5),
        ("b", 0): (2, 8, 13),
        ("b", 1): (2, 15, 26),
        ("b", 1, "c"): (2, 16, 19),
        ("b", 2): (3, 3, 8),
        (key,): (3, 11, 2013),
    }
    assert {path: document.position(path) for path in expected} == expected


def test_p6_a_key_twice_keeps_the_first_and_its_position(yaml):
    document = read(yaml("a:\n  b: 1\na:\n  b: 2\n  c: 3\nd: 4\nd: 5\n"))
    assert document.data == {"a": {"b": 1}, "d": 4}
    found = [(finding.path, finding.line) for finding in document.findings]
    assert found == [("a", 3), ("d", 7)]
    assert document.position(("a", "b")) == (2, 3, 4)


def test_p6_a_key_twice_in_json(yaml):
    document = read(yaml('{"a": {"b": 1,\n"b": [2]}, "a": 3}', "a.json"))
    assert document.data == {"a": {"b": 1}}
    found = [(f.code, f.path, f.line, f.column, f.end_column) for f in document.findings]
    assert found == [("RG003", "a.b", 2, 1, 4), ("RG003", "a", 2, 12, 15)]
    assert document.position(("a", "b")) == (1, 8, 11)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_p5_python_reads_words_as_numbers_that_json_does_not_have(yaml, word):
    found = read(yaml(f'{{"NaN": "NaN",\n "b": [{word}]}}', "a.json")).findings
    assert [(f.code, f.line, f.column) for f in found] == [("RG002", 2, 8)]
    assert word in found[0].message


def test_a_plain_alias_is_fine(yaml):
    document = read(yaml("a: &x [1, {b: 2}]\nc: *x\nd: &y word\ne: *y\n"))
    assert document.data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": "word", "e": "word"}
    assert document.findings == ()
    assert document.position(("c", 1, "b")) == (2, 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "a: *nowhere",
        "a: &x [*x]",
        "a: &x [1]\nb: &y [*x, *x]\nc: &z [*y, *y]",
        "a: !!python/object:os.system 1",
        "a: !custom {b: 1}",
        "!tag a: 1",
        "a: !!str 5",
        "a: {<<: {b: 1}}",
    ],
)
def test_p6_tags_and_aliases_that_are_refused(yaml, text):
    assert set(codes(read(yaml(text)))) == {"RG004"}


def test_p6_a_billion_laughs_ends_early(yaml):
    lines = ["a: &a [" + "x, " * 1000 + "x]", "b: [" + "*a, " * 300 + "*a]"]
    assert codes(read(yaml("\n".join(lines)))) == ["RG004"]
    assert codes(read(yaml("a: [" + "x," * MAX_NODES + "x]"))) == ["RG004"]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: [1, 2", "RG002", 1),
        ("a: 1\n\tb: 2", "RG002", 2),
        ("a: 'x", "RG002", 1),
        ("a: 1\n--- \nb: 2", "RG002", 2),
        ("? [a, b]\n: 1", "RG002", 1),
        ("? {a: b}\n: 1", "RG002", 1),
        ("a: \x07", "RG002", 1),
        ("ok: 1\nb: \x00", "RG002", 2),
        ("%YAML 9.9\n---\na: 1", "RG002", 1),
        (r'a: "\UFFFFFFFF"', "RG002", 1),
        ("a: " + "[" * (MAX_DEPTH + 1), "RG002", 1),
        ("a: " + "[" * 100_000, "RG002", 1),
        ("", "RG005", 1),
        ("# only a comment", "RG005", 1),
        ("{}", "RG005", 1),
        ("just text", "RG005", 1),
        ("[]", "RG005", 1),
        ("5", "RG005", 1),
    ],
)
def test_texts_that_are_no_config(yaml, text, code, line):
    document = read(yaml(text))
    assert [(finding.code, finding.line) for finding in document.findings] == [(code, line)]
    assert not document.readable


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "RG002"),
        ("{'a': 1}", "RG002"),
        ("[" * 200_000, "RG002"),
        ("", "RG002"),
        ("[]", "RG005"),
        ("null", "RG005"),
    ],
)
def test_json_that_is_no_config(yaml, text, code):
    assert codes(read(yaml(text, "a.JSON"))) == [code]


def test_files_that_cannot_be_read(tmp_path, yaml):
    big = yaml(b"x" * (MAX_BYTES + 1))
    junk = yaml(b"\xff\xfe\x00junk", "junk.yaml")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sources = [tmp_path, tmp_path / "none.yaml", big, junk, pipe, "a\0b", "\ud800", "x" * 5000, ""]
    documents = [read(source) for source in sources]
    assert [codes(document) for document in documents] == [["RG001"]] * len(sources)
    text = read("name: shop\nfeatures: {}\n")
    assert "looks like the config's text" in text.findings[0].help


def test_a_file_without_rights(yaml, monkeypatch):
    path = yaml("a: 1")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert "Permission denied" in read(path).findings[0].message


@pytest.mark.parametrize("source", [None, 5, 1.5, True, b"bytes", [], (), {1}, {}])
def test_values_that_are_no_config(source):
    with pytest.raises(ConfigError) as caught:
        load(source)
    assert caught.value.report.errors[0].code in {"RG005", "RG011"}


def test_a_mapping_that_raises():
    class Broken(UserDict):
        def __iter__(self):
            raise RuntimeError("boom")

    assert codes(read(Broken({"a": 1}))) == ["RG001"]


def test_an_object_whose_attributes_raise():
    class Broken:
        name = "shop"

        @property
        def features(self):
            raise RuntimeError("boom\n" * 1000)

    found = parse(read(Broken())).findings
    assert [(finding.code, finding.path) for finding in found] == [("RG001", "features")]
    assert "boom" in found[0].message
    assert len(found[0].message) < 300


def test_load_raises_with_all_findings(yaml):
    path = yaml("name: 5\nfeatures: {}\nmodel: {epochs: 0}\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [(f.path, f.line) for f in caught.value.report.errors] == [
        ("name", 1),
        ("model.epochs", 3),
    ]
    assert f"{path}:3:9: error RG013 model.epochs" in str(caught.value)


def test_a_broken_config_gives_the_sections_that_are_right(yaml):
    """So that rules can say more about them."""
    parsed = parse(read(yaml("features: {}\nmodel: {epochs: 0}\n")))
    assert sorted(parsed.sections) == ["data", "features"]
    assert parsed.config is None
    missing = parse(read({"model": {"epochs": 3}, "data": 5, "name": "x"}))
    assert sorted(missing.sections) == ["model"]


def test_a_finding_on_the_text_keeps_the_config_from_being_used(yaml):
    parsed = parse(read(yaml("name: a\nname: b\nfeatures: {}\n")))
    assert parsed.config is None
    assert sorted(parsed.sections) == ["data", "features", "model"]


@pytest.mark.parametrize(
    ("data", "word"),
    [({"buyer_model_features": []}, "feature config"), ({"optimizer": "adam"}, "model config")],
)
def test_a_section_without_its_key_is_recognized(data, word):
    for source in (data, SimpleNamespace(**data)):
        found = parse(read(source)).findings
        assert [finding.code for finding in found] == ["RG011"]
        assert word in found[0].message


def test_a_config_that_was_used_can_be_given_again() -> None:
    """What it has computed, such as which features have vectors, is no unknown key."""
    features = {
        "buyer_model_features": [
            {"column": "user_id", "data_type": "text"},
            {
                "column": "past",
                "data_type": "history",
                "transforms": {"history": {"shared_with": "sku"}},
            },
        ],
        "product_model_features": [{"column": "sku", "data_type": "text"}],
    }
    config = recgen.load({"features": features})
    assert config.features.vectors
    assert recgen.check(config).ok
    assert recgen.load(config) == config
    assert recgen.load(config).features.model_fields_set == config.features.model_fields_set
    wrong = recgen.check({"features": {**features, "vectors": {}}})
    assert [each.code for each in wrong.errors] == ["RG010"]
