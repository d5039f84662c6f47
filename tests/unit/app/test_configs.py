"""Every shipped configuration composes, every experiment runs, and a domain is a file."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
import yaml

from risicomodel.app import settings
from risicomodel.core import paths
from risicomodel.core.errors import ConfigError
from risicomodel.learning import models
from support.repository import ROOT
from support.rounds import round_folder
from support.running import DEMO, OFF, SHORT, SPLIT, cli, refused, well

CONFIGS = ROOT / "configs"
# what a choice cannot do without
NEEDS = {
    "experiment=from_review": ["review.round=reviews/round"],
    "compute=dask": ["compute.address=tcp://127.0.0.1:8786"],
    "features=herkomst": ["features.justification='study 12'"],
    "data=table": ["data.own.path=own.csv", "+data.own.columns={wijk_code: W, year: J, jeugd: N}"],
}


def choices(*groups: str) -> list[str]:
    others = {"local", paths.FORMS}
    found = [path for path in CONFIGS.glob("*/*.yaml") if path.parent.name not in others]
    return sorted(
        f"{path.parent.name}={path.stem}"
        for path in found
        if not groups or path.parent.name in groups
    )


class TestCompose:
    @pytest.mark.parametrize("choice", choices())
    def test_every_choice_composes(self, choice: str) -> None:
        assert settings.compose([choice, *NEEDS.get(choice, [])]).models

    def test_default_is_what_the_readme_promises(self) -> None:
        chosen = settings.compose([])
        assert chosen.data.source == "demo"
        assert list(chosen.domains) == ["jeugd", "wmo", "bijstand"]
        assert chosen.features.name == "demografie_wonen"
        assert not any(feature.sensitive for feature in chosen.features.define.values())
        assert list(chosen.models) == [
            "mean", "gemeente_mean", "persistence", "glm", "lightgbm", "kernel", "blend",
        ]  # fmt: skip
        assert chosen.split.protocols == ["unseen_gemeente", "unseen_wijk", "next_years", "random"]
        assert chosen.tracking.enabled

    def test_one_and_two_domains(self) -> None:
        assert list(settings.compose(["domain=jeugd"]).domains) == ["jeugd"]
        assert list(settings.compose(["domain=[wmo,jeugd]"]).domains) == ["wmo", "jeugd"]

    def test_off_is_off(self) -> None:
        assert not settings.compose(["tracking=off"]).tracking.enabled

    @pytest.mark.parametrize("choice", choices("model"))
    def test_files_say_what_the_code_defaults_to(self, choice: str) -> None:
        for name, chosen in settings.compose([choice]).models.items():
            kind = models.KINDS[chosen.kind]
            default = asdict(kind.params()) if kind.params else {}
            default |= {"members": chosen.params["members"]} if chosen.kind == "blend" else {}
            assert {**default, **chosen.params} == default, name

    @pytest.mark.parametrize("choice", choices("model"))
    def test_what_a_model_says_of_a_domain_is_of_a_shipped_one_and_differs(
        self, choice: str
    ) -> None:
        domains = settings.compose(["domain=[jeugd,wmo,bijstand,ao]"]).domains
        for name, chosen in settings.compose([choice]).models.items():
            assert set(chosen.domains) <= set(domains), name
            for own in chosen.domains.values():
                assert own
                assert all(value != chosen.params[param] for param, value in own.items()), name

    def test_the_blend_brings_the_models_it_averages(self) -> None:
        chosen = settings.compose(["model=blend"]).models
        assert list(chosen) == ["glm", "lightgbm", "kernel", "blend"]
        members = {"glm", "lightgbm", "kernel"}
        assert set(chosen["blend"].params["members"]) == members
        # the weights of bijstand are of the same three
        assert set(chosen["blend"].domains["bijstand"]["members"]) == members

    def test_the_weight_of_a_member_is_one_override(self) -> None:
        chosen = settings.compose(["models.blend.params.members.glm=0.3"]).models["blend"]
        assert chosen.params["members"] == {"lightgbm": 0.5, "glm": 0.3, "kernel": 0.4}

    def test_a_parameter_of_a_domain_is_one_override(self) -> None:
        chosen = settings.compose(["+models.lightgbm.domains.wmo.rounds=9"]).models
        assert models.for_domain(chosen, "wmo")["lightgbm"].params["rounds"] == 9
        assert models.for_domain(chosen, "jeugd")["lightgbm"].params["rounds"] == 400
        with pytest.raises(ConfigError) as caught:
            settings.compose(["+models.lightgbm.domains.wmo.round=9"])
        (told,) = caught.value.details
        assert told.startswith("wmo: lightgbm: parameter 'round' is not one of")

    def test_a_parameter_of_a_domain_that_is_none_is_refused(self) -> None:
        """It would change nothing, and nobody would know."""
        with pytest.raises(ConfigError) as caught:
            settings.compose(["+models.glm.domains.bijstnd.alpha=1"])
        (told,) = caught.value.details
        assert told == (
            "models.glm.domains: 'bijstnd' (did you mean 'bijstand'?) is not one of ao, bijstand, "
            "jeugd, wmo"
        )
        # one that is there and not chosen is no mistake
        assert settings.compose(["domain=jeugd"]).models["glm"].domains["bijstand"]

    def test_a_blend_without_its_members_is_refused(self) -> None:
        with pytest.raises(ConfigError) as caught:
            settings.compose(["model=blend", "~models.glm"])
        (told,) = set(caught.value.details)
        assert told == "blend: member 'glm' is not one of kernel, lightgbm"

    def test_archive_folder_comes_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(paths.ARCHIVE_VARIABLE, "/some/archive")
        assert settings.compose(["data=archive"]).data.dir == "/some/archive"
        monkeypatch.delenv(paths.ARCHIVE_VARIABLE)
        assert settings.compose(["data=archive"]).data.dir is None

    def test_several_archive_folders_are_a_list_and_one_is_a_path(self) -> None:
        several = settings.compose(["data=archive", "data.dir=[/a/one,/a/two]"]).data
        assert several.folders == ["/a/one", "/a/two"]
        assert not several.first_wins
        assert settings.compose(["data=archive", "data.dir=/a/one"]).data.folders == ["/a/one"]
        assert settings.compose(["data=archive", "data.dir=[/a/one]"]).data.folders == ["/a/one"]
        chosen = settings.compose(["data=archive", "data.dir=[a,b]", "data.first_wins=true"])
        assert chosen.data.first_wins

    @pytest.mark.parametrize("source", ["demo", "cbs"])
    def test_a_source_that_fills_a_folder_takes_one(self, source: str) -> None:
        with pytest.raises(
            ConfigError, match=r"data\.dir names 2 folders \(a, b\) with data="
        ) as it:
            settings.compose([f"data={source}", "data.dir=[a,b]"])
        assert f"data={source}; expected one" in str(it.value)
        assert settings.compose([f"data={source}", "data.dir=[a]"]).data.folders == ["a"]

    @pytest.mark.parametrize("value", ["3", "{a: b}", "[a,3]", "[a,'']", "[[a],b]"])
    def test_folders_that_are_none_are_refused(self, value: str) -> None:
        with pytest.raises(ConfigError, match=r"data\.dir is .*expected a path, or several"):
            settings.compose(["data=archive", f"data.dir={value}"])

    def test_tracking_server_comes_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
        assert settings.compose([]).tracking.uri == "http://mlflow.example"

    def test_next_years_table_is_one_line(self) -> None:
        chosen = settings.compose(["+tables.jeugd.2022=[85100NED]"])
        assert chosen.catalogue()["jeugd"][2022] == ["85100NED"]
        assert chosen.catalogue()["jeugd"][2021] == ["85075NED"]


class TestRun:
    @pytest.mark.parametrize("choice", choices("experiment"))
    def test_every_experiment_runs(self, choice: str, tmp_path: Path) -> None:
        run = tmp_path / "run"
        needs = []
        if choice in NEEDS:
            needs = [f"review.round={round_folder(tmp_path / 'round')}"]
        words = [choice, *needs, *DEMO, *SPLIT, *OFF, "domain=jeugd", "model=mean"]
        well("train", *words, f"run.dir={run}")
        record = json.loads((run / "run.json").read_text())
        assert record["name"] == choice.partition("=")[2]
        asked = set(record["configuration"]["split"]["protocols"])
        scored = set(pd.read_csv(run / "scores.csv")["protocol"])
        # from the folds of others
        follow = {"unseen_wijk_benchmarked", "unseen_year", "blank_cell", "blank_gemeente"}
        assert scored - follow == asked

    @pytest.mark.parametrize("choice", choices("features"))
    def test_every_feature_set_runs(self, choice: str, tmp_path: Path) -> None:
        run = tmp_path / "run"
        quick = ["model=lightgbm", "models.lightgbm.params.rounds=3"]
        more = NEEDS.get(choice, [])
        well("train", *SHORT, *quick, choice, *more, f"run.dir={run}")
        record = json.loads((run / "run.json").read_text())
        declared = record["configuration"]["features"]
        assert declared["name"] == choice.partition("=")[2]
        assert set(pd.read_csv(run / "features.csv")["feature"]) == set(declared["define"])

    def test_a_domain_is_a_file(self, tmp_path: Path) -> None:
        run = tmp_path / "run"
        well("train", *SHORT, "domain=ao", f"run.dir={run}")
        predictions = pd.read_parquet(run / "predictions.parquet")
        assert set(predictions["domain"]) == {"ao"}
        assert predictions["observed_rate"].notna().mean() > 0.9

    def test_a_new_domain_is_a_new_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = tmp_path / "run"
        folder = shutil.copytree(CONFIGS, tmp_path / "configs")
        ww = (folder / "domain" / "ao.yaml").read_text().replace("_uitkering_ao", "_uitkering_ww")
        (folder / "domain" / "ww.yaml").write_text(ww.replace("domains.ao", "domains.ww"))
        monkeypatch.setenv(paths.CONFIG_VARIABLE, str(folder))
        well("train", *SHORT, "domain=[ww,jeugd]", f"run.dir={run}")
        scores = pd.read_csv(run / "scores.csv")
        assert set(scores["domain"]) == {"ww", "jeugd"}


class TestFolder:
    """Where configuration is looked for."""

    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A package that is installed somewhere without anything beside it."""
        package = tmp_path / "checkout" / "src" / "risicomodel"
        package.mkdir(parents=True)
        monkeypatch.setattr(paths, "PACKAGE", package)
        return package

    @pytest.mark.usefixtures("package")
    def test_nowhere(self) -> None:
        with pytest.raises(ConfigError, match=f"set {paths.CONFIG_VARIABLE}"):
            paths.config_dir()

    def test_order(self, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        checkout = package.parent.parent
        (checkout / "pyproject.toml").touch()
        (checkout / "configs").mkdir()
        assert paths.config_dir() == checkout / "configs"
        (package / "configs").mkdir()
        assert paths.config_dir() == package / "configs"
        named = shutil.copytree(CONFIGS, tmp_path / "named")
        monkeypatch.setenv(paths.CONFIG_VARIABLE, str(named))
        assert paths.config_dir() == named

    def test_a_folder_without_configuration(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(paths.CONFIG_VARIABLE, str(tmp_path))
        refused(cli("data"), paths.CONFIG_VARIABLE, str(tmp_path), "config.yaml", "unset")

    def test_this_machines_own_settings_count(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = shutil.copytree(CONFIGS, tmp_path / "configs")
        (folder / "local").mkdir(exist_ok=True)
        own = {"compute": {"jobs": 1}, "tracking": {"enabled": False}}
        text = "# @package _global_\n" + yaml.safe_dump(own)
        (folder / "local" / "default.yaml").write_text(text)
        monkeypatch.setenv(paths.CONFIG_VARIABLE, str(folder))
        chosen = settings.compose([])
        assert chosen.compute.jobs == 1
        assert not chosen.tracking.enabled

    @pytest.mark.usefixtures("package")
    def test_home_without_a_checkout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(paths.HOME_VARIABLE)
        assert paths.home() == Path.home() / "risicomodel"
