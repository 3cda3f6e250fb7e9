"""Causes RD408 and RD409: rows that are too many, of one buyer or of all.

Both show in how figures relate: test rows to pairs of buyer and product, and popularity by rows to
popularity by pairs. What the data or the examples say is better evidence, and refutes what the
figures only suggest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from recgen.analysis.causes.base import (
    FEW_PRODUCTS,
    Kind,
    Sign,
    confirmed,
    is_of_product,
    spoiled,
)
from recgen.analysis.facts import Facts
from recgen.findings import percent, show

_MANY_ROWS = 2.0  # test rows of a pair on average; shops have 1 to 1.6
_BY_ROWS = 2.0  # popularity's recall by rows, divided by that by pairs
_SHARE_OF_ONE = 0.2  # of the rows, with one buyer
_TIMES_NEXT = 10  # rows of a buyer, divided by those of the next one: as in RG553


def _rows_of_pair(facts: Facts) -> float | None:
    """Return the number of test rows of a pair of buyer and product, on average."""
    evaluation, rows = facts.metrics.evaluation, facts.params.tested_rows or facts.params.test_rows
    pairs = evaluation.pairs if evaluation else {}
    counted_pairs = pairs.get("all", 0) + pairs.get("left_out", 0) + pairs.get("unscored", 0)
    return rows / counted_pairs if rows and counted_pairs else None


def _popularity_by_rows(facts: Facts) -> float | None:
    """Return popularity's recall by rows, divided by that by pairs."""
    judged = facts.judged
    by_pairs = facts.kind.evaluated(facts.kind.baseline, "all")
    test = facts.kind.tests.get(judged.measure) if judged else None
    if test is None or test.plain is None or by_pairs is None or by_pairs.value <= 0:
        return None
    return test.plain / by_pairs.value


def _one_buyer(facts: Facts) -> Iterator[Sign]:
    found = [f for f in facts.findings("RG553") if not is_of_product(f)]
    own, figures = _largest_buyer(facts), [*_one_buyer_by_figures(facts)]
    seen = [*confirmed(*found), *own]
    if not seen and (facts.has_data or facts.run.evidence.splits):
        figures = []  # they are refuted
    if not seen and not figures:
        return
    help = found[0].help if found else ""
    if not own and not figures and not facts.is_held_back:
        yield Sign("low", tuple(seen), help, verdict="good")
        return
    yield Sign(
        "high" if seen else "medium",
        (*seen, *figures),
        help,
        verdict=spoiled(facts),
        explains=True,
    )


def _largest_buyer(facts: Facts) -> list[str]:
    """Return whether the examples have a buyer with far more rows than the next one."""
    config, evidence = facts.run.config, facts.run.evidence
    name = config.features.buyer_id if config else None
    top, vocabulary = evidence.most_frequent(name), evidence.vocabulary_of(name)
    if top is None or vocabulary is None or top[1] < _SHARE_OF_ONE:
        return []
    entry, share = top
    next_one = max((each.count or 0 for each in vocabulary.head if each != entry), default=0)
    if (entry.count or 0) < _TIMES_NEXT * next_one:
        return []
    return [f"{percent(share)} of the training rows have the buyer {show(entry.text)}"]


def _one_buyer_by_figures(facts: Facts) -> Iterator[str]:
    rows, ratio = _rows_of_pair(facts), _popularity_by_rows(facts)
    if rows is None or ratio is None or rows < _MANY_ROWS or ratio < _BY_ROWS:
        return
    if facts.candidates is not None and facts.candidates <= FEW_PRODUCTS:
        return
    yield (
        f"the test has {rows:.1f} rows for each pair of buyer and product, and popularity finds "
        f"{ratio:.1f} times as many of its rows as of its pairs: a single buyer has most rows"
    )


def _repeated(facts: Facts) -> Iterator[Sign]:
    found = [f for f in facts.findings("RG554", "RG582") if f.severity == "warning"]
    seen = [*confirmed(*found)]
    dated = {feature.name for split in facts.run.evidence.splits for feature in split.features}
    is_refuted = facts.has_data and not found  # other columns of the data tell these rows apart
    # Without a time, any second purchase is a repeated row.
    if "event_time" in dated and not is_refuted:
        issues = [i for i in facts.run.evidence.issues if i.slug == "duplicate-rows"]
        seen += [f"{issue.place}: {issue.message}" for issue in issues]
    if not seen and not facts.has_data and not facts.run.evidence.splits:
        seen = [*_repeated_by_figures(facts)]
    if seen:
        help = found[0].help if found else ""
        yield Sign("high" if found else "medium", tuple(seen), help, explains=True)


def _repeated_by_figures(facts: Facts) -> Iterator[str]:
    """Yield the sign of rows that were all written the same number of times."""
    params, rows, ratio = facts.params, _rows_of_pair(facts), _popularity_by_rows(facts)
    counts = [n for n in (params.train_rows, params.eval_rows, params.test_rows) if n]
    common = math.gcd(*counts) if len(counts) == 3 else 1
    if rows is None or ratio is None or rows < _MANY_ROWS or ratio >= _BY_ROWS or common < 2:
        return
    if facts.is_bought_again:
        return  # so a pair has many rows
    times = max(n for n in range(1, min(common, 1000) + 1) if common % n == 0 and n <= rows)
    if times < 2:
        return
    yield (
        f"the test has {rows:.1f} rows for each pair of buyer and product, and the numbers of "
        f"training, validation and test rows are all multiples of {times}: each row may be there "
        f"{times} times"
    )


KINDS = (
    Kind(
        code="RD408",
        verdict="at_risk",
        title="One buyer with most rows",
        reason="Purchases without an account are often booked on one ID, such as guest or 0. They "
        "are learnt as the taste of one buyer, who bought everything, and outweigh all others.",
        signs="`recgen check` finds such an ID in the data (RG553), or 20% of the training rows "
        "have the same buyer; or the test has two rows or more for each pair of buyer and product, "
        "and popularity finds twice as many rows as pairs.",
        remedy="Write null for buyers who are unknown, or leave these rows out of the training.",
        check=_one_buyer,
    ),
    Kind(
        code="RD409",
        verdict="at_risk",
        title="Rows that are repeated",
        reason="A row that is there ten times counts as ten purchases: in training, in popularity, "
        "and in the test, where it makes figures look ten times as sure. If rows are split at "
        "random, its copies are in training and test.",
        signs="`recgen check` finds 10% of the rows repeated (RG554), or the last rows to be "
        "earlier ones under other dates (RG582); or 20% of the examples equal an earlier one, time "
        "included; or the numbers of rows of all splits have a common factor, and the test has as "
        "many rows for each pair of buyer and product.",
        remedy="Remove repeated rows where the data is made; a join is the usual reason.",
        check=_repeated,
    ),
)
