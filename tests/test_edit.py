"""Fixes in texts: the data is what was meant, and all else stays as it was."""

from __future__ import annotations

import json

import pytest
from fuzzing import some
from hypothesis import given
from hypothesis import strategies as st

from recgen.edit import apply, edit, fixed
from recgen.edit.draft import same
from recgen.findings import Finding, Fix, RecgenError
from recgen.reading.positions import nearest
from recgen.reading.sources import read_text


def fix(path, op="set", value=None, **others):
    return Fix(tuple(path), op, value, **others)


SHOP = """\
# The shop
features:  # all of them
  a: 1   # one

  # about b
  b: {x: 1, y: 'two'}  # in brackets
  l:
    - p: 1  # first
      q: 2
    - # a dash
      r: 3
    - [1, 2, 3]
model:
  text: |
    words

  last: "x"
"""


@pytest.mark.parametrize(
    ("given", "old", "new"),
    [
        (fix(["features", "a"], value=2.5), "a: 1   #", "a: 2.5   #"),
        (fix(["features", "a"], value="no"), "a: 1   #", 'a: "no"   #'),
        (fix(["features", "a"], "rename", "buckets"), "  a: 1 ", "  buckets: 1 "),
        (fix(["features", "a"], "remove"), "  a: 1   # one\n", "  # one\n"),
        (fix(["features", "b", "y"], value="it's"), "'two'", "'it''s'"),
        (fix(["features", "b", "y"], value=[1, {}]), "'two'", "[1, {}]"),
        (fix(["features", "b", "x"], "remove"), "{x: 1, y", "{y"),
        (fix(["features", "b", "y"], "remove"), "1, y: 'two'", "1"),
        (fix(["features", "b", "z"], value=None), "'two'}", "'two', z: null}"),
        (fix(["features", "b", "z", "w"], value=True), "'two'}", "'two', z: {w: true}}"),
        (fix(["features", "b"], value="c"), "{x: 1, y: 'two'}", "c"),
        (fix(["features", "l", 0, "p"], "remove"), "p: 1  # first\n      q", "# first\n      q"),
        (fix(["features", "l", 0], "remove"), "    - p: 1  # first\n      q: 2\n", "    # first\n"),
        (fix(["features", "l", 1, "r"], "remove"), "r: 3", "{}"),
        (fix(["features", "l", 1], "remove"), "    - # a dash\n      r: 3\n", "    # a dash\n"),
        (fix(["features", "l", 1, "s"], value=1), "r: 3\n", "r: 3\n      s: 1\n"),
        (fix(["features", "l", 2, 2], "remove"), ", 3]", "]"),
        (fix(["features", "l", 2, 0], "remove"), "[1, 2", "[2"),
        (fix(["model", "text"], value="word"), "|\n    words\n", "word\n"),
        (fix(["model", "text"], "remove"), "  text: |\n    words\n", ""),
        (fix(["model", "new"], value=-1), '"x"\n', '"x"\n  new: -1\n'),
        (fix(["data", "split", "kind"], value="random"), '"x"\n',
         '"x"\ndata:\n  split:\n    kind: random\n'),
        (fix(["model"], value={"a b": [], "c": {"d": "e"}}),
         'model:\n  text: |\n    words\n\n  last: "x"\n', "model: {a b: [], c: {d: e}}\n"),
    ],
)  # fmt: skip
def test_a_fix_changes_its_place_only(given, old, new):
    assert SHOP.count(old) == 1
    assert edit(SHOP, [given], "yaml") == SHOP.replace(old, new)


def test_all_entries_of_a_block_removed():
    fixes = [fix(["model", key], "remove") for key in ("text", "last")]
    assert edit(SHOP, fixes, "yaml") == SHOP[: SHOP.index("model:")] + "model: {}\n"
    items = [fix(["features", "l", index], "remove") for index in (0, 2, 1)]
    assert "\n  l: []\n    # first\n    # a dash\nmodel:\n" in edit(SHOP, items, "yaml")


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("a:  # later\nb: 1", fix(["a"], value=5), "a: 5  # later\nb: 1"),
        ("a:\n", fix(["a", "b", "c"], value=1), "a: {b: {c: 1}}\n"),
        ("a: {b, c: }", fix(["a", "b"], value=1), "a: {b: 1, c: }"),
        ("a: {b, c: }", fix(["a", "c"], value=1), "a: {b, c: 1 }"),
        ("a: {b}", fix(["a", "c"], value=1), "a: {b, c: 1}"),
        ("a: { }", fix(["a", "c"], value=1), "a: {c: 1}"),
        ("a: {}", fix(["a", "b", "c"], value=1), "a: {b: {c: 1}}"),
        ('a: {"b": "x"}', fix(["a", "c"], value="y"), 'a: {"b": "x", "c": "y"}'),
        ("a: {b: 1,}", fix(["a", "c"], value=2), "a: {b: 1, c: 2,}"),
        ("a: {b: 1, c: 2,}", fix(["a", "c"], "remove"), "a: {b: 1,}"),
        ("a:\n- x\n- \n- y", fix(["a", 1], value="z"), "a:\n- x\n- z \n- y"),
        ("a:\n- x\n-\n- y", fix(["a", 1], value="z"), "a:\n- x\n- z\n- y"),
        ("- - x\n  - y", fix([0, 0], "remove"), "- - y"),
        ("- a: 1\n  # about b\n  b: 2", fix([0, "a"], "remove"), "-\n  # about b\n  b: 2"),
        ("a: two\n  lines  # c\nb: 1", fix(["a"], value=3), "a: 3  # c\nb: 1"),
        ("a: 'two\n\n  lines'\nb: 1", fix(["a"], value="x y"), "a: 'x y'\nb: 1"),
        ("a: >+  # c\n  folded\n\n\nb: 1", fix(["a"], value=3), "a: 3  # c\nb: 1"),
        ("a:\n  b: |+\n    x\n\nc: 1", fix(["a", "d"], value=3),
         "a:\n  b: |+\n    x\n\n  d: 3\nc: 1"),
        ("'a': 1", fix(["a"], "rename", "b"), "'b': 1"),
        ("a: 1\r\nb:\r\n    c: 2\r\n", fix(["b", "d", "e"], value=3),
         "a: 1\r\nb:\r\n    c: 2\r\n    d:\r\n        e: 3\r\n"),
        ("\ufeffa: 1", fix(["b"], value=3), "\ufeffa: 1\nb: 3"),
        ("a: 1\n...\n", fix(["b"], value=3), "a: 1\nb: 3\n...\n"),
        ("a: {\n  b: 1,  # one\n  c: 2  # two\n}", fix(["a", "d"], value=3),
         "a: {\n  b: 1,  # one\n  c: 2,  # two\n  d: 3\n}"),
        ("a: {\n  b: 1,  # one\n  c: 2,  # two\n}", fix(["a", "d"], value=3),
         "a: {\n  b: 1,  # one\n  c: 2,  # two\n  d: 3,\n}"),
        ("a: [\n  b,  # one\n  c  # two\n]", fix(["a", 1], "remove"),
         "a: [\n  b  # one\n  # two\n]"),
        ("a: [\n  b,  # one\n  c  # two\n]", fix(["a", 0], "remove"),
         "a: [\n  # one\n  c  # two\n]"),
        ("a: 1", fix(["a"], value="\u2028\n\x85\t\x7f\U0001f600\"\\"),
         'a: "\\u2028\\n\\x85\\t\\x7f\U0001f600\\"\\\\"'),
        ("a: 1", fix(["a"], value=float("-inf")), "a: -.inf"),
        ("a: 1", fix(["a"], value=float("nan")), "a: .nan"),
        ("a: 1", fix(["a"], value=1e-07), "a: 1e-07"),
    ],
)  # fmt: skip
def test_p3_p6_the_many_ways_of_writing_yaml(text, given, expected):
    """P3, P6: whatever stands around it, what is written is read back as it was meant."""
    assert edit(text, [given], "yaml") == expected


@pytest.mark.parametrize(
    "word", ["no", "Yes", "off", "null", "~", "", "true", "5", "-1", "1e3", ".inf", "1_000",
             "2024-01-31", "12:30", "0x1F", "=", "a: b", "a #b", "- a", "*a", "&a", "!a", "[", "a,",
             " a", "a ", "'", '"', "%", "@", "`", "a\nb", "ключ", "<<", "?", "---", "...", "\0"],
)  # fmt: skip
def test_p6_texts_stay_texts_as_values_and_as_keys(word):
    for text in ("a: 1\n", "a: 'x'\n", 'a: "x"\n', "{a: x}", "- a: 1"):
        path = [0] if text.startswith("-") else []
        written = edit(text, [fix([*path, "a"], value=word), fix([*path, word], value=0)], "yaml")
        data = read_text(written, "yaml").data
        assert (data[0] if path else data) == {"a": word, word: 0}


def test_json_keeps_its_form():
    text = '{\n\t"a": 1.50,\n\t"b": {"x": "\\u00e9"},\n\t"c": [1,2]\n}\n'
    fixes = [fix(["c", 1], "remove"), fix(["b", "y"], value="é\t"), fix(["d"], value=[None, {}])]
    expected = text.replace('e9"', 'e9", "y": "é\\t"').replace(",2]", '],\n\t"d": [null, {}]')
    assert edit(text, fixes, "json") == expected
    assert (
        edit('{"a":{"b":1}}', [fix(["a", "c", "d"], value=2)], "json")
        == '{"a":{"b":1,"c":{"d":2}}}'
    )
    with pytest.raises(RecgenError, match="JSON cannot represent"):
        edit(text, [fix(["a"], value=float("inf"))], "json")


def test_fixes_are_taken_in_their_order_and_left_out_when_they_no_longer_apply():
    data = {"a": {"x": 1, "y": 2}, "l": [0, 1, 2], "n": None, "s": "text"}
    fixes = [
        fix(["l", 0], "remove"),
        fix(["l", 2], value="two"),  # indices are those of the beginning
        fix(["l", 0], value="gone"),
        fix(["l", 3], value="beyond"),
        fix(["l", -1], "remove"),
        fix(["a", "x"], value=5),
        fix(["a", "x"], value=6),  # the first one stays
        fix(["a", "x"], "rename", "y"),  # never over another key
        fix(["a", "y"], "rename", "z"),
        fix(["a", "y"], "remove"),
        fix(["n", "deep", "er"], value=1),
        fix(["n", "deep", "est"], value=2),
        fix(["s", "key"], value=1),
        fix(["b", 0], value=1),
        fix(["b"], "remove"),
        fix([], value={}),
        fix(["a"], "rename", "s"),
    ]
    expected = {
        "a": {"x": 5, "z": 2},
        "l": [1, "two"],
        "n": {"deep": {"er": 1, "est": 2}},
        "s": "text",
    }
    before = json.dumps(data)
    assert apply(data, fixes) == expected
    assert json.dumps(data) == before
    text = edit("# c\n" + json.dumps(data), fixes, "yaml")
    assert read_text(text, "yaml").data == expected
    assert json.loads(edit(before, fixes, "json")) == expected


def test_a_fix_of_several_steps_is_taken_as_a_whole_or_not_at_all():
    move = fix(["a", "new", "dim"], value=8, then=(fix(["a", "dim"], "remove"),))
    assert edit("a:\n  dim: 8  # wide\n", [move], "yaml") == "a: {new: {dim: 8}}\n  # wide\n"
    both = "a:\n  dim: 8\n  b: 1\n"
    assert edit(both, [move], "yaml") == "a:\n  b: 1\n  new:\n    dim: 8\n"
    half = fix(["a", "new"], value=8, then=(fix(["a", "gone"], "remove"),))
    assert edit(both, [half], "yaml") == both
    renamed = fix(["a", "b"], "rename", "c", then=(fix(["a", "c"], value="x"),))
    assert edit(both, [renamed], "yaml") == "a:\n  dim: 8\n  c: x\n"


def test_what_stands_in_several_places_is_left_alone():
    text = "a: &x {b: 1}\nc: *x\nd: [e: 1]\nf: 1\n"
    fixes = [
        fix(["a", "b"], value=2),
        fix(["a"], "remove"),
        fix(["c", "b"], value=2),
        fix(["c"], value=2),
        fix(["d", 0, "g"], value=2),
        fix(["f"], value=2),
    ]
    assert edit(text, fixes, "yaml") == text.replace("f: 1", "f: 2")


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a: !tag 1", "a: 1\n--- b\n", "a: \x07"])
def test_a_text_that_cannot_be_read_is_not_edited(text):
    with pytest.raises(RecgenError):
        edit(text, [fix(["a"], value=3)], "yaml")
    assert fixed(text, [found(fix(["a"], value=3, safe=True))], "yaml") == (text, ())


def found(given):
    return Finding("RG000", "error", given.path, "wrong", fix=given)


# The line end that a new line needs would become part of the scalar.
_HARD = "a: 1\nb: |\n  text"


def test_what_cannot_be_done_in_the_text_is_refused_and_the_rest_is_done():
    add, change = fix(["c"], value=1, safe=True), fix(["a"], value=2, safe=True)
    with pytest.raises(RecgenError, match="cannot be changed"):
        edit(_HARD, [add], "yaml")
    text, done = fixed(_HARD, [found(add), found(change)], "yaml")
    assert (text, [each.fix for each in done]) == (_HARD.replace("1", "2"), [change])


@pytest.mark.parametrize("value", [{1: 2}, object(), b"x", "\ud800", 1 + 2j, {"a": {1, 2}}])
def test_values_that_no_config_can_hold_are_refused(value):
    with pytest.raises(RecgenError):
        edit("a: 1", [fix(["a"], value=value)], "yaml")


def test_only_safe_fixes_are_applied_unless_asked():
    findings = [
        found(fix(["a"], value=2, safe=True)),
        found(fix(["b"], value=2)),
        found(fix(["gone"], "remove", safe=True)),
        Finding("RG000", "error", "c", "nothing can be done"),
    ]
    assert fixed("a: 1\nb: 1\n", findings, "yaml") == ("a: 2\nb: 1\n", (findings[0],))
    text, done = fixed("a: 1\nb: 1\n", findings, "yaml", unsafe=True)
    assert (text, done) == ("a: 2\nb: 2\n", tuple(findings[:2]))


# Any YAML, with comments, and any fixes.

_KEYS = st.sampled_from(["a", "b", "c", "key", "no", "1", "x y", "ключ", "", "a: b", "#"])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9**20), st.floats(), _KEYS, st.text(max_size=4)
).filter(lambda value: not isinstance(value, str) or value.isprintable())
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=2),
    max_leaves=4,
)
_WRITTEN = ["1", "word", "two words", "'it''s'", '"a\\n#b"', "~", "0.5", "[]", "{}", "{ }", "no"]
_IN_BRACKETS = [
    *_WRITTEN,
    "[1, 2]",
    "{x: 1}",
    "{x: 1, y: [z, ], }",
    "[x, {y}, ]",
    "{x}",
    '{"x": 1}',
]
_LINES = [
    ["two", "  lines"],
    ["'in quotes", "", "  more'"],
    ["|", "  text", "", "   # more"],
    [">-", "  folded", "  text", ""],
    ["{", "  x: 1,  # one", "  y: [1,", "    2],", "  z: 3 # three", "}"],
    ["[", "  # about a", "  a,", "  b", "]"],
]
_COMMENTS = ["", "", "", "  # note", " # a: 1"]
_PLAIN_KEYS = ["a", "b", "key", '"c"', "'d'", "ключ", "x y"]


@st.composite
def blocks(draw, levels=3):
    """Returns the lines of a block list or mapping, at column 0."""
    is_list = draw(st.booleans())
    keys = draw(st.lists(st.sampled_from(_PLAIN_KEYS), min_size=1, max_size=4, unique=True))
    lines = []
    for key in keys:
        head = "-" if is_list else f"{key}:"
        comment = draw(st.sampled_from(_COMMENTS))
        if draw(st.integers(0, 9)) == 0:
            lines.append(draw(st.sampled_from(["", "# about it"])))
        kind = draw(st.sampled_from(["nothing", "scalar", "lines", "block", "block"]))
        if kind == "block" and levels:
            inner = draw(blocks(levels - 1))
            indent = draw(st.sampled_from(["  ", "    "]))
            if is_list and draw(st.booleans()) and inner[0][:1] not in ("#", ""):
                lines += [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
            else:
                lines += [head + comment, *(f"{indent}{line}" if line else "" for line in inner)]
        elif kind == "lines":
            first, *others = draw(st.sampled_from(_LINES))
            lines += [f"{head} {first}", *(f"  {line}" for line in others)]
        elif kind == "nothing":
            lines.append(head + comment)
        else:
            lines.append(f"{head} {draw(st.sampled_from(_IN_BRACKETS))}{comment}")
    return lines


@st.composite
def texts(draw):
    lines = ["# A config", *draw(blocks())]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    # Behind a block scalar without a line end, nothing can be added: see `_HARD`.
    last = end if lines[-1].strip() in ("# more", "text", "") else draw(st.sampled_from(["", end]))
    return draw(st.sampled_from(["", "\ufeff"])) + end.join(lines) + last


def paths(data, path=()):
    yield path
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data if isinstance(data, list) else ())
    )
    for part, inner in items:
        yield from paths(inner, (*path, part))


@st.composite
def texts_and_fixes(draw, many):
    text = draw(texts())
    places = list(paths(read_text(text.removeprefix("\ufeff"), "yaml").data))
    fixes = []
    for _ in range(draw(st.integers(1, 4)) if many else 1):
        path = draw(st.sampled_from(places))
        op = draw(st.sampled_from(["set", "set", "add", "remove", "rename"]))
        if op == "add":
            path = (*path, *draw(st.lists(_KEYS, min_size=1, max_size=2)))
        value = draw(_KEYS if op == "rename" else _VALUES)
        fixes.append(Fix(path, "set" if op == "add" else op, value))
    return text, fixes


@some(130, 400)
@given(texts_and_fixes(many=True))
def test_the_data_is_what_was_meant(given):
    text, fixes = given
    before = read_text(text.removeprefix("\ufeff"), "yaml").data
    after = edit(text, fixes, "yaml")
    assert same(read_text(after.removeprefix("\ufeff"), "yaml").data, apply(before, fixes))
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    assert after.count("\r\n") in (0, after.count("\n"))


def span_of_container(root, path):
    """Returns the span of the lines of what is around a path, as far as that is there."""
    node, depth = nearest(root, path)
    if depth == len(path):
        node, _ = nearest(root, path[:-1])
    return min(node.start, node.key_start if node.key_start >= 0 else node.start), node.end


@some(70, 200)
@given(texts_and_fixes(many=False))
def test_what_is_not_around_a_fix_stays_byte_for_byte(given):
    text, (fix,) = given
    body = text.removeprefix("\ufeff")
    document = read_text(body, "yaml")
    after = edit(text, [fix], "yaml").removeprefix("\ufeff")
    start, end = span_of_container(document.root, fix.location)
    first, last = body.rfind("\n", 0, start) + 1, body.find("\n", end)
    assert after.startswith(body[:first])
    assert last < 0 or after.endswith(body[last:])
    node, depth = nearest(document.root, fix.location)
    if depth == len(fix.location) and node.children is None and node.start < node.end:
        if fix.op == "set":  # a scalar: nothing else changes at all
            assert after.startswith(body[: node.start])
            assert after.endswith(body[node.end :])
        if fix.op == "rename" and node.key_start >= 0 and after != body:
            assert after.startswith(body[: node.key_start])
            assert after.endswith(body[node.key_end :])


_SAID = ("# note", "# a: 1", "# about it", "# one", "# three", "# about a")


@some(130, 400)
@given(texts_and_fixes(many=True))
def test_no_comment_is_lost(given):
    text, fixes = given
    after = edit(text, fixes, "yaml")
    assert [after.count(said) for said in _SAID] == [text.count(said) for said in _SAID]


def test_a_comment_for_recgen_goes_with_what_it_is_about():
    """It would ignore findings on what follows."""
    text = "a: 1  # recgen: ignore RG112: as it was\nb: 2  # kept\nc: 3\n"
    fixes = [fix(["a"], "remove"), fix(["b"], "remove")]
    assert edit(text, fixes, "yaml") == "# kept\nc: 3\n"
