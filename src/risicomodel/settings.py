"""Configuration: Hydra composes it, these dataclasses check it. Hydra is imported here and in cli.

Everything after this module takes the small dataclasses below, never a configuration object.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from risicomodel import domains, features, models, paths, splits
from risicomodel.errors import ConfigError, suggest
from risicomodel.evaluation.scores import METRICS
from risicomodel.panel import names
from risicomodel.sources.cbs import CbsSettings
from risicomodel.sources.demo import DemoSettings
from risicomodel.sources.table import OwnTable

if TYPE_CHECKING:
    from omegaconf import DictConfig

SOURCES = ("archive", "cbs", "demo")


@dataclass
class DataSettings:
    """Where figures come from, as in ``configs/data``.

    Parameters
    ----------
    source : {"archive", "cbs", "demo"}
        Read a local folder; download into a folder and read that; or make one up.
    name : str
        Label on everything made from it.
    dir : str or None
        The archive's folder; for ``cbs`` and ``demo`` a folder under the home is the default.
    offline : bool
        For ``cbs``: use what was downloaded, fetch nothing.
    refresh : bool
        For ``cbs``: fetch tables again that are already here.
    cbs, demo : dataclass
        How to download and what to make up.
    own : OwnTable
        A gemeente's own figures, to be joined; without a path there are none.
    """

    source: str
    name: str
    dir: str | None = None
    offline: bool = False
    refresh: bool = False
    cbs: CbsSettings = field(default_factory=CbsSettings)
    demo: DemoSettings = field(default_factory=DemoSettings)
    own: OwnTable = field(default_factory=OwnTable)


@dataclass
class ChampionSettings:
    """On which protocol and metric models compete."""

    protocol: str = splits.UNSEEN_GEMEENTE
    metric: str = "wape"


@dataclass
class TrackingSettings:
    """Where runs are tracked, as in ``configs/tracking``.

    Parameters
    ----------
    enabled : bool
        Off is really off: MLflow is not even imported.
    uri : str or None
        Any MLflow tracking URI; a SQLite file under the home by default.
    experiment : str
        Name of the MLflow experiment.
    timeout_seconds : int
        How long a server may take to answer before the run goes on without it.
    """

    enabled: bool = True
    uri: str | None = None
    experiment: str = "risicomodel"
    timeout_seconds: int = 5


@dataclass
class ComputeSettings:
    """How much work at a time: ``jobs`` fits at once; −1 for every core."""

    jobs: int = -1


@dataclass
class RunSettings:
    """Where results go: ``dir`` or a new folder under ``runs/``; ``name`` labels the run."""

    dir: str | None = None
    name: str = ""


@dataclass
class Settings:
    """One run, whole."""

    data: DataSettings
    tables: dict[str, dict[str, list[str]]]
    domains: dict[str, domains.Domain]
    features: features.FeatureSet
    split: splits.SplitSettings
    models: dict[str, models.ModelSettings]
    champion: ChampionSettings = field(default_factory=ChampionSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    run: RunSettings = field(default_factory=RunSettings)
    seed: int = 2026
    cache: bool = True

    def catalogue(self) -> dict[str, dict[int, list[str]]]:
        """Return the tables by subject and year, years as numbers."""
        return {
            subject: {int(year): list(found) for year, found in years.items()}
            for subject, years in self.tables.items()
        }


def compose(overrides: Sequence[str]) -> Settings:
    """Compose the configuration with overrides and check it.

    Raises
    ------
    ConfigError
        For an override that does not parse, names nothing that exists, or does not fit together.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    folder = str(paths.config_dir())
    try:
        with initialize_config_dir(folder, version_base="1.3"):
            return from_hydra(hydra_compose("config", overrides=list(overrides)))
    except (HydraException, OmegaConfBaseException) as error:
        raise _config_error(error, overrides) from error


def from_hydra(config: DictConfig) -> Settings:
    """Return checked settings from a composed configuration."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        merged = OmegaConf.merge(OmegaConf.structured(Settings), config)
        settings = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise _config_error(error, ()) from error
    if not isinstance(settings, Settings):
        raise ConfigError("the configuration is not a run; see configs/config.yaml for its shape.")
    _check(settings)
    return settings


def _config_error(error: Exception, overrides: Sequence[str]) -> ConfigError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = lines[0] if lines else type(error).__name__
    if match := re.search(r"Key '([^']+)' is not in struct|Key '([^']+)' not in", str(error)):
        key = next(group for group in match.groups() if group)
        near = suggest(key, _all_keys())
        return ConfigError(
            f"unknown setting '{key}'{near}; allowed is what 'configs/' declares. Correct the "
            "override, or add a new key with '+' before it."
        )
    if match := re.search(r"Could not find '([^']+)'", str(error)):
        group, _, choice = match.group(1).partition("/")
        options = _options(group)
        near = suggest(choice, options)
        return ConfigError(
            f"'{choice}' is not a choice for '{group}'{near}; allowed are "
            f"{', '.join(options) or 'the groups of configs/'}. Correct the override "
            f"'{group}=…'."
        )
    typed = f" (overrides: {' '.join(overrides)})" if overrides else ""
    key = next((line for line in lines if line.startswith("full_key:")), "")
    return ConfigError(
        f"the configuration cannot be used: {found.rstrip('.')} {key}".rstrip()
        + f"{typed}. An override reads 'group=choice' or 'key=value'; correct it."
    )


def _options(group: str) -> list[str]:
    folder = paths.config_dir() / group
    return sorted(path.stem for path in folder.glob("*.yaml")) if folder.is_dir() else []


def _all_keys() -> list[str]:
    from dataclasses import fields, is_dataclass
    from typing import get_type_hints

    out: list[str] = []

    def walk(kind: Any) -> None:
        hints = get_type_hints(kind)
        for item in fields(kind):
            out.append(item.name)
            if is_dataclass(hints[item.name]):
                walk(hints[item.name])

    walk(Settings)
    groups = [path.name for path in paths.config_dir().iterdir() if path.is_dir()]
    return sorted({*out, *groups})


def _check(settings: Settings) -> None:
    """Check what lies across sections."""
    if settings.data.source not in SOURCES:
        raise ConfigError(
            f"data.source is '{settings.data.source}'; allowed are {', '.join(SOURCES)}. Choose "
            "one with 'data=archive', 'data=cbs' or 'data=demo'."
        )
    wrong = [
        f"tables.{subject}: '{year}' is not a year"
        for subject, years in settings.tables.items()
        for year in years
        if not str(year).isdecimal()
    ]
    if settings.champion.protocol not in splits.PROTOCOLS:
        wrong.append(f"champion.protocol '{settings.champion.protocol}' is not a protocol")
    if settings.champion.metric not in METRICS:
        wrong.append(f"champion.metric '{settings.champion.metric}' is not a metric")
    if settings.compute.jobs == 0 or settings.compute.jobs < -1:
        wrong.append(f"compute.jobs is {settings.compute.jobs}; allowed is 1 or more, or -1")
    if wrong:
        raise ConfigError("the configuration does not fit together; correct:", wrong)
    subjects = {*settings.tables, OwnTable.SUBJECT} | {d.subject for d in _demo_domains(settings)}
    domains.check(settings.domains, set(names.columns()), subjects)
    splits.check(settings.split)
    models.check(settings.models)
    features.check(settings.features)


def _demo_domains(settings: Settings) -> list[domains.Domain]:
    return [] if settings.data.source != "demo" else list(settings.domains.values())
