"""Rules on embeddings, vocabularies and hash buckets for the number of values in the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import exp, inf, prod

from recgen.config import SIDES, Cross, Embedding, FeatureConfig, ModelConfig, residuals_of
from recgen.config.paths import all_crosses, embedding_of
from recgen.data.columns import described, find, ids, name_counts
from recgen.data.estimates import embedding_width
from recgen.data.profile import Profile
from recgen.findings import Severity, percent, show
from recgen.rules.registry import Problem, rule

_NARROW = 4  # times narrower than the formula
_EMPTY = 100  # hash buckets per combination
_MOST = 0.5


@rule("RG510", "info")
def wider_than_values(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """An embedding with more dimensions than the data has values.

    n vectors span at most n dimensions, so additional width adds no information. The suggested
    width is 1.6 · n^0.56, at most 600: fastai's rule of thumb (`emb_sz_rule`).

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
    # These have to be as wide as something else.
    around = {each for side in SIDES for each in residuals_of(features, model, side)}
    for path, feature, column in described(features, profile):
        embedding = embedding_of(feature)
        if embedding is None or feature in around or column.distinct == 1:
            continue
        vectors = max(4, column.distinct + embedding.oov_buckets)
        if embedding.embedding_dim > vectors:
            message = (
                f"{show(feature.output_name)} has {column.distinct:,} values, but its vectors are "
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
    products, for which it gives 158), recall@100 was 0.291 with vectors 32 wide and 0.308 with
    vectors 128 wide, both with the logQ correction.

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
                f"{show(feature.output_name)} has {column.distinct:,} values, but its vectors are "
                f"only {embedding.embedding_dim} wide"
            )
            help = f"Try {width}, or the width of the output."
            at = (*path, "transforms", "embedding", "embedding_dim")
            yield Problem(at, message, help)


@rule("RG512", "info", also=("warning", "error"))
def vocabulary_cut(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Values outside a cut vocabulary.

    All values outside the vocabulary share the OOV vectors. The message counts them in all rows,
    training and test. A product among them cannot be recommended, which limits recall. It is a
    warning if they are in most rows, and an error if they are in all.

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
            f"values; {percent(lost)} of the rows have other values"
        )
        if feature.output_name == product:
            message += f", so recall cannot exceed {1 - lost:.2f}"
        severity: Severity | None = "error" if kept == 0 else "warning" if lost > _MOST else None
        help = "Raise `vocab_size` or lower `min_frequency`, unless that is what you want."
        yield Problem(at, message, help, severity=severity)


def _kept(embedding: Embedding, counts: Sequence[int]) -> int:
    """Return how many values the vocabulary keeps; `counts` are descending."""
    often = sum(1 for count in counts if count >= (embedding.min_frequency or 1))
    return min(often, embedding.vocab_size or often)


@rule("RG513", "warning", also=("info",))
def hash_buckets(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """Hash buckets that do not fit the combinations of a cross.

    When n combinations are hashed into m buckets, a share of 1 - exp(-(n - 1) / m) shares its
    bucket with another one: 63% if there are as many buckets as combinations. With 100 buckets per
    combination or more (a note) it is below 1%; ten per combination would give about 10%. Numbers
    and times are counted by their quantiles, so the figure is an upper bound for them.

    Example:
        features:
          buyer_model_crosses:
            - {features: [{column: city}, {column: job}], hash_bucket_size: 100}

    Use instead:
        features:
          buyer_model_crosses:
            - {features: [{column: city}, {column: job}], hash_bucket_size: 5000}

    Set `hash_bucket_size` to the number of combinations or a small multiple of it.
    """
    counts = name_counts(profile)
    for path, cross in all_crosses(features):
        combinations = _combinations(cross, counts, profile)
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


def _combinations(cross: Cross, counts: Counter[str], profile: Profile) -> int:
    """Return the maximum number of values of a cross; 0 if a column is missing."""
    columns: list[str] = []
    sizes: list[int] = []
    for member in cross.features:
        column = find(counts, member.output_name, member.column)
        if column is None:
            return 0
        most = inf if member.type == "text" else member.crossing_buckets
        columns.append(column)
        sizes.append(int(min(profile.column(column).distinct, most)))
    return min(prod(sizes), profile.distinct(columns))
