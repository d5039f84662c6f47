"""Where trials are kept, so that none is lost: journal, SQLite or PostgreSQL; and who is alive."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import paths, storage
from risicomodel.core.errors import RisicomodelError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.storages import BaseStorage
    from optuna.study import Study

SQLITE, POSTGRES = "sqlite:///", "postgresql+psycopg://"
ALLOWED = f"a journal's path, {SQLITE}PATH or {POSTGRES}USER@HOST/DATABASE"
CONNECT_SECONDS = 5
BUSY_SECONDS = 60  # how long to wait for SQLite while others write
BEAT_SECONDS, DEAD_SECONDS = 5, 20  # a worker of another host is given up after so long a silence
OWNER = "owner"
JOURNAL = b'{"op_code"'  # how Optuna's journals begin
ATTEMPTS = 3


@dataclass(frozen=True)
class Place:
    """A storage's address, made whole: the working directory decides nothing later."""

    address: str

    @classmethod
    def of(cls, named: str | None) -> Place:
        """Return the place that settings name.

        Raises
        ------
        SourceError
            If trials cannot be kept there.
        """
        if not named:
            return cls(str(paths.home() / "tuning" / "trials.journal"))
        if named.startswith(SQLITE) and named != SQLITE:
            file = Path(named.removeprefix(SQLITE)).expanduser().resolve()
            return cls(f"{SQLITE}{file}")
        if match := re.match(r"postgres(?:ql)?(?:\+psycopg)?://", named):
            return cls(POSTGRES + named[match.end() :])
        if ":" in named:
            raise SourceError(
                f"tuning.storage={storage.without_password(named)} is no place for trials; allowed "
                f"is {ALLOWED}. Correct tuning.storage, or leave it out."
            )
        return cls(str(Path(named).expanduser().resolve()))

    @property
    def shown(self) -> str:
        """Return the address without a password."""
        return storage.without_password(self.address)

    @property
    def file(self) -> Path | None:
        """Return the file trials are in; None for a server."""
        if self.address.startswith(POSTGRES):
            return None
        return Path(self.address.removeprefix(SQLITE))

    @property
    def locks(self) -> Path:
        """Return the folder where workers show that they live: beside the file, or here."""
        beside = self.file
        if beside is None:
            return paths.cache_dir() / "tuning"
        return beside.with_name(f".{beside.name}.workers")

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what storages raise into an error that says what to do."""
        try:
            yield
        except RisicomodelError:
            raise
        except Exception as error:
            found = _storage_error(error)
            if found is None:
                raise
            text = str(found.__cause__ or found).strip()
            why = storage.without_password(text.splitlines()[0] if text else type(found).__name__)
            raise SourceError(
                f"tuning.storage={self.shown} does not take trials ({why}); allowed is {ALLOWED}, "
                "that can be reached and written. Start it, or correct tuning.storage. Finished "
                "trials are kept; give the same command to go on."
            ) from error


def _storage_error(error: BaseException | None) -> BaseException | None:
    """Return what a storage raised, under what Optuna may have stumbled over after it."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    while error is not None:
        if isinstance(error, (StorageInternalError, SQLAlchemyError, OSError)):
            return error
        error = error.__cause__ or error.__context__
    return None


def prepare(place: Place) -> None:
    """Make a storage ready for workers, or say why it cannot be.

    Raises
    ------
    SourceError
        If it cannot be reached or written.
    """
    with place.explained():
        if place.file is not None:
            place.file.parent.mkdir(parents=True, exist_ok=True)
        with connected(place, new=True):
            pass


@contextlib.contextmanager
def connected(place: Place, *, new: bool = False) -> Iterator[BaseStorage]:
    """Give a connection to a storage while the block lasts.

    Parameters
    ----------
    new : bool
        Make what is not there; a worker on another machine must find it.
    """
    connection = _connect(place, new=new)
    try:
        yield connection
    finally:
        connection.remove_session()
        if engine := getattr(connection, "engine", None):
            engine.dispose()


def _connect(place: Place, *, new: bool) -> BaseStorage:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)  # what matters is said elsewhere
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)
    file = place.file
    if file is None:
        return _postgres(place)
    if not new and not file.is_file():
        raise FileNotFoundError(f"no such file on {socket.gethostname()}")
    with storage.alone(file):  # fresh tables are made, and torn lines mended, by one at a time
        if place.address.startswith(SQLITE):
            return optuna.storages.RDBStorage(
                place.address, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}}
            )
        return _journal(file)


def _journal(file: Path) -> BaseStorage:
    from filelock import FileLock
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    # the system's own lock dies with its holder, as Optuna's link does not
    lock = FileLock(file.with_name(f".{file.name}.write.lock"))
    with lock:
        _mend(file)
        held: Any = _JournalLock(lock)
        try:
            return JournalStorage(JournalFileBackend(str(file), lock_obj=held))
        except (ValueError, KeyError) as error:
            raise OSError("it is a file of something else") from error


class _JournalLock:
    """A lock as Optuna's journal takes it."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def _mend(file: Path) -> None:
    """Take off a last line that was cut short as its writer was killed: nobody could read on."""
    if not file.is_file():
        return
    with file.open("rb+") as stream:
        text = stream.read()
        if text.startswith(JOURNAL) and not text.endswith(b"\n"):
            stream.truncate(text.rfind(b"\n") + 1)


def _postgres(place: Place) -> BaseStorage:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise SourceError(
            "a PostgreSQL storage needs a package that is not installed; install it with "
            "pip install 'risicomodel[postgres]', or use a journal or sqlite:///PATH."
        ) from error
    import optuna
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    for attempt in range(ATTEMPTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            try:
                return optuna.storages.RDBStorage(
                    place.address,
                    engine_kwargs={
                        "connect_args": {"connect_timeout": CONNECT_SECONDS},
                        "pool_pre_ping": True,
                    },
                    heartbeat_interval=BEAT_SECONDS,
                    grace_period=DEAD_SECONDS,
                )
            except (IntegrityError, ProgrammingError):
                if attempt == ATTEMPTS - 1:  # else another worker made the tables meanwhile
                    raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def alive(place: Place) -> Iterator[str]:
    """Give a worker's name; while the block lasts, others can see that it lives.

    The system lets go of a lock when its process ends, however it ends.
    """
    from filelock import FileLock

    name = uuid.uuid4().hex
    place.locks.mkdir(parents=True, exist_ok=True)
    file = place.locks / f"{name}.lock"
    with FileLock(file):
        yield f"{socket.gethostname()}/{name}"
    file.unlink(missing_ok=True)


def fail_dead(study: Study, connection: BaseStorage, place: Place) -> None:
    """Mark the running trials of workers that are gone as failed: another may take them over."""
    import optuna
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_dead(str(trial.user_attrs.get(OWNER, "")), place):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    if isinstance(connection, optuna.storages.RDBStorage) and place.file is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(study)  # those of other hosts, by their silence


def _is_dead(owner: str, place: Place) -> bool:
    from filelock import FileLock, Timeout

    host, _, name = owner.partition("/")
    if not name:
        return False  # just begun: it holds no place yet
    file = place.locks / f"{name}.lock"
    if not file.is_file():
        # workers on a file show themselves beside it; of a server's, others' folders are unknown
        return place.file is not None
    if place.file is None and host != socket.gethostname():
        return False
    try:
        with FileLock(file, timeout=0):
            return True
    except Timeout:
        return False
