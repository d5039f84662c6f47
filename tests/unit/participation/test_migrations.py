"""A round's database: what versions make is what the schema says; older ones come along whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from risicomodel.app.review import command, folders
from risicomodel.core import database
from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import env, migrations, schema
from risicomodel.participation.review.answers import APP, Answer
from risicomodel.participation.review.store import Person, Store
from support import evenings, servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

ME = Person("1001", "inwoner", "p001")
SECOND = "CREATE TABLE other (a INTEGER)"


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Postgres]:
    with servers.postgres() as running:
        yield running


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close whatever was opened, by commands too: a process that ends does so by itself."""
    made, opening = [], database.engine

    def opened(url: str) -> Engine:
        made.append(opening(url))
        return made[-1]

    monkeypatch.setattr(database, "engine", opened)
    yield
    for engine in made:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / folders.DATABASE}"
    return str(request.getfixturevalue("server").database())


def first_version(kept: Store) -> None:
    """Take a round back to what the first version made, which did not keep its version."""
    with kept.engine.begin() as connection:
        connection.execute(text("DROP INDEX answers_by_number"))
        connection.execute(text(f"DROP TABLE {migrations.VERSION_TABLE}"))


def answered(url: str) -> Store:
    kept = evenings.store(url)
    kept.move(Phase.OWN_VIEW)
    kept.submit(ME, Answer("knows", Phase.OWN_VIEW, "well", "WK034401"), 1, APP)
    return kept


def differences(kept: Store) -> Any:
    with kept.engine.connect() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, schema.METADATA)


def test_versions_make_what_the_schema_says(url: str) -> None:
    kept = evenings.store(url)
    assert differences(kept) == []
    assert migrations.version_of(kept.engine) == migrations.NEWEST
    assert migrations.migrate(kept.engine) is None
    with kept.engine.begin() as connection:
        connection.execute(text("DROP INDEX answers_by_number"))
    assert len(differences(kept)) == 1  # so that a difference is seen


def test_the_versions_are_those_that_are_declared() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(scripts)) == migrations.VERSIONS
    assert env.__name__ != env.AS_ALEMBIC_LOADS_IT


def test_a_round_of_an_older_version_comes_along_with_its_answers(url: str, tmp_path: Path) -> None:
    kept = answered(url)
    before = kept.current()
    first_version(kept)
    assert migrations.migrate(kept.engine) == "0001"
    assert differences(kept) == []
    assert kept.current().equals(before)
    assert len(before) == 1
    # no second file of answers stays behind: who takes theirs back must find them in none
    assert not list(tmp_path.glob("round-*"))


def test_a_change_that_fails_changes_nothing(url: str, tmp_path: Path) -> None:
    kept = answered(url)
    first_version(kept)
    before = kept.current()
    with kept.engine.begin() as connection:  # the name that the change needs is taken
        connection.execute(text("CREATE INDEX answers_by_number ON answers (phase)"))
    with pytest.raises(SourceError, match="from version 0001 to 0002") as caught:
        migrations.migrate(kept.engine)
    assert "nothing was changed" in str(caught.value)
    assert migrations.version_of(kept.engine) == "0001"
    assert not inspect(kept.engine).has_table(migrations.VERSION_TABLE)
    assert kept.current().equals(before)
    if url.startswith("sqlite"):
        (copy,) = tmp_path.glob("round-*.sqlite")
        assert str(copy) in str(caught.value)
        assert Store(database.engine(f"sqlite:///{copy}")).current().equals(before)


def test_a_newer_round_and_one_that_is_not_there_are_refused(url: str) -> None:
    empty = database.engine(url)
    with pytest.raises(ConfigError, match="there is no round in this database"):
        migrations.migrate(empty)
    kept = evenings.store(url)
    with kept.engine.begin() as connection:
        connection.execute(text("UPDATE review_version SET version_num = '9001'"))
    with pytest.raises(ConfigError, match="is of version 9001; expected 0002 or older"):
        migrations.migrate(kept.engine)


def test_a_deleted_round_leaves_no_table(url: str) -> None:
    kept = evenings.store(url)
    with kept.engine.begin() as connection:
        connection.execute(text(SECOND))
    migrations.drop(kept.engine)
    assert inspect(kept.engine).get_table_names() == ["other"]


@pytest.fixture
def folder(url: str, tmp_path: Path) -> Path:
    """A round's folder, as ``review new`` leaves it."""
    answered(url).engine.dispose()
    address = "" if url.startswith("sqlite") else database.without_password(url)
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "database": address}
    (tmp_path / folders.MARK).write_text(json.dumps(mark))
    return tmp_path


def test_commands_open_an_older_round(folder: Path, url: str) -> None:
    kept = Store(database.engine(url))
    first_version(kept)
    kept.move(Phase.REVEAL)
    assert "tables" in command.carry_out(["export", str(folder)])
    assert migrations.version_of(kept.engine) == migrations.NEWEST


def test_the_database_must_be_that_of_the_folder(folder: Path) -> None:
    mark = json.loads((folder / folders.MARK).read_text())
    mark["round_id"] = "zzzz9999"
    (folder / folders.MARK).write_text(json.dumps(mark))
    with pytest.raises(ConfigError, match="has round abcd1234; expected zzzz9999"):
        command.carry_out(["delete", str(folder), "yes=zzzz9999"])
    assert (folder / folders.MARK).is_file()


def test_the_password_of_a_server_comes_from_the_environment(
    server: servers.Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = server.database()
    answered(address).engine.dispose()
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "database": "postgresql+psycopg://x@y/z"}
    assert folders.address_of(tmp_path, mark) == mark["database"]
    monkeypatch.setenv(folders.ADDRESS_VARIABLE, address)
    assert folders.address_of(tmp_path, mark) == address
    (tmp_path / folders.MARK).write_text(json.dumps(mark))
    with pytest.raises(ConfigError, match="before the reveal"):  # it was opened
        command.carry_out(["export", str(tmp_path)])
    assert folders.address_of(tmp_path, {**mark, "database": ""}).startswith("sqlite")
