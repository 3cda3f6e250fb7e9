"""Whether vocabularies fit the schema, the config and the model."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.findings import counted
from recgen.inspect.agreement.evidence import Evidence
from recgen.inspect.artifacts import shape_words
from recgen.inspect.report import Issue


def _domains(evidence: Evidence) -> Iterator[Issue]:
    """Compares vocabularies with the ranges of the schema."""
    schema = {feature.name: feature for feature in evidence.schema}
    for link in evidence.expected.links:
        feature, vocabulary = schema.get(link.feature), evidence.vocabularies.get(link.vocabulary)
        if feature is None or vocabulary is None or feature.high is None:
            continue
        end, known = feature.high + 1, vocabulary.entries
        wanted = known + (link.buckets or 0)
        if end < known or (link.buckets is not None and end != wanted):
            message = f"the schema has indices up to {feature.high:,}, and {link.vocabulary} with "
            message += f"its buckets up to {wanted - 1:,}: they are of different transforms"
            figures = {"schema": feature.high, "vocabulary": wanted - 1}
            yield Issue("domain-differs", "error", link.feature, message, figures)


def _missing_vocabularies(evidence: Evidence) -> Iterator[Issue]:
    for link in evidence.expected.links if evidence.schema else ():
        if link.vocabulary not in evidence.vocabularies:
            message = f"the config wants the vocabulary {link.vocabulary}, and the transform "
            message += "output has none"
            yield Issue("missing-vocabulary", "error", link.vocabulary, message)


def _embeddings(evidence: Evidence) -> Iterator[Issue]:
    """Compares vocabularies with the model's embedding tables."""
    for model in evidence.models:
        variables = model.content.variables if model.content else {}
        for link in evidence.expected.links:
            table, vocabulary = variables.get(link.variable), evidence.vocabularies.get(
                link.vocabulary
            )
            if table is None or vocabulary is None or link.buckets is None:
                continue
            wanted = (vocabulary.entries + link.buckets, link.width)
            if table.shape != wanted:
                message = f"the table {link.variable} is {shape_words(table.shape)}; "
                message += f"{link.vocabulary} and the config make it {shape_words(wanted)}"
                figures = {"rows": wanted[0], "width": wanted[1]}
                yield Issue("embedding-differs", "error", link.feature, message, figures)


def _assets(evidence: Evidence) -> Iterator[Issue]:
    """Compares the model's vocabularies with the transform's."""
    transform = {scan.name: scan for scan in evidence.vocabularies.values()}
    for model in evidence.models:
        for name, own in model.vocabularies.items():
            other = transform.get(name)
            if other is not None and own.digest != other.digest:
                known = counted(own.entries, "entry", "entries")
                message = f"the model's vocabulary has {known} and the transform's "
                message += f"{other.entries:,}, not the same ones in the same order"
                figures = {"model": own.entries, "transform": other.entries}
                yield Issue("vocabulary-differs", "error", f"{model.name}/{name}", message, figures)


QUESTIONS = (_missing_vocabularies, _domains, _embeddings, _assets)
