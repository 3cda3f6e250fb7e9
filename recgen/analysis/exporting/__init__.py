"""Export of finished runs to the formats of other tools."""

from recgen.analysis.exporting.mlflow_store import ALLOW, Logged, log_run

__all__ = ["ALLOW", "Logged", "log_run"]
