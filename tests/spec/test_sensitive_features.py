"""Sensitive features: origin is no feature unless someone writes down why."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core.errors import ConfigError
from risicomodel.data import features
from risicomodel.data.features import CONTEXTS
from risicomodel.publishing.report import site
from risicomodel.publishing.report.settings import ReportSettings
from risicomodel.results.evaluation import sensitive_features
from risicomodel.results.explanation import nearest_wijken
from support.feature_sets import ORIGIN, SETS, one, shipped
from support.reports import smallest_gemeente, texts
from support.running import SHORT, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.domains import Domain

REASON = "does origin add anything beyond housing; study 12"


def test_origin_is_refused_without_a_reason(tmp_path: Path) -> None:
    """A run with features on origin is refused without a written justification, and nothing is
    written.
    """
    done = cli("train", *SHORT, "features=herkomst", f"run.dir={tmp_path / 'run'}")
    refused(done, "aandeel_westers", "features.justification=", "features=demografie_wonen")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("reason", ["''", "'  '"])
def test_blank_is_no_reason(reason: str) -> None:
    """A blank justification counts as none."""
    words = ["features=herkomst", f"features.justification={reason}"]
    refused(cli("train", *SHORT, *words), "written reason")


def test_origin_cannot_come_in_by_another_name() -> None:
    """A feature computed from an origin column needs the same justification, whatever it is
    called.
    """
    sly = (
        "+features.define.x={formula: niet_westers_totaal / aantal_inwoners, unit: share, "
        "family: wonen, label_nl: x, label_en: x}"
    )
    refused(cli("train", *SHORT, sly), "x", "features.justification=")


def test_the_reason_is_kept_with_the_run(tmp_path: Path) -> None:
    """The justification is kept in run.json, and features.csv marks each sensitive feature."""
    run = tmp_path / "run"
    words = ["features=herkomst", f"features.justification='{REASON}'"]
    well("train", *SHORT, *words, f"run.dir={run}")
    record = json.loads((run / "run.json").read_text())
    assert record["justification"] == REASON
    assert record["configuration"]["features"]["justification"] == REASON
    features = pd.read_csv(run / "features.csv").set_index("feature")
    assert features.loc["aandeel_niet_westers", "sensitive"]
    assert features["sensitive"].sum() == 2


@pytest.mark.parametrize("name", [name for name in SETS if name != "herkomst"])
def test_no_other_set_holds_origin(name: str) -> None:
    """No shipped set of features but herkomst holds origin."""
    for feature_name, declared in shipped(name).define.items():
        assert not declared.sensitive
        assert not features.sources(declared) & ORIGIN, feature_name


def test_a_feature_made_of_origin_is_refused_also_when_not_declared_sensitive() -> None:
    """Every origin column of CBS makes a feature sensitive, whether it is declared so or not."""
    for column in sorted(ORIGIN):
        with pytest.raises(ConfigError, match="expected a written reason"):
            features.check(one(f"{column} / aantal_inwoners"))


def test_what_is_added_to_a_sensitive_feature_is_as_sensitive(domains: dict[str, Domain]) -> None:
    """What is computed for the surroundings of a sensitive feature is as sensitive as the
    feature.

    The mean origin of a gemeente or of the wijken around is about origin too.
    """
    chosen = shipped("herkomst")
    bare = sensitive_features.without_sensitive(chosen)
    gone = {
        name + suffix
        for name in ("aandeel_westers", "aandeel_niet_westers")
        for suffix in ("", *CONTEXTS.values())
    }
    assert set(features.columns(chosen)) - set(features.columns(bare)) == gone
    assert set(features.columns(bare)) == set(features.columns(shipped("demografie_wonen")))
    for context in CONTEXTS:
        with pytest.raises(ConfigError, match="expected a written reason"):
            features.check(one("westers_totaal / aantal_inwoners", context=[context]))


def test_wijken_are_never_compared_by_figures_origin_or_where_they_lie(
    small_settings: Settings,
) -> None:
    """Similar wijken are never chosen by origin, by the figure that is explained, or by where they
    lie.
    """
    extra = {
        "westers": replace(small_settings.features.define["inwoners"], sensitive=True),
        "eigen_figuur": replace(small_settings.features.define["inwoners"], leaks_into=["wmo"]),
    }
    define = {**small_settings.features.define, **extra}
    chosen = replace(small_settings.features, define=define)
    names = nearest_wijken.compared_features(chosen, small_settings.domains)
    assert not {"westers", "eigen_figuur"} & set(names)
    assert not [name for name in names if name.startswith("ligging_")]
    assert "aandeel_65_plus" in names


def test_a_report_shows_the_justification(copied: Path, tmp_path: Path) -> None:
    """A report on a run with sensitive features shows their justification."""
    path = copied / "run.json"
    run = json.loads(path.read_text(encoding="utf-8")) | {"justification": "study 12"}
    path.write_text(json.dumps(run), encoding="utf-8")
    site.write(copied, tmp_path / "out", ReportSettings(smallest_gemeente()))
    for name in ("uitleg.html", "register.html"):
        assert "“study 12”" in texts(tmp_path / "out" / name)
        assert "geen kenmerk" not in texts(tmp_path / "out" / name)
