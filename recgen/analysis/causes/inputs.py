"""Causes RD403 to RD406: candidates, vocabularies and columns that do not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, figure
from recgen.analysis.causes.foreign import duplicate_candidates
from recgen.analysis.causes.remedies import patch_of
from recgen.analysis.facts import Facts
from recgen.analysis.rendered import other_config
from recgen.analysis.run import MODULES
from recgen.findings import show

_ROWS_FOR_PRODUCTS = 0.9  # candidates, divided by training rows
_STRANGERS = 0.5  # of the test's pairs
_MANY_UNKNOWN = 0.05
_MOST_UNKNOWN = 0.3  # of the rows; then no model could have a high recall by rows
_FOREIGN = (
    *("domain-differs", "embedding-differs", "vocabulary-differs"),
    *("index-out-of-range", "splits-differ", "missing-feature", "catalogue-differs"),
    *("signature-differs", "wrong-kind", "wrong-shape", "rows-differ"),
)
"""What `recgen inspect` finds where files come from different runs."""
_OTHER_CONFIG = (
    "Put the config beside the run that it was trained with; or, if it was changed for the next "
    "training, train again."
)
_SHOWN = 4  # of them
_SLACK = 10  # products of each split, since a share may be of a sample
_VOCABULARY = re.compile(r'"([^"\n]+_vocab)"')


def _duplicate_candidates(facts: Facts) -> Iterator[Sign]:
    candidates, known = facts.params.candidates, facts.product_vocabulary
    yield from duplicate_candidates(facts)
    if candidates is None:
        yield from (Sign("medium", (text,)) for text in _copies(facts))
        return
    if known and candidates > known and facts.metrics.evaluation is None:
        seen = f"there are {candidates:,} candidates, but the vocabulary has {known:,} products"
        yield Sign("high", (seen,))
        return
    rows = facts.params.train_rows
    is_distinct = facts.metrics.evaluation is not None  # as trainers have them that measure pairs
    if not is_distinct and rows and rows >= 1000 and candidates >= _ROWS_FOR_PRODUCTS * rows:
        seen = f"{candidates:,} candidates from {rows:,} training rows: nearly one for each row"
        yield Sign("medium", (seen,))


def _copies(facts: Facts) -> Iterator[str]:
    """Yield how copies would explain a recall below chance of lists that are in some order."""
    judged = facts.judged
    if judged is None or not judged.is_below_chance or not judged.own or not judged.k:
        return
    if facts.run.file.version is not None or facts.kind.unordered or not facts.products:
        return  # generated trainers have each product once
    distinct = judged.own * facts.products
    yield (
        f"{judged.name} is below chance. Copies would explain that: of transactions, a list of "
        f"{judged.k} holds fewer than {judged.k} products, and {figure(judged.own)} is what "
        f"{distinct:.0f} of {facts.products:,} have when they are drawn at random"
    )


def _vocabularies(facts: Facts) -> Iterator[Sign]:
    run = facts.run
    seen = []
    named = set(_VOCABULARY.findall(run.modules.get("trainer_module.py", "")))
    missing = sorted(named - run.vocabularies.keys()) if run.vocabularies else []
    if missing:
        names = ", ".join(map(show, missing[:3]))
        seen.append(f"the trainer reads {names}, which the transform did not write")
    origins = {name: origin for name in MODULES if (origin := run.origin_of(name))}
    kinds = {origin.partition(":")[0] for origin in origins.values()}
    if len(set(origins.values())) > 1 and len(kinds) == 1:
        shown = ", ".join(f"{name} has {origin}" for name, origin in origins.items())
        seen.append(f"the modules come from different configs: {shown}")
    seen += [*_other_catalogue(facts), *run.evidence.foreign]
    found = [issue for issue in run.evidence.issues if issue.slug in _FOREIGN]
    seen += [f"{issue.place}: {issue.message} ({issue.slug})" for issue in found[:_SHOWN]]
    trained, rendered = facts.params.config_digest, run.rendered_digest
    if trained and rendered and trained != rendered:
        seen.append(f"the metrics are from config {trained}, but the trainer is from {rendered}")
    if seen:
        yield Sign("high", tuple(seen))
    elif others := tuple(other_config(run)):
        yield Sign("medium", others[:_SHOWN], _OTHER_CONFIG, verdict="at_risk")


def _other_catalogue(facts: Facts) -> Iterator[str]:
    """Yield figures of the metrics that the files next to them do not have."""
    params, known = facts.params, facts.product_vocabulary
    if facts.metrics.evaluation is None:
        return  # trainers that do not measure pairs may have transactions as candidates: RD403
    if known and params.candidates and params.candidates > known:
        yield (
            f"the metrics have {params.candidates:,} products, and the vocabulary next to them "
            f"{known:,}"
        )
    elif known and params.candidates and known > params.candidates + _most_new(facts):
        yield (
            f"the metrics have {params.candidates:,} products and hardly a row of another one, and "
            f"the vocabulary next to them has {known:,}"
        )
    width = facts.run.config.model.output_embedding_dim if facts.run.config else None
    if width and params.embedding_dim and width != params.embedding_dim:
        yield (
            f"the metrics are of vectors {params.embedding_dim} wide, and config.yaml says {width}"
        )


def _most_new(facts: Facts) -> float:
    """Return how many products validation and test may add to a vocabulary: one in a row."""
    params = facts.params
    if params.unknown_products is None:
        return math.inf
    rows = {"eval": params.eval_rows, "test": params.test_rows}
    shares = params.unknown_products
    return sum(_SLACK + shares.get(split, 0.0) * (count or 0) for split, count in rows.items())


def _new_products(facts: Facts) -> Iterator[Sign]:
    """Look at rows whose product is unknown although no vocabulary is cut."""
    if any(f.path.startswith("features.product_model_") for f in facts.findings("RG119", "RG512")):
        return  # RD411 says it
    judged = facts.judged
    shares = facts.unknown_products
    for split, share in shares.items():
        is_little = judged is not None and share * judged.own <= judged.noise
        if share <= _MANY_UNKNOWN or (is_little and share <= _MOST_UNKNOWN):
            continue  # what the model would have gained from them is within noise
        seen = f"{share:.1%} of the {split} rows have a product that the training rows lack"
        by_time = facts.run.config and facts.run.config.data.split
        help = "" if by_time and by_time.kind != "random" else "Train on more of the data."
        if share > _STRANGERS and shares.get("eval", 0.0) < share / 2:  # all at once
            help = "Compare how products' IDs are written before and after the test begins."
        yield Sign("medium", (seen,), help, explains=share > _MOST_UNKNOWN)
        return


def _column_twice(facts: Facts) -> Iterator[Sign]:
    for finding in facts.findings("RG101"):
        yield Sign("medium", confirmed(finding), finding.help, patch_of(finding))


KINDS = (
    Kind(
        code="RD403",
        verdict="at_risk",
        title="Duplicate candidates",
        reason="If candidates are transactions instead of products, copies fill the top of every "
        "list: the same model's top-10 accuracy of 0.585 becomes 0.315.",
        signs="There are more candidates than entries in the product vocabulary, nearly as many "
        "as training rows, or the trainer's module takes one for each row; or a file of an older "
        "trainer does not say how many there are, and recall is below chance although the first "
        "places are hit most often.",
        remedy="Use each product once, as generated trainers do.",
        check=_duplicate_candidates,
    ),
    Kind(
        code="RD404",
        verdict="broken",
        title="Transform and trainer do not belong together",
        reason="An index has a meaning only with the vocabulary that it was made with. With "
        "another one, the trainer learns and serves products under wrong names, or reads out of "
        "range.",
        signs="The trainer reads a vocabulary that the transform did not write, or the headers of "
        "the modules and the metrics file name different configs; the metrics have more products "
        "than the vocabulary, or vectors of another width than the config; or `recgen inspect` "
        "finds that examples, vocabularies, model and metrics do not fit together; or a vocabulary "
        "of IDs has hardly any ID of the run's purchases. If only the config differs from the "
        "modules, or from the vocabularies, the run is at risk: what it was is known, but not what "
        "the config says.",
        remedy="Render all modules from one config, then run the transform and the training "
        "again.",
        check=_vocabularies,
    ),
    Kind(
        code="RD405",
        verdict="at_risk",
        title="Products that are new since the training",
        reason="A product that no training row has cannot be recommended: its rows are misses, "
        "whatever the model learned. In a split by time, these are the products launched since; "
        "the longer the test, the more there are.",
        signs="More than 5% of the validation or test rows have such a product, the vocabulary is "
        "not cut (that is RD411), and with these rows recall would differ by more than noise.",
        remedy="Train more often, on data up to the day of use, and judge by a shorter test; put "
        "new products into lists by hand until they have rows.",
        check=_new_products,
    ),
    Kind(
        code="RD406",
        verdict="at_risk",
        title="A column twice in one tower",
        reason="One of the two is lost or counts twice, depending on the code that reads it, so "
        "the model is not the intended one. One of the failed experiments that recgen was made "
        "for had `cust_value` twice.",
        signs="`recgen check` finds a column twice in a tower (RG101).",
        remedy="Keep one feature and give it all the transforms.",
        check=_column_twice,
    ),
)
