"""Compiles a platform's script offline: `python compile_platform.py SCRIPT`.

Needs TFX. Nothing is submitted: Google's clients are replaced, and modules are not packed, since
that writes to the bucket. Prints the names of the components and the images, as JSON.
"""

from __future__ import annotations

import base64
import json
import runpy
import sys
from pathlib import Path
from unittest import mock

import google.cloud.aiplatform
import google.cloud.storage
from tfx.components.util import udf_utils

COMMON = {
    "run-id": "qt-7",
    "staging-bucket": "stage",
    "bigquery-query-b64": base64.b64encode(b"SELECT 1").decode(),
    "transform-module-path": "gs://b/transform_module.py",
    "trainer-module-path": "gs://b/trainer_module.py",
    "output-path": "gs://b/out",
    "epochs": "3",
    "batch-size": "512",
    "learning-rate": "0.05",
    "project-id": "shop",
    "split-strategy": "random",
}


def main(script: str) -> None:
    """Run the script as a build does, and print what it compiled."""
    job = mock.MagicMock(resource_name="projects/1/pipelineJobs/9")
    found = {}

    def keep(**arguments: str) -> mock.MagicMock:
        found.update(json.loads(Path(arguments["template_path"]).read_text("utf-8")))
        return job

    arguments = [f"--{name}={value}" for name, value in COMMON.items()]
    with (
        mock.patch.object(google.cloud.storage, "Client"),
        mock.patch.object(google.cloud.aiplatform, "init"),
        mock.patch.object(google.cloud.aiplatform, "PipelineJob", side_effect=keep),
        mock.patch.object(udf_utils, "should_package_user_modules", return_value=False),
        mock.patch.object(sys, "argv", [script, *arguments]),
    ):
        runpy.run_path(script, run_name="__main__")
    spec = found.get("pipelineSpec", found)
    executors = spec["deploymentSpec"]["executors"].values()
    images = {each["container"]["image"] for each in executors if "container" in each}
    print(json.dumps({"components": sorted(spec["components"]), "images": sorted(images)}))


if __name__ == "__main__":
    main(sys.argv[1])
