"""Track runs in MLflow: the only module that imports it; does nothing when off or out of reach.

A run's tables are in its folder whatever happens here. When tracking fails, that is logged once and
the run continues.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import paths, storage
from risicomodel.core.metrics import ALL, HIGHER_IS_BETTER
from risicomodel.core.versions import versions
from risicomodel.runs import contract

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from risicomodel.app.settings import ChampionSettings, TrackingSettings
    from risicomodel.learning.models import RateModel

log = logging.getLogger(__name__)

ALIAS = "champion"
RECORD_TAG = "record_sha256"  # by which a run's folder and its run in the store find each other
_STORE = "MLFLOW_TRACKING_URI"
_ENVIRONMENT = {
    # read by MLflow when it is imported
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Entry:
    """The best model of one domain, to be registered.

    Parameters
    ----------
    domain, model_name : str
        Which model of which domain.
    model : RateModel
        Fitted on all rows.
    value : float
        Its score on the declared protocol and metric.
    scored_rows : str
        Hash of the figures it was scored on; scores compare only on the same figures.
    features : str
        Name of its feature set.
    sensitive : tuple of str
        Sensitive features it uses; such a model never becomes champion.
    """

    domain: str
    model_name: str
    model: RateModel
    value: float
    scored_rows: str
    features: str
    sensitive: tuple[str, ...] = ()


class Tracker:
    """Tracking that is off."""

    reached = False
    where = ""

    def log_run(
        self, folder: Path, record: Mapping[str, Any], scores: pd.DataFrame, entries: list[Entry]
    ) -> None:
        """Do nothing.

        Parameters
        ----------
        folder : Path
            The run's folder.
        record : mapping
            ``run.json``.
        scores : DataFrame
            ``scores.csv``.
        entries : list of Entry
            The best model of every domain.
        """


def open_tracker(settings: TrackingSettings, data: str, champion: ChampionSettings) -> Tracker:
    """Return a tracker for a reachable store; otherwise log why not, and return one that is off.

    Parameters
    ----------
    settings : TrackingSettings
        Whether and where to track.
    data : str
        Label of the data.
    champion : ChampionSettings
        The protocol and metric that models compete on.

    Returns
    -------
    Tracker
        Ready to log runs.
    """
    if not settings.enabled:
        return Tracker()
    uri = _absolute(settings.uri or default_uri())
    why = unreachable(uri, settings.timeout_seconds)
    if why:
        log.warning(
            "tracking is off for this run: %s does not answer (%s). All results are in the run's "
            "folder; start the server, correct tracking.uri, or use tracking=off.",
            storage.without_password(uri),
            why,
        )
        return Tracker()
    return MlflowTracker(uri, settings, data, champion)


def keeps_figures_here(record: Mapping[str, Any], uri: str) -> bool:
    """Tell whether a run has a gemeente's own figures, and its store is on another machine.

    Parameters
    ----------
    record : mapping
        ``run.json``.
    uri : str
        Tracking URI.
    """
    has_own_figures = any(source["source"] == "table" for source in record["inputs"])
    return has_own_figures and not uri.startswith(("sqlite:", "file:"))


def default_uri() -> str:
    """Return the SQLite store under the home, by absolute path."""
    return f"sqlite:///{paths.home() / 'mlflow.db'}"


def store_of(record: Mapping[str, Any]) -> str:
    """Return the tracking URI of a finished run; empty where it was not tracked.

    Parameters
    ----------
    record : mapping
        ``run.json``, which keeps no password: the environment's store goes before it.
    """
    tracked = record["configuration"].get("tracking", {})
    if not tracked.get("enabled"):
        return ""
    return _absolute(os.environ.get(_STORE) or tracked.get("uri") or default_uri())


def client_of(uri: str) -> MlflowClient:
    """Return a client of a store, to be used within :func:`quiet`."""
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri)


def _absolute(uri: str) -> str:
    """Return a SQLite URI with an absolute path, so that the working directory does not matter."""
    prefix = "sqlite:///"
    if not uri.startswith(prefix):
        return uri
    return f"{prefix}{Path(uri.removeprefix(prefix)).expanduser().resolve()}"


def unreachable(uri: str, timeout: int) -> str:
    """Return why a tracking server cannot be used; empty if it can, or if the URI is no server.

    Parameters
    ----------
    uri : str
        Tracking URI.
    timeout : int
        Seconds that it may take to answer.
    """
    if not uri.startswith(("http://", "https://")):
        return ""
    import requests

    try:
        answer = requests.get(f"{uri.rstrip('/')}/health", timeout=timeout)
    except requests.RequestException as error:
        return type(error).__name__
    return "" if answer.ok else f"status {answer.status_code}"


class MlflowTracker(Tracker):
    """Tracking in an MLflow store.

    Parameters
    ----------
    uri : str
        Tracking URI.
    settings : TrackingSettings
        Experiment and time-out.
    data : str
        Label of the data; models of other data are registered under another name.
    champion : ChampionSettings
        The protocol and metric that models compete on.
    """

    def __init__(
        self, uri: str, settings: TrackingSettings, data: str, champion: ChampionSettings
    ) -> None:
        self.where = storage.without_password(uri)
        self._uri = uri
        self._settings = settings
        self._data = data
        self._champion = champion

    def log_run(
        self, folder: Path, record: Mapping[str, Any], scores: pd.DataFrame, entries: list[Entry]
    ) -> None:
        """Log parameters, metrics, tables and best models of a finished run.

        Parameters
        ----------
        folder : Path
            The run's folder; its tables become artifacts.
        record : mapping
            ``run.json``.
        scores : DataFrame
            ``scores.csv``.
        entries : list of Entry
            The best model of every domain.
        """
        try:
            with quiet():
                self._log_run(folder, record, scores, entries)
        except Exception as error:  # noqa: BLE001 (MLflow raises many kinds; none may stop a run)
            log.warning(
                "tracking stopped: %s refused the run (%s). All results are in %s.",
                self.where,
                storage.without_password(str(error).splitlines()[0] if str(error) else repr(error)),
                folder,
            )
            return
        self.reached = True

    def _log_run(
        self, folder: Path, record: Mapping[str, Any], scores: pd.DataFrame, entries: list[Entry]
    ) -> None:
        import mlflow

        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(self._settings.timeout_seconds * 6)
        mlflow.set_tracking_uri(self._uri)
        experiment = self._experiment()
        stays = self._keeps_figures_here(record)
        if stays:
            log.warning(
                "own figures stay here: %s gets the scores of this run, but no table "
                "with figures of wijken or gemeenten, and no model.",
                self.where,
            )
        with mlflow.start_run(
            experiment_id=experiment, run_name=record["name"] or folder.name
        ) as run:
            mlflow.log_params(_flat(record["configuration"]))
            mlflow.set_tags(_tags(record))
            mlflow.set_tag(RECORD_TAG, storage.sha256_file(folder / contract.RECORD))
            mlflow.log_metrics(_metrics(scores))
            for path in self._to_send(folder, record):
                mlflow.log_artifact(str(path))
            for entry in entries if not stays else []:
                self._register(entry, run.info.run_id)

    def _keeps_figures_here(self, record: Mapping[str, Any]) -> bool:
        return keeps_figures_here(record, self._uri)

    def _to_send(self, folder: Path, record: Mapping[str, Any]) -> list[Path]:
        """Return the files to log: a server gets none in which own figures can be."""
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
        if not self._keeps_figures_here(record):
            return files
        # the sum or mean of one wijk is that wijk's figure: no table of gemeenten, or of tenths of
        # wijken, either. A file that no contract declares may hold anything
        tables = {table.file for table in contract.TABLES.values() if not table.holds_figures}
        return [path for path in files if path.name in tables | set(contract.OTHER_FILES)]

    def _experiment(self) -> str:
        """Return the experiment's id, created if it is new; several processes may do so at once."""
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient

        name = self._settings.experiment
        with _alone(self._uri):  # a fresh database migrates itself: one process at a time
            client = MlflowClient(self._uri)
            experiment = client.get_experiment_by_name(name)
            if experiment is not None:
                return str(experiment.experiment_id)
            try:
                return str(client.create_experiment(name, artifact_location=self._artifacts()))
            except MlflowException:
                experiment = client.get_experiment_by_name(name)  # another host was first
                if experiment is None:
                    raise
                return str(experiment.experiment_id)

    def _artifacts(self) -> str | None:
        """Return where artifacts go: beside a SQLite file, or where the server keeps them."""
        prefix = "sqlite:///"
        if not self._uri.startswith(prefix):
            return None
        return (Path(self._uri.removeprefix(prefix)).resolve().parent / "mlruns").as_uri()

    def _register(self, entry: Entry, run_id: str) -> None:
        """Register a best model, and make it champion if it beats the present one."""
        import tempfile

        import mlflow
        from mlflow.tracking import MlflowClient

        name = f"risicomodel-{self._data}-{entry.domain}"
        client = MlflowClient(self._uri)
        with tempfile.TemporaryDirectory() as folder:
            entry.model.save(Path(folder))
            info = mlflow.pyfunc.log_model(
                name=entry.domain,
                loader_module="risicomodel.app.mlflow_model",
                data_path=folder,
                pip_requirements=_requirements(),
            )
        # register_model prints to stderr, whatever the log level
        with _alone(self._uri), contextlib.redirect_stderr(io.StringIO()):
            version = mlflow.register_model(info.model_uri, name, tags=self._facts(entry))
            present = _champion(client, name)
            if self._takes_over(entry, present):
                client.set_registered_model_alias(name, ALIAS, version.version)
        log.debug("registered %s version %s of run %s", name, version.version, run_id)

    def _facts(self, entry: Entry) -> dict[str, str]:
        return {
            "model": entry.model_name,
            "protocol": self._champion.protocol,
            "metric": self._champion.metric,
            "value": repr(entry.value),
            "scored_rows": entry.scored_rows,
            "features": entry.features,
            "sensitive": ", ".join(entry.sensitive),
        }

    def _takes_over(self, entry: Entry, present: Mapping[str, str] | None) -> bool:
        """Tell whether a model becomes champion: it must beat the present one, on the same rows."""
        if entry.sensitive:
            log.info("%s: a model with sensitive features is never champion.", entry.domain)
            return False
        if present is None or self._champion.replace:
            return True
        facts = self._facts(entry)
        differ = [k for k in ("protocol", "metric", "scored_rows") if present.get(k) != facts[k]]
        if differ:
            log.warning(
                "%s: the registered champion stays, as its score cannot be compared (different "
                "%s). Use champion.replace=true to replace it with this run's best.",
                entry.domain,
                ", ".join(differ).replace("_", " "),
            )
            return False
        value, other = entry.value, float(present["value"])
        return value > other if HIGHER_IS_BETTER[self._champion.metric] else value < other


def _champion(client: Any, name: str) -> Mapping[str, str] | None:
    from mlflow.exceptions import MlflowException

    try:
        tags: Mapping[str, str] = client.get_model_version_by_alias(name, ALIAS).tags
    except MlflowException:
        return None
    return tags


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Set MLflow's environment before its import, and keep its messages out of the log."""
    for name, value in _ENVIRONMENT.items():
        os.environ[name] = value
    from mlflow.utils.logging_utils import disable_logging

    disable_logging()
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # MLflow writes its URI to the environment, where the next run's configuration would read it
    before = os.environ.get(_STORE)
    try:
        yield
    finally:
        os.environ.pop(_STORE, None)
        if before is not None:
            os.environ[_STORE] = before


def _alone(uri: str) -> contextlib.AbstractContextManager[None]:
    """Hold a lock beside a SQLite store; a server needs none."""
    prefix = "sqlite:///"
    if not uri.startswith(prefix):
        return contextlib.nullcontext()
    return storage.alone(Path(uri.removeprefix(prefix)))


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Return settings as MLflow's flat parameters, without tables, formulas and ranges."""
    if not isinstance(value, Mapping):
        return {prefix: str(value)[:500]}
    out: dict[str, str] = {}
    for key, item in value.items():
        if (prefix, key) not in {("", "tables"), ("features", "define"), ("tuning", "space")}:
            out |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
    return out


def _tags(record: Mapping[str, Any]) -> dict[str, str]:
    inputs = {_name(f"input.{i['table']}.{i['period']}"): i["sha256"] for i in record["inputs"]}
    return {
        "task": record["task"],
        "data": record["data"],
        "git_commit": str(record["git_commit"]),
        "justification": record["justification"],
        **inputs,
    }


def _name(text: str) -> str:
    """Return a text as a valid name for MLflow: a gemeente's own file may have any name."""
    return re.sub(r"[^\w .:/-]", "_", text)


def _metrics(scores: pd.DataFrame) -> dict[str, float]:
    """Return the overall scores as ``domain.protocol.model.metric``."""
    rows = scores[(scores["group"] == ALL) & scores["value"].notna()]
    keys = rows["domain"] + "." + rows["protocol"] + "." + rows["model"] + "." + rows["metric"]
    return dict(zip(keys, rows["value"].astype(float), strict=True))


def _requirements() -> list[str]:
    """Return the packages that serving a model needs; given, MLflow does not infer them."""
    installed = versions()
    packages = ("numpy", "pandas", "scikit-learn", "lightgbm", "risicomodel")
    return [f"{name}=={installed[name]}" for name in packages if name in installed]
