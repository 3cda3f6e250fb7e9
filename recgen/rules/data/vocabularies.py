"""Embeddings, vocabularies and hash buckets against the number of values in the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import exp, inf, prod

from recgen.config import SIDES, Cross, Embedding, FeatureConfig, ModelConfig, residuals_of
from recgen.config.paths import all_crosses, embedding_of
from recgen.data.columns import described, find, ids, places_of
from recgen.data.estimates import embedding_width
from recgen.data.profile import Profile
from recgen.findings import Severity, percent, show
from recgen.rules.base import Problem, Rule

_NARROW = 4  # times less than the formula's width
_EMPTY = 100  # hash buckets a combination
_MOST = 0.5


def _too_wide(features: FeatureConfig, model: ModelConfig, profile: Profile) -> Iterator[Problem]:
    # As wide as they have to be.
    around = {each for side in SIDES for each in residuals_of(features, model, side)}
    for path, feature, column in described(features, profile):
        embedding = embedding_of(feature)
        if embedding is None or feature in around or column.distinct == 1:
            continue
        vectors = max(4, column.distinct + embedding.oov_buckets)
        if embedding.embedding_dim > vectors:
            message = (
                f"{show(feature.output_name)} has {column.distinct:,} values, and vectors "
                f"{embedding.embedding_dim} wide for them"
            )
            width = min(vectors, embedding_width(column.distinct))
            at = (*path, "transforms", "embedding", "embedding_dim")
            yield Problem(at, message, f"{width} is wide enough.", fix=("set", width))


def _too_narrow(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    named = [path for _, path, _ in ids(features, profile)]
    for path, feature, column in described(features, profile):
        embedding = embedding_of(feature)
        if embedding is None or path not in named:
            continue
        width = embedding_width(column.distinct)
        if embedding.embedding_dim * _NARROW < width:
            message = (
                f"{show(feature.output_name)} has {column.distinct:,} values, and vectors only "
                f"{embedding.embedding_dim} wide for them"
            )
            help = f"Try {width}, or the width of the output."
            at = (*path, "transforms", "embedding", "embedding_dim")
            yield Problem(at, message, help)


def _cut(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    product = features.product_id
    for path, feature, column in described(features, profile):
        embedding = embedding_of(feature)
        if embedding is None or (embedding.vocab_size, embedding.min_frequency) == (None, None):
            continue
        counts = profile.counts(column.name)
        kept = _kept(embedding, counts)
        if kept == len(counts):
            continue
        lost = 1 - sum(counts[:kept]) / sum(counts)
        at = (*path, "transforms", "embedding")
        message = (
            f"the vocabulary of {show(feature.output_name)} keeps {kept:,} of {len(counts):,} "
            f"values; {percent(lost)} of the rows have another one"
        )
        if feature.output_name == product:
            message += f", so that recall cannot exceed {1 - lost:.2f}"
        severity: Severity | None = "error" if kept == 0 else "warning" if lost > _MOST else None
        help = "Raise `vocab_size` or lower `min_frequency`, unless that is what you want."
        yield Problem(at, message, help, severity=severity)


def _kept(embedding: Embedding, counts: Sequence[int]) -> int:
    """Returns how many values the vocabulary holds; `counts` fall."""
    often = sum(1 for count in counts if count >= (embedding.min_frequency or 1))
    return min(often, embedding.vocab_size or often)


def _hashed(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    places = places_of(profile)
    for path, cross in all_crosses(features):
        combinations = _combinations(cross, places, profile)
        buckets = cross.hash_bucket_size
        if combinations == 0:
            continue
        at = (*path, "hash_bucket_size")
        up_to = "" if all(member.type == "text" for member in cross.features) else "up to "
        name = f"{show(cross.output_name)} has {up_to}{combinations:,} combinations"
        if combinations > buckets:
            shared = 1 - exp(-(combinations - 1) / buckets)
            message = (
                f"{name} in {buckets:,} buckets: {percent(shared)} of them share theirs with "
                "another"
            )
            yield Problem(at, message, "Raise it to the number of combinations or more.")
        elif buckets >= _EMPTY * combinations:
            message = f"{name} in {buckets:,} buckets, hardly any of which is ever used"
            help = f"{max(100, 10 * combinations):,} would do."
            yield Problem(at, message, help, severity="info")


def _combinations(cross: Cross, places: Counter[str], profile: Profile) -> int:
    """Returns how many values a cross has, at most; 0 where a column is not there."""
    columns: list[str] = []
    sizes: list[int] = []
    for member in cross.features:
        place = find(places, member.output_name, member.column)
        if place is None:
            return 0
        most = inf if member.type == "text" else member.crossing_buckets
        columns.append(place)
        sizes.append(int(min(profile.column(place).distinct, most)))
    return min(prod(sizes), profile.distinct(columns))


RULES = (
    Rule(
        code="RG510",
        severity="info",
        title="An embedding wider than the data has values",
        reason="n vectors span at most n dimensions, so what is wider says nothing more. The "
        "width that is proposed is 1.6 · n^0.56, at most 600: fastai's rule of thumb "
        "(`emb_sz_rule`).",
        example="features:\n  buyer_model_features:\n    - column: country  # seven of them\n"
        "      data_type: text\n      transforms: {embedding: {embedding_dim: 64}}",
        remedy="Set `embedding_dim` to the width that the message names.",
        checks=(_too_wide,),
    ),
    Rule(
        code="RG511",
        severity="warning",
        title="An ID embedding that is narrow for so many IDs",
        reason="Said below a quarter of fastai's rule of thumb, 1.6 · n^0.56. On Online Retail "
        "(3,659 products, for which it gives 158) 32 wide vectors had recall@100 0.291 and 128 "
        "wide ones 0.308, both with the logQ correction.",
        example="features:\n  product_id_column: sku  # a million of them\n"
        "  product_model_features:\n"
        "    - {column: sku, data_type: text, transforms: {embedding: {embedding_dim: 16}}}",
        remedy="Widen it, best to `output_embedding_dim`.",
        checks=(_too_narrow,),
    ),
    Rule(
        code="RG512",
        severity="info",
        title="What a cut vocabulary leaves out",
        reason="All values outside the vocabulary share the OOV vectors. The message counts them "
        "in all rows, training and test: a product among them has no ID that could be "
        "recommended, which bounds recall. When most rows are outside, it is a warning; when all "
        "are, an error.",
        example="features:\n  buyer_model_features:\n    - column: city\n      data_type: text\n"
        "      transforms: {embedding: {min_frequency: 1000}}",
        remedy="Raise `vocab_size` or lower `min_frequency`.",
        checks=(_cut,),
    ),
    Rule(
        code="RG513",
        severity="warning",
        title="Hash buckets that do not fit a cross's combinations",
        reason="n combinations hashed into m buckets: a share of 1 - exp(-(n - 1) / m) has a "
        "bucket with another one, 63% when there are as many buckets as combinations. From "
        "100 buckets a combination on (a note) it is below 1%, and ten would have been enough "
        "for a tenth. Of numbers and times, quantiles are counted, so that there the figure is "
        "an upper bound.",
        example="features:\n  buyer_model_crosses:\n"
        "    - {features: [{column: city}, {column: job}], hash_bucket_size: 100}",
        remedy="Set `hash_bucket_size` to the number of combinations or a few times as much.",
        checks=(_hashed,),
    ),
)
