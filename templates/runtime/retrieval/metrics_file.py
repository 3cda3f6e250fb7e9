"""The metrics file of a retrieval model: recall, coverage, baselines and the test."""

from ..messages import say
from ..metrics_file import MetricsFile
from .evaluation import Evaluation, UnknownBuyers
from .measures import MEASURES

TEST_SCORES = 1 << 34  # rows times products in a test, and again pairs times products


class RetrievalMetrics(MetricsFile):
    """Adds recall, coverage, and what baselines reach to the metrics file."""

    measures = MEASURES

    def __init__(self, folders, log_folder, params, chance, probe, validation_probe):
        super().__init__(folders, log_folder, params, chance, probe)
        self.validation_probe = validation_probe  # rows for coverage
        self.content["health"]["val_coverage_at_100"] = []

    def _add_health(self, logs):
        super()._add_health(logs)
        self.model.embed_catalogue()
        shown = self.model.top_products(self.validation_probe)
        share = len(shown) / self.model.candidates.shape[0]
        self.content["health"]["val_coverage_at_100"].append(share)

    def add_baselines(self, counting, validated):
        """Add what counting reaches on validation rows; returns the monitored values."""
        params = self.content["params"]
        found = counting.measure(validated, params["half_lives"])
        self.content["final_metrics"] |= {f"val_{k}": v for k, v in found.items()}
        self.write()
        names, measure = params["half_lives"], params["monitored"]
        return {name: found[f"{name}_{measure}"] for name in names}

    def add_test(self, model, replicas, counting, test):
        """Add the evaluation on the test of a model of the rows that were counted."""
        params = self.content["params"]
        most = max(1, TEST_SCORES // len(counting.catalogue.indices))
        baselines = params["half_lives"]
        evaluation = Evaluation(counting, test, baselines, params["seed"], most)
        tested = test.spaced(most)
        params["tested_rows"] = tested.count
        if tested.count < test.count:
            rows = f"{tested.count:,} of {test.count:,} rows"
            pairs = len(evaluation.pairs)
            known = f"{pairs:,} of {pairs + evaluation.unscored:,} pairs"
            say("note", f"test on {rows} and {known}, evenly spaced")
        batches = tested.evaluation_batches(params["batch_size"])
        own = replicas.distribute(batches, params["batch_size"])
        found = model.evaluate(own, steps=len(batches), return_dict=True, verbose=0)
        found |= counting.measure(tested, baselines)
        final = self.content["final_metrics"]
        final |= {f"test_{name}": value for name, value in found.items()}
        if len(evaluation.pairs):
            compared = self.content["evaluation"] = evaluation.compare(model)
            compared["groups"] = evaluation.by_group(params["monitored"])
            unknown = UnknownBuyers(counting, test, baselines, params["seed"])
            unknown.add_to(compared, model)
        self.write()
        name = params["monitored"]
        best = max(baselines, key=lambda baseline: found[f"{baseline}_{name}"])
        shown, words = name.replace("_at_", "@"), best.replace("_", " ")
        figures = f"{found[name]:.4f}  {words} {found[f'{best}_{name}']:.4f}"
        print(f"test_{shown} {figures}", flush=True)
