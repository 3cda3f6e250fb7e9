"""Export of finished runs to the formats of other tools."""

from recgen.analysis.exporting.mlflow_store import ALLOW, Logged, log_run
from recgen.analysis.exporting.tensorboard import FILE, event_file

__all__ = ["ALLOW", "FILE", "Logged", "event_file", "log_run"]
