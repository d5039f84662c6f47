"""Configuration: Hydra composes it, these dataclasses check it. Only this and sweep import Hydra.

Everything after this module takes the small dataclasses below, never a configuration object.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from risicomodel import runs
from risicomodel.core import compute, levels, paths, storage
from risicomodel.core.errors import ConfigError, nearest, suggest
from risicomodel.core.metrics import HIGHER_IS_BETTER
from risicomodel.data import domains, features
from risicomodel.data.panel import names
from risicomodel.data.sources.own_table import OwnTable
from risicomodel.data.sources.statline.settings import CbsSettings
from risicomodel.demo import DemoSettings
from risicomodel.learning import models, protocols, tuning
from risicomodel.publishing import report
from risicomodel.publishing.report import ReportSettings
from risicomodel.results import explanation, forecasting
from risicomodel.results.estimates import EstimateSettings
from risicomodel.runs import RunSettings, rounds
from risicomodel.runs.rounds import ReviewSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    dir : str, list of str or None
        The archive's folder, or several that are read as one; for ``cbs`` and ``demo`` it is one,
        and a folder under the home is the default.
    first_wins : bool
        Whether the first folder's figure counts where two differ; otherwise that is an error.
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
    dir: Any = None
    first_wins: bool = False
    offline: bool = False
    refresh: bool = False
    cbs: CbsSettings = field(default_factory=CbsSettings)
    demo: DemoSettings = field(default_factory=DemoSettings)
    own: OwnTable = field(default_factory=OwnTable)

    @property
    def folders(self) -> list[str]:
        """The folders that ``dir`` names; none, one or several."""
        if isinstance(self.dir, list):
            return list(self.dir)
        return [self.dir] if self.dir else []


@dataclass
class ChampionSettings:
    """On which protocol and metric models compete.

    Parameters
    ----------
    replace : bool
        Make this run's best the registered champion also where its score and the present
        champion's do not compare: other rows, protocol or metric.
    """

    protocol: str = protocols.UNSEEN_GEMEENTE
    metric: str = "wape"
    replace: bool = False


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
class Settings:
    """One run, whole; ``level`` is the areas it is about, wijk or buurt."""

    data: DataSettings
    tables: dict[str, dict[str, list[str]]]
    features: features.FeatureSet
    split: protocols.SplitSettings
    domains: dict[str, domains.Domain] = field(default_factory=dict)
    models: dict[str, models.ModelSettings] = field(default_factory=dict)
    tuning: tuning.TuningSettings = field(default_factory=tuning.TuningSettings)
    champion: ChampionSettings = field(default_factory=ChampionSettings)
    estimate: EstimateSettings = field(default_factory=EstimateSettings)
    forecast: forecasting.ForecastSettings = field(default_factory=forecasting.ForecastSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    explain: explanation.ExplainSettings = field(default_factory=explanation.ExplainSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    compute: compute.ComputeSettings = field(default_factory=compute.ComputeSettings)
    run: RunSettings = field(default_factory=RunSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)
    level: str = levels.WIJK.name
    seed: int = 2026
    cache: bool = True

    @property
    def areas(self) -> levels.Level:
        """The level of areas, by its name."""
        return levels.get(self.level)

    def about(self) -> runs.AboutRun:
        """Return what a run's record says of its configuration, with passwords removed.

        Returns
        -------
        AboutRun
            Name, data, seed, configuration and justification.
        """
        configuration = asdict(self)
        for part, name in (("tracking", "uri"), ("tuning", "storage")):
            if configuration[part][name]:
                configuration[part][name] = storage.without_password(configuration[part][name])
        return runs.AboutRun(
            self.run.name, self.data.name, self.seed, configuration, self.features.justification
        )

    def catalogue(self) -> dict[str, dict[int, list[str]]]:
        """Return the ids of tables by subject and year, years as numbers.

        Returns
        -------
        dict
            ``{subject: {year: [id, …]}}``, the first id being the one that is downloaded.
        """
        return {
            subject: {int(year): list(ids) for year, ids in years.items()}
            for subject, years in self.tables.items()
        }


def compose(overrides: Sequence[str]) -> Settings:
    """Compose the configuration with overrides and check it.

    Parameters
    ----------
    overrides : sequence of str
        As on the command line: ``group=choice`` and ``key=value``.

    Returns
    -------
    Settings
        Checked.

    Raises
    ------
    ConfigError
        For an override that does not parse, that names nothing that exists, or whose value is not
        valid.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    folder = str(paths.config_dir())
    with explained(overrides), initialize_config_dir(folder, version_base="1.3"):
        return from_hydra(hydra_compose("config", overrides=list(overrides)))


@contextlib.contextmanager
def explained(overrides: Sequence[str]) -> Iterator[None]:
    """Turn errors of Hydra and OmegaConf into errors that say what to do.

    Parameters
    ----------
    overrides : sequence of str
        Shown in the error.

    Yields
    ------
    None
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise _config_error(error, overrides) from error


def from_hydra(config: DictConfig) -> Settings:
    """Return checked settings.

    Parameters
    ----------
    config : DictConfig
        A composed configuration.

    Returns
    -------
    Settings
        Checked.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    from omegaconf import OmegaConf

    if missing := sorted(OmegaConf.missing_keys(config)):
        raise ConfigError(
            f"{', '.join(missing)} has no value; expected one as the chosen file in 'configs/' "
            f"describes. Set it: '{missing[0]}=…'."
        )
    with explained(()):
        merged = OmegaConf.merge(OmegaConf.structured(Settings), config)
        settings = OmegaConf.to_object(merged)
    if not isinstance(settings, Settings):
        raise ConfigError(
            f"the configuration is a {type(settings).__name__}; expected the settings of a run, as "
            "in configs/config.yaml. Correct that file."
        )
    _check(settings)
    return settings


def _config_error(error: Exception, overrides: Sequence[str]) -> ConfigError:
    text = str(error)
    if match := re.search(r"Could not override '([^']+)'|Key '([^']+)' (?:is )?not in", text):
        return _unknown_setting(next(group for group in match.groups() if group))
    if match := re.search(r"Could not (?:find|load) '([^']+)'", text):
        return _unknown_choice(*match.group(1).rpartition("/")[::2])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[0].rstrip(".") if lines else type(error).__name__
    if match := re.search(r"full_key: (\S+)", text):
        reason = f"{match.group(1)}: {reason}"
    elif overrides:
        reason += f" (overrides: {storage.without_password(' '.join(overrides))})"
    return ConfigError(
        f"the configuration cannot be used: {reason}; expected 'group=choice' and 'key=value' "
        "with a value of the key's type, as 'configs/' shows. Correct the override."
    )


def _unknown_setting(key: str) -> ConfigError:
    keys = _all_keys()
    if key in keys:
        return ConfigError(
            f"setting '{key}' has no value to change; expected '+{key}=…', which adds one. Put a "
            "'+' before it."
        )
    # of settings with the same last part, the one nearest to the top is the likeliest
    order = sorted(keys, key=lambda full: full.count("."))[::-1]
    by_last = {full.rpartition(".")[2]: full for full in order}
    near = nearest(key, [*keys, *by_last])
    mean = f" (did you mean '{by_last.get(near, near)}'?)" if near else ""
    return ConfigError(
        f"unknown setting '{key}'{mean}; expected one that 'configs/' declares. Correct the "
        "override, or add a new key with '+' before it."
    )


def _unknown_choice(group: str, choice: str) -> ConfigError:
    options = _options(group)
    return ConfigError(
        f"'{choice}' is not a choice for '{group}'{suggest(choice, options)}; expected one of "
        f"{', '.join(options) or 'the groups of configs/'}. Correct the override '{group}=…'."
    )


def _options(group: str) -> list[str]:
    folder = paths.config_dir() / group
    return sorted(path.stem for path in folder.glob("*.yaml")) if folder.is_dir() else []


def _all_keys() -> list[str]:
    """Return every setting the dataclasses declare, dotted, and the groups of choices."""
    from typing import get_type_hints

    out: list[str] = []

    def walk(kind: Any, above: str) -> None:
        hints = get_type_hints(kind)
        for item in fields(kind):
            out.append(f"{above}{item.name}")
            if is_dataclass(hints[item.name]):
                walk(hints[item.name], f"{above}{item.name}.")

    walk(Settings, "")
    for name, kind in models.KINDS.items():
        if kind.params:
            walk(kind.params, f"models.{name}.params.")
    return [
        *out,
        *(
            path.name
            for path in paths.config_dir().iterdir()
            if path.is_dir() and path.name != paths.FORMS
        ),
    ]


def _check(settings: Settings) -> None:
    """Check rules that concern more than one section."""
    levels.get(settings.level)
    if settings.data.source not in SOURCES:
        raise ConfigError(
            f"data.source is '{settings.data.source}'; expected one of {', '.join(SOURCES)}. "
            "Choose one with 'data=archive', 'data=cbs' or 'data=demo'."
        )
    violations = [
        f"tables.{subject}: '{year}' is not a year"
        for subject, years in settings.tables.items()
        for year in years
        if not str(year).isdecimal()
    ]
    if settings.seed < 0:
        violations.append(f"seed is {settings.seed}; expected 0 or more")
    violations += _folder_violations(settings.data)
    violations += _champion_violations(settings.champion)
    if not settings.estimate.most_moved >= 1:  # nor is "nan"
        violations.append(
            f"estimate.most_moved is {settings.estimate.most_moved}; expected 1 or more"
        )
    violations += forecasting.violations(settings.forecast)
    violations += report.violations(settings.report)
    violations += rounds.violations(settings.review)
    violations += explanation.violations(settings.explain)
    violations += compute.violations(settings.compute)
    violations += tuning.violations(settings.tuning)
    violations += _domain_violations(settings)
    if violations:
        raise ConfigError(
            "settings do not fit together; expected what each line says. Correct:", violations
        )
    domains.check(settings.domains, set(names.columns()), {*settings.tables, OwnTable.SUBJECT})
    protocols.check(settings.split)
    models.check(settings.models)
    features.check(settings.features)


def _folder_violations(data: DataSettings) -> list[str]:
    if not isinstance(data.dir, str | list | None) or not all(
        isinstance(folder, str) and folder for folder in data.folders
    ):
        return [f"data.dir is {data.dir!r}; expected a path, or several as in 'data.dir=[A,B]'"]
    if data.source != "archive" and len(data.folders) > 1:
        line = (
            f"data.dir names {len(data.folders)} folders ({', '.join(data.folders)}) with "
            f"data={data.source}; expected one, as that source fills it. Several are read with "
            "'data=archive'"
        )
        return [line]
    return []


def _domain_violations(settings: Settings) -> list[str]:
    """Return parameters of models for domains that do not exist: they would have no effect."""
    domain_names = sorted({*settings.domains, *_options("domain")} - {"all"})
    return [
        f"models.{name}.domains: '{domain}'{suggest(domain, domain_names)} is not one of "
        f"{', '.join(domain_names)}"
        for name, model in settings.models.items()
        for domain in model.domains
        if domain not in domain_names
    ]


def _champion_violations(champion: ChampionSettings) -> list[str]:
    allowed = {"protocol": list(protocols.PROTOCOLS), "metric": list(HIGHER_IS_BETTER)}
    return [
        f"champion.{name} is '{chosen}'{suggest(chosen, allowed[name])}; expected one of "
        f"{', '.join(allowed[name])}"
        for name, chosen in (("protocol", champion.protocol), ("metric", champion.metric))
        if chosen not in allowed[name]
    ]
