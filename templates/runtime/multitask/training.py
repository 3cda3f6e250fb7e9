"""Training for two tasks: retrieval on all rows, ranking on rated ones."""

from ..ranking.training import RatedTraining, some_rows, with_target
from ..retrieval.evaluation import COUNTED_ROWS
from ..retrieval.training import RetrievalTraining
from .metrics_file import TwoTaskMetrics, TwoTaskValidation, TwoTaskWatch, both


class TwoTaskTraining(RatedTraining, RetrievalTraining):
    """A training of a TwoTaskModel.

    Attributes:
        candidates: The number of products among which the loss looks for a row's own one.
    """

    elsewhere = " of ranking"

    def rated_part(self, split):
        """Return the rows of a split that have a target."""
        return with_target(split, self.target.column)

    def read(self, patterns, name, columns):
        split = super().read(patterns, name, columns)
        self.rated_rows(split, name)
        return split

    def use(self, rows):
        super().use(rows)
        self.use_targets(self.rated_part(rows))

    def describe(self):
        rated = self.describe_rated(some_rows(self.rated_part(self.validation)))
        return super().describe() | rated | {"kept_by": "both_tasks"}

    def metrics_file(self, folders, log_folder, chance):
        rows = self.validated.sample(COUNTED_ROWS)
        learnt = self.targets[self.target.column]
        own = folders, log_folder, self.params, chance, self.probe, rows
        return TwoTaskMetrics(*own, learnt=learnt)

    def add_baselines(self):
        self.metrics.add_figures(self.add_means(self.rated_part(self.train)))
        return super().add_baselines()

    def validations(self, each_epoch):
        monitored = self.params["monitored"]
        return [TwoTaskValidation(self.rated, each_epoch, monitored)]

    def watch(self, stage, baselines=None):
        return TwoTaskWatch(self.metrics, stage, baselines)

    def fit(self, candidates, **options):
        self.candidates = candidates
        return super().fit(candidates, **options)

    def complete(self, model):
        super().complete(model)
        self.use_calibration(model)

    def measure_test(self, model):
        super().measure_test(model)
        rows, test = self.rated_part(self.rows), self.rated_part(self.test)
        losses = {"ranking_loss": self.measure_ratings(model, rows, test)}
        final = self.metrics.content["final_metrics"]
        losses["retrieval_loss"] = final["test_retrieval_loss"]
        losses["loss"] = model.weighted(losses)
        losses["total_loss"] = losses["loss"] + final["test_regularization_loss"]
        recall = final[f"test_{self.params['monitored']}"]
        losses["both_tasks"] = both(model, recall, losses["ranking_loss"])
        final |= {f"test_{name}": value for name, value in losses.items()}
        self.metrics.write()
