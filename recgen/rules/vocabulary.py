"""Vocabularies and embeddings: what is left out of them, how wide and how many their rows are."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.config import Embedding, FeatureConfig, ModelConfig
from recgen.config.paths import embedding_of, embeddings_of, id_features, quantiles_of
from recgen.findings import Location, show
from recgen.rules.base import Problem, Rule

_BOOL = ("BOOL", "BOOLEAN")
_UNLIKE = 2  # widths of ID and output: more than the defaults differ
_MANY = 10_000  # OOV buckets: as many rows as a catalogue


def _is_cut(embedding: Embedding) -> bool:
    return embedding.vocab_size is not None or (embedding.min_frequency or 1) > 1


def _id_cut(features: FeatureConfig) -> Iterator[Problem]:
    outcome = {"product": "can never be recommended", "buyer": "share one vector"}
    for side, path, feature in id_features(features):
        embedding = embedding_of(feature)
        if embedding is None or not _is_cut(embedding):
            continue
        for name in ("vocab_size", "min_frequency"):
            value = getattr(embedding, name)
            if value is not None and (name, value) != ("min_frequency", 1):
                message = f"{name} {value} on the {side} ID: {side}s outside {outcome[side]}"
                help = "Remove it, unless that is what you want."
                at = (*path, "transforms", "embedding", name)
                yield Problem(at, message, help, severity="info" if side == "buyer" else None)


def _too_wide(features: FeatureConfig) -> Iterator[Problem]:
    for path, name, rows, width in _known_tables(features):
        if width > rows:
            message = f"{show(name)} has at most {rows} vectors, each {width} wide"
            yield Problem((*path, "embedding_dim"), message, f"Set it to {rows} or less.")


def _known_tables(features: FeatureConfig) -> Iterator[tuple[Location, str, int, int]]:
    """Yields path, name, rows and width of the tables whose rows the config shows."""
    for path, feature, embedding in embeddings_of(features):
        size = 2 if feature.bq_type in _BOOL else embedding.vocab_size
        if size is not None:
            rows = size + embedding.oov_buckets
            yield path, feature.output_name, max(rows, 4), embedding.embedding_dim
    for path, feature, bucketize in quantiles_of(features):
        rows = bucketize.buckets + 1  # one for missing values
        yield path, feature.output_name, max(rows, 4), bucketize.embedding_dim


def _many_oov(features: FeatureConfig) -> Iterator[Problem]:
    for path, _, embedding in embeddings_of(features):
        buckets, size = embedding.oov_buckets, embedding.vocab_size
        at = (*path, "oov_buckets")
        if buckets > _MANY or (size is not None and buckets > size):
            known = f"a vocabulary of {size}" if size is not None else "the whole vocabulary"
            message = f"{buckets} buckets for what is outside {known}"
            yield Problem(at, message, "Use 1, or a tenth of `vocab_size` at most.")
        elif buckets > 1 and not _is_cut(embedding):
            message = (
                f"{buckets} OOV buckets, and no value of the training data falls into them: "
                "the vocabulary is not cut"
            )
            help = "Use 1, or cut the vocabulary with `vocab_size` or `min_frequency`."
            yield Problem(at, message, help, severity="info")


def _quantiles_of_two(features: FeatureConfig) -> Iterator[Problem]:
    for path, feature, _ in quantiles_of(features):
        if feature.bq_type in _BOOL:
            message = f"quantiles of {show(feature.output_name)}, which has two values"
            help = "Use `normalize`, or `data_type: text` with an embedding 4 wide."
            yield Problem(path, message, help)


def _id_width(features: FeatureConfig, model: ModelConfig) -> Iterator[Problem]:
    for side, path, feature in id_features(features):
        embedding, output = embedding_of(feature), model.output_embedding_dim
        if model.layers_of(side) or embedding is None:
            continue
        width = embedding.embedding_dim
        if max(width, output) > _UNLIKE * min(width, output):
            message = f"the {side} ID is {width} wide and the output {output}, without layers"
            help = f"Set both to one width; {output} lets the ID go around the projection."
            at = (*path, "transforms", "embedding", "embedding_dim")
            yield Problem(at, message, help, fix=("set", output))


RULES = (
    Rule(
        code="RG119",
        severity="warning",
        title="The vocabulary of an ID is cut",
        reason="IDs outside the vocabulary share the OOV vectors. A product among them cannot be "
        "recommended, and its rows count as misses; buyers among them get one and the same list "
        "(which may be wanted for rare ones, so that is a note only).",
        example="features:\n  product_id_column: sku\n  product_model_features:\n"
        "    - {column: sku, data_type: text, transforms: {embedding: {min_frequency: 5}}}",
        remedy="Leave `vocab_size` and `min_frequency` away: the vocabulary then holds all IDs.",
        checks=(_id_cut,),
    ),
    Rule(
        code="RG120",
        severity="info",
        title="An embedding wider than it has vectors",
        reason="n vectors span at most n dimensions, so that what is wider says nothing more; it "
        "only costs memory and a wider tower input.",
        example="features:\n  buyer_model_features:\n    - column: age\n      data_type: numeric\n"
        "      transforms: {bucketize: {buckets: 10, embedding_dim: 32}}",
        remedy="Set `embedding_dim` to the number of vectors or less.",
        checks=(_too_wide,),
    ),
    Rule(
        code="RG121",
        severity="warning",
        title="OOV buckets that are too many, or never trained",
        reason="Values outside the vocabulary are rare by definition; more buckets than the "
        "vocabulary has entries is most often a mix-up of the two. And where the vocabulary is "
        "not cut it holds every value of the training data, so that only nulls train one of the "
        "buckets and the others stay as they were drawn at random (a note).",
        example="features:\n  buyer_model_features:\n    - column: city\n      data_type: text\n"
        "      transforms: {embedding: {vocab_size: 100, oov_buckets: 1000}}",
        remedy="Use 1 bucket, or a few beside a vocabulary that is cut.",
        checks=(_many_oov,),
    ),
    Rule(
        code="RG122",
        severity="info",
        title="Quantiles of a column with two values",
        reason="A BOOL has two values: of all buckets two are ever used, and each has a vector of "
        "its own where one number would do.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: is_member, bq_type: BOOL, data_type: numeric, transforms: {bucketize: {}}}",
        remedy="Use `normalize`.",
        checks=(_quantiles_of_two,),
    ),
    Rule(
        code="RG123",
        severity="info",
        title="ID embedding and output differ widely in width, without layers",
        reason="Without layers the ID's vector is all that tells two buyers, or two products, "
        "apart. A projection of 16 numbers to 128 still has only 16 dimensions; one of 512 to 64 "
        "throws most away. As wide as the output, the ID goes around the projection. Measured on "
        "Online Retail, recall@100 after three epochs is 0.280 with both 64 wide and 0.252 with "
        "32 projected to 64 (Adagrad 0.1; with Adam 0.01, 0.276 and 0.244).",
        example="features:\n  product_id_column: sku\n  product_model_features:\n"
        "    - {column: sku, data_type: text, transforms: {embedding: {embedding_dim: 16}}}\n"
        "model:\n  output_embedding_dim: 128",
        remedy="Set `embedding_dim` of the ID to `output_embedding_dim`.",
        checks=(_id_width,),
    ),
)
