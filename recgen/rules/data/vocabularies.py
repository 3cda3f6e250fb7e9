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
from recgen.rules.registry import Problem, rule

_NARROW = 4  # times less than the formula's width
_EMPTY = 100  # hash buckets a combination
_MOST = 0.5


@rule("RG510", "info")
def wider_than_values(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """An embedding with more dimensions than the data has values.

    n vectors span at most n dimensions, so further width says nothing more. The suggested width is
    1.6 · n^0.56, at most 600: fastai's rule of thumb (`emb_sz_rule`).

    Example:
        features:
          buyer_model_features:
            - column: country  # seven of them
              data_type: text
              transforms: {embedding: {embedding_dim: 64}}

    Use instead:
        features:
          buyer_model_features:
            - column: country  # seven of them
              data_type: text
              transforms: {embedding: {embedding_dim: 5}}

    Set `embedding_dim` to the width that the message names.
    """
    # As wide as they have to be.
    around = {each for side in SIDES for each in residuals_of(features, model, side)}
    for path, feature, column in described(features, profile):
        embedding = embedding_of(feature)
        if embedding is None or feature in around or column.distinct == 1:
            continue
        vectors = max(4, column.distinct + embedding.oov_buckets)
        if embedding.embedding_dim > vectors:
            message = (
                f"{show(feature.output_name)} has {column.distinct:,} values, but vectors "
                f"{embedding.embedding_dim} wide"
            )
            width = min(vectors, embedding_width(column.distinct))
            at = (*path, "transforms", "embedding", "embedding_dim")
            yield Problem(
                at, message, f"Set it to {width}: that is wide enough.", fix=("set", width)
            )


@rule("RG511", "warning")
def id_narrow(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """An ID embedding that is narrow for its number of IDs.

    Reported below a quarter of fastai's rule of thumb, 1.6 · n^0.56. On Online Retail (3,659
    products, for which it gives 158), vectors 32 wide had recall@100 0.291 and vectors 128 wide
    0.308, both with the logQ correction.

    Example:
        features:
          product_id_column: sku  # a million of them
          product_model_features:
            - {column: sku, data_type: text, transforms: {embedding: {embedding_dim: 16}}}

    Use instead:
        features:
          product_id_column: sku  # a million of them
          product_model_features:
            - {column: sku, data_type: text, transforms: {embedding: {embedding_dim: 256}}}

    Widen it, ideally to `output_embedding_dim`.
    """
    named = [path for _, path, _ in ids(features, profile)]
    for path, feature, column in described(features, profile):
        embedding = embedding_of(feature)
        if embedding is None or path not in named:
            continue
        width = embedding_width(column.distinct)
        if embedding.embedding_dim * _NARROW < width:
            message = (
                f"{show(feature.output_name)} has {column.distinct:,} values, but vectors only "
                f"{embedding.embedding_dim} wide"
            )
            help = f"Try {width}, or the width of the output."
            at = (*path, "transforms", "embedding", "embedding_dim")
            yield Problem(at, message, help)


@rule("RG512", "info")
def vocabulary_cut(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Values that a cut vocabulary leaves out.

    All values outside the vocabulary share the OOV vectors. The message counts them in all rows,
    training and test: a product among them has no ID that could be recommended, which bounds
    recall. When most rows are outside, it is a warning; when all are, an error.

    Example:
        features:
          buyer_model_features:
            - column: city
              data_type: text
              transforms: {embedding: {min_frequency: 1000}}

    Use instead:
        features:
          buyer_model_features:
            - column: city
              data_type: text
              transforms: {embedding: {min_frequency: 5}}

    Raise `vocab_size` or lower `min_frequency`.
    """
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
            message += f", so recall cannot exceed {1 - lost:.2f}"
        severity: Severity | None = "error" if kept == 0 else "warning" if lost > _MOST else None
        help = "Raise `vocab_size` or lower `min_frequency`, unless that is what you want."
        yield Problem(at, message, help, severity=severity)


def _kept(embedding: Embedding, counts: Sequence[int]) -> int:
    """Returns how many values the vocabulary holds; `counts` fall."""
    often = sum(1 for count in counts if count >= (embedding.min_frequency or 1))
    return min(often, embedding.vocab_size or often)


@rule("RG513", "warning")
def hash_buckets(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Hash buckets that do not fit the combinations of a cross.

    When n combinations are hashed into m buckets, a share of 1 - exp(-(n - 1) / m) shares its
    bucket with another one: 63% when there are as many buckets as combinations. From 100 buckets
    per combination on (a note) it is below 1%, and ten would have been enough for a tenth. Numbers
    and times are counted by their quantiles, so the figure is an upper bound there.

    Example:
        features:
          buyer_model_crosses:
            - {features: [{column: city}, {column: job}], hash_bucket_size: 100}

    Use instead:
        features:
          buyer_model_crosses:
            - {features: [{column: city}, {column: job}], hash_bucket_size: 5000}

    Set `hash_bucket_size` to the number of combinations or a few times as much.
    """
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
                f"{name} in {buckets:,} buckets: {percent(shared)} of them share a bucket "
                "with another"
            )
            yield Problem(at, message, "Raise it to the number of combinations or more.")
        elif buckets >= _EMPTY * combinations:
            message = f"{name} in {buckets:,} buckets, most of which are never used"
            help = f"{max(100, 10 * combinations):,} are enough."
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
