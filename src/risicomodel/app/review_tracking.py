"""What people said of a run, said to MLflow: tags of the model versions, tables as artifacts.

Whatever happens here, the tables are beside the run. No model is trained or made champion by it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel import runs
from risicomodel.app import tracking
from risicomodel.core import storage
from risicomodel.runs.contract import published_rounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATUS, ROUND, GEMEENTE = "review_status", "review_round", "review_gemeente"


@dataclass(frozen=True)
class PublishedReview:
    """A round of people on a run, published beside it.

    Parameters
    ----------
    folder : Path
        Of its tables.
    round_id : str
        Which round.
    """

    folder: Path
    round_id: str


def log_review(run: Path, review: PublishedReview) -> str:
    """Tag the models of a run with what people said, and keep the tables with the run.

    Parameters
    ----------
    run : Path
        Folder of the run.
    review : PublishedReview
        What was published of a round.

    Returns
    -------
    str
        What came of it, in a line. MLflow is imported only where the run was tracked.
    """
    record = runs.read_record(run)
    uri = tracking.store_of(record)
    if not uri:
        return "not tracked, so nothing to tag"
    again = f"publish again once it does; the tables are in {review.folder}"
    where = storage.without_password(uri)
    timeout = int(record["configuration"]["tracking"].get("timeout_seconds", 5))
    if why := tracking.unreachable(uri, timeout):
        return f"{where} does not answer ({why}); {again}"
    try:
        with tracking.quiet():
            os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(timeout * 6)
            return _log(run, record, uri, review)
    except Exception as error:  # noqa: BLE001 (MLflow raises many kinds; none may stop it)
        line = str(error).splitlines()[0] if str(error) else repr(error)
        return f"{where} refused it ({storage.without_password(line)}); {again}"


def _log(run: Path, record: Mapping[str, Any], uri: str, review: PublishedReview) -> str:
    client = tracking.client_of(uri)
    run_ids = _run_ids(client, record, storage.sha256_file(run / runs.RECORD))
    where = storage.without_password(uri)
    if not run_ids:
        return f"{where} has no run with this {runs.RECORD}; nothing tagged"
    marks = _marks(run)
    judged = sorted({domain for mark in marks for domain in mark["statuses"]})
    for run_id in run_ids:
        if not tracking.keeps_figures_here(record, uri):
            client.log_artifacts(run_id, str(review.folder), f"review/{review.round_id}")
        for key, value in _tags(marks, judged).items():
            client.set_tag(run_id, key, value)
    versions = [
        one for run_id in run_ids for one in client.search_model_versions(f"run_id='{run_id}'")
    ]
    for version in versions:
        domains = [one for one in judged if version.name.endswith(f"-{one}")]
        for key, value in _tags(marks, domains).items() if domains else ():
            client.set_model_version_tag(version.name, version.version, key, value)
    return f"tagged {len(run_ids)} run and {len(versions)} model versions in {where}"


def _marks(run: Path) -> list[dict[str, Any]]:
    """Return what all rounds on a run say of themselves."""
    paths = sorted(run.glob(f"{published_rounds.FOLDER}/[!.]*/{published_rounds.MARK}"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _tags(marks: list[dict[str, Any]], domains: list[str]) -> dict[str, str]:
    """Return the tags of a model: what all rounds on it say together."""
    given = [one["statuses"].get(domain, "") for one in marks for domain in domains]
    return {
        STATUS: published_rounds.together(given),
        ROUND: ", ".join(sorted(one["round_id"] for one in marks)),
        GEMEENTE: ", ".join(sorted({one["gemeente"] for one in marks})),
    }


def _run_ids(client: Any, record: Mapping[str, Any], record_hash: str) -> list[str]:
    experiment = client.get_experiment_by_name(record["configuration"]["tracking"]["experiment"])
    if experiment is None:
        return []
    query = f"tags.{tracking.RECORD_TAG} = '{record_hash}'"
    return [one.info.run_id for one in client.search_runs([experiment.experiment_id], query)]
