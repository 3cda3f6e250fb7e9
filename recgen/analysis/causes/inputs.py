"""Causes RD4xx: what the model was given, and what its figures were measured on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recgen.analysis.causes.base import Kind, Sign, confirmed, figure
from recgen.analysis.causes.remedies import patch_of
from recgen.analysis.diagnosis import REMOVED, Patch
from recgen.analysis.facts import Facts
from recgen.analysis.run import MODULES
from recgen.analysis.series import last
from recgen.config import SIDES, ExperimentConfig, TemporalFeature
from recgen.findings import Finding, show

_TOO_GOOD = 0.9  # recall at a k within a tenth of the catalogue
_VAL_FAR_ABOVE = 1.5  # validation recall, divided by the test's
_ROWS_FOR_PRODUCTS = 0.9  # candidates, divided by training rows
_MANY_UNKNOWN = 0.05
_ANSWERS = ("RG115", "RG116")  # a tower sees the answer
_HINTS = ("RG117", "RG118")  # a tower sees something that hints at the answer
_VOCABULARY = re.compile(r'"([^"\n]+_vocab)"')
_ENTRY = re.compile(r"^features\.\w+_model_(?:features|crosses)\[\d+\]")


def _split_leakage(facts: Facts) -> Iterator[Sign]:
    config = facts.run.config
    if config is None or config.features.buyer_id is None:
        yield from _unlike_test(facts)
        return
    split = config.data.split
    if split is None:
        yield _no_split(facts, config)
    elif found := facts.findings("RG301"):
        seen = (*confirmed(*found), *_gap(facts))
        yield Sign("high", seen, found[0].help, _by_time(config))
    else:
        yield from _unlike_test(facts)


def _no_split(facts: Facts, config: ExperimentConfig) -> Sign:
    if facts.run.trained_here:
        seen = "the config has no split: validation and test rows are drawn from the whole period"
        return Sign("medium", (seen, *_gap(facts)), patch=_by_time(config))
    seen = "the config has no split: was the data split by time before training?"
    return Sign("low", (seen,), patch=_by_time(config), verdict="good")


def _by_time(config: ExperimentConfig) -> Patch:
    """Return a split by time, if the column with the time is known."""
    split = config.data.split
    if split and split.date_column:
        return {"data.split.kind": "strict_time"}
    times = [
        feature.column
        for side in SIDES
        for feature in config.features.features_of(side)
        if isinstance(feature, TemporalFeature)
    ]
    if not times:
        return {}
    return {"data.split": {"kind": "strict_time", "date_column": times[0]}}


def _gap(facts: Facts) -> Iterator[str]:
    judged = facts.judged
    if judged and judged.baseline is not None:
        baseline = f"{judged.rival} {figure(judged.baseline)}"
        yield f"{judged.name} {figure(judged.own)} ({baseline}) was not measured on later days"


def _unlike_test(facts: Facts) -> Iterator[Sign]:
    test, curve = facts.kind.measured("test"), facts.curve
    val = last(curve.values)
    if not test or not val or curve.measure != test.measure or facts.is_failed:
        return
    if not 0 < _VAL_FAR_ABOVE * test.own < val:
        return
    rows = min(facts.kind.rows("val") or 0, test.rows or 0)
    if rows and val - test.own <= 3 * (val * (1 - val) / rows) ** 0.5:
        return
    seen = (
        f"validation {curve.measure} is {figure(val)}, but test {curve.measure} is "
        f"{figure(test.own)}: the validation rows are not from later days",
    )
    yield Sign("medium", seen)


def _too_good(facts: Facts) -> Iterator[Sign]:
    judged = facts.judged
    answers, hints = facts.findings(*_ANSWERS), facts.findings(*_HINTS)
    chance = judged.chance if judged else None
    is_dead = facts.zero_gradients or facts.failure_kind or facts.constant_loss
    too_good = judged is not None and judged.own >= _TOO_GOOD and not is_dead
    if judged is None or (not too_good and not answers and not hints):
        return
    if too_good and (chance is None or chance > 0.2) and not (answers or hints):
        return  # a high recall is easy with few products
    seen = [*confirmed(*answers, *hints)]
    if too_good:
        seen.insert(0, f"{judged.name} is {figure(judged.own)}: purchases are not that predictable")
    patch = _without(*answers) or _without(*hints)
    if answers or (too_good and hints):
        yield Sign("high", tuple(seen), patch=patch, verdict="bad")
    else:
        yield Sign("medium", tuple(seen), patch=patch, verdict="bad" if too_good else "at_risk")


def _without(*findings: Finding) -> Patch:
    """Return a patch that removes the features and crosses that findings are about."""
    entries = (_ENTRY.match(finding.path) for finding in findings)
    return {entry[0]: REMOVED for entry in entries if entry}


def _duplicate_candidates(facts: Facts) -> Iterator[Sign]:
    candidates, known = facts.params.candidates, facts.product_vocabulary
    if candidates is None:
        yield from (Sign("medium", (text,)) for text in _copies(facts))
        return
    if known and candidates > known:
        seen = f"there are {candidates:,} candidates, but the vocabulary has {known:,} products"
        yield Sign("high", (seen,))
        return
    rows = facts.params.train_rows
    if rows and rows >= 1000 and candidates >= _ROWS_FOR_PRODUCTS * rows:
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
    trained, rendered = facts.params.config_digest, run.rendered_digest
    if trained and rendered and trained != rendered:
        seen.append(f"the metrics are from config {trained}, but the trainer is from {rendered}")
    if seen:
        yield Sign("high", tuple(seen))


def _unknown_products(facts: Facts) -> Iterator[Sign]:
    cuts = [f for f in facts.findings("RG119") if f.path.startswith("features.product_model_")]
    for split, share in facts.unknown_products.items():
        if share > _MANY_UNKNOWN:
            seen = f"{share:.1%} of the {split} rows have a product that the training rows lack"
            patch = {finding.path: REMOVED for finding in cuts}
            yield Sign("high" if cuts else "medium", (seen, *confirmed(*cuts)), patch=patch)
            return


def _column_twice(facts: Facts) -> Iterator[Sign]:
    for finding in facts.findings("RG101"):
        yield Sign("medium", confirmed(finding), finding.help, patch_of(finding))


KINDS = (
    Kind(
        code="RD401",
        verdict="at_risk",
        title="Split leakage",
        reason="If test rows are drawn at random, the model knows what each buyer bought before "
        "and after. Measured on one catalogue: recall@5 41% in the pipeline, 16% on a later day. "
        "Nothing is wrong with the model, but its figures do not predict how it performs in use.",
        signs="The config's split is random or missing; or validation recall is far above test "
        "recall, so that the validation rows are not from later days.",
        remedy="Split by time: `kind: strict_time` with a `date_column`.",
        check=_split_leakage,
    ),
    Kind(
        code="RD402",
        verdict="at_risk",
        title="Too good to be true",
        reason="A tower sees the answer: the product's ID, a property of it, the target, or a "
        "value that both towers take from the same row. Measured on Online Retail with the "
        "product's ID in the buyer tower: recall@100 0.974 in the test, and 0.003 in use.",
        signs="Recall is 0.9 or more at a k of at most a tenth of the catalogue, and the model is "
        "alive; or `recgen check` finds the answer in a tower.",
        remedy="Remove from each tower what is not known when a recommendation is requested.",
        check=_too_good,
    ),
    Kind(
        code="RD403",
        verdict="at_risk",
        title="Duplicate candidates",
        reason="If candidates are transactions instead of products, copies fill the top of every "
        "list: the same model's top-10 accuracy of 0.585 becomes 0.315.",
        signs="There are more candidates than entries in the product vocabulary, or nearly as "
        "many candidates as training rows; or a file of an older trainer does not say how many "
        "there are, and recall is below chance although the first places are hit most often.",
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
        "the modules and the metrics file name different configs.",
        remedy="Render all modules from one config, then run the transform and the training "
        "again.",
        check=_vocabularies,
    ),
    Kind(
        code="RD405",
        verdict="at_risk",
        title="Products out of vocabulary",
        reason="All products that are missing from the vocabulary share one index and cannot be "
        "recommended: their rows are misses, whatever the model learned.",
        signs="More than 5% of the validation or test rows have such a product.",
        remedy="Lower `min_frequency` or raise `vocab_size`. New products need more recent "
        "training data.",
        check=_unknown_products,
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
