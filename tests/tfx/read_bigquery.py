"""Reads a table of a BigQuery emulator as a pipeline would: `python read_bigquery.py PORT FILE`.

The pipeline lies beside this file; the rows are in the Parquet FILE, and FILE.json has the types of
its columns in BigQuery. The queries, TFX's executor, its types and Beam are as they are. Only
Beam's reader is replaced, by the query itself: it needs a bucket, or a destination of the query,
which the emulator does not write.
"""

import json
import os
import sys
import time
from pathlib import Path

import apache_beam as beam
import google.auth
import pipeline  # before Keras is used
import tfx.v1 as tfx
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tfx.extensions.google_cloud_big_query import utils


def load(file):
    """Loads the rows of a file as `my-project.shop.transactions`."""
    client = bigquery.Client()
    client.create_dataset("shop", exists_ok=True)
    types = json.loads(Path(f"{file}.json").read_text(encoding="utf-8"))
    schema = [
        bigquery.SchemaField(
            name, kind.removesuffix("[]"), "REPEATED" if "[]" in kind else "NULLABLE"
        )
        for name, kind in types.items()
    ]
    table = bigquery.Table("my-project.shop.transactions", schema=schema)
    client.create_table(table, retry=None)
    config = bigquery.LoadJobConfig(source_format="PARQUET", schema=schema)
    with open(file, "rb") as rows:
        client.load_table_from_file(rows, table, job_config=config).result()
    time.sleep(2)  # snapshots are of whole seconds


def rows_of(query):
    """Returns the rows of a query."""
    for row in bigquery.Client().query(query).result():
        yield dict(row.items())


@beam.ptransform_fn
def read(rows, query, big_query_custom_config=None):
    """Reads a query where Beam would write its rows to a bucket first."""
    return rows | beam.Create([query]) | beam.FlatMap(rows_of)


def main(port, file):
    """Loads the table and runs the component."""
    os.environ["BIGQUERY_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
    os.environ["GOOGLE_CLOUD_PROJECT"] = "my-project"
    google.auth.default = lambda *args, **options: (AnonymousCredentials(), "my-project")
    utils.ReadFromBigQuery = read
    load(file)
    metadata = tfx.orchestration.metadata.sqlite_metadata_connection_config("metadata.sqlite")
    tfx.orchestration.LocalDagRunner().run(
        tfx.dsl.Pipeline(
            pipeline_name="table",
            pipeline_root="root",
            components=[pipeline.table_examples()],
            metadata_connection_config=metadata,
            beam_pipeline_args=["--project=my-project"],
        )
    )


main(*sys.argv[1:])
