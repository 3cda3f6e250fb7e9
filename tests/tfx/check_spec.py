"""Checks a compiled pipeline offline: `python check_spec.py FILE`. Needs kfp and the Vertex SDK.

Prints the names of its components and the images of its containers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2


def main(file: str) -> None:
    """Parse the file as KFP's message and as a job of Vertex AI."""
    content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    spec = content.get("pipelineSpec", content)
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    project = {"project": "my-project", "location": "europe-west4"}
    aiplatform.init(**project, credentials=AnonymousCredentials())
    aiplatform.PipelineJob(display_name="a", template_path=file, pipeline_root="gs://b/root")
    executors = spec["deploymentSpec"]["executors"].values()
    images = {each["container"]["image"] for each in executors if "container" in each}
    print(json.dumps({"components": sorted(spec["components"]), "images": sorted(images)}))


if __name__ == "__main__":
    main(sys.argv[1])
