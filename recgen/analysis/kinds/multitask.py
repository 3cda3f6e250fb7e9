"""Models of two tasks: judged by what they find, and by what they predict beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from recgen.analysis.kinds.base import Figure, Judged
from recgen.analysis.kinds.ranking import Ranking, mean_figures, rating_figures, rating_notes
from recgen.analysis.kinds.retrieval import Retrieval


class Multitask(Retrieval):
    """The measures of a model that retrieves and rates.

    The first one is that of retrieval, which has a figure in the files of all trainers.
    """

    @cached_property
    def ranking(self) -> Ranking:
        """The measures of the other task."""
        return Ranking(self.metrics, self.candidates)

    @property
    def rated(self) -> Judged | None:
        """The measure of predictions, if the file compares it with means."""
        return self.ranking.rated

    @cached_property
    def others(self) -> tuple[Judged, ...]:
        """The judged measure on new test pairs, and that of predictions."""
        return (*self.views, *filter(None, [self.rated]))

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """The figures of both tasks, with those of what needs no model."""
        found = {**super().figures, **dict(rating_figures(self.metrics))}
        if self.rated:
            found |= dict(mean_figures(self.metrics, self.ranking.name))
        return found

    @property
    def headlines(self) -> tuple[str, ...]:
        """What each task is judged by on test data."""
        rated = self.ranking.headlines[:1] if self.rated else ()
        return (*super().headlines, *rated)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is known of both tasks."""
        said = "a multitask model: it is judged by recall; its loss is a sum over both tasks"
        if self.rated:
            said = (
                "a multitask model: it is judged by recall, and its predictions are compared "
                "with means of the target in training rows"
            )
        return (said, *rating_notes(self.metrics))
