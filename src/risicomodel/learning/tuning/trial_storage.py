"""Storage of trials (journal, SQLite or PostgreSQL), and which workers are still alive.

Optuna writes every trial to this storage as soon as it is finished, so that none is lost and
several workers can share a study.
"""

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
EXPECTED = f"a journal's path, {SQLITE}PATH or {POSTGRES}USER@HOST/DATABASE"
CONNECT_SECONDS = 5
BUSY_SECONDS = 60  # how long to wait for SQLite while others write
# A worker on another host counts as dead when its heartbeat has been silent for this long.
HEARTBEAT_SECONDS, GRACE_SECONDS = 5, 20
OWNER = "owner"
JOURNAL_START = b'{"op_code"'  # the first bytes of Optuna's journals
ATTEMPTS = 3


@dataclass(frozen=True)
class StorageAddress:
    """The absolute address of a storage: the working directory does not matter afterwards.

    Parameters
    ----------
    address : str
        Path of a journal, ``sqlite:///PATH`` or ``postgresql+psycopg://…``.

    Examples
    --------
    >>> StorageAddress.of("postgres://me:secret@db/trials").redacted
    'postgresql+psycopg://db/trials'
    """

    address: str

    @classmethod
    def of(cls, configured: str | None) -> StorageAddress:
        """Return the address that ``tuning.storage`` stands for.

        Parameters
        ----------
        configured : str or None
            As in the settings; None is a journal under the home of risicomodel.

        Raises
        ------
        SourceError
            If it is not an address of a journal, SQLite or PostgreSQL.
        """
        if not configured:
            return cls(str(paths.home() / "tuning" / "trials.journal"))
        if configured.startswith(SQLITE) and configured != SQLITE:
            file = Path(configured.removeprefix(SQLITE)).expanduser().resolve()
            return cls(f"{SQLITE}{file}")
        if match := re.match(r"postgres(?:ql)?(?:\+psycopg)?://", configured):
            return cls(POSTGRES + configured[match.end() :])
        if ":" in configured:
            raise SourceError(
                f"tuning.storage={storage.without_password(configured)} cannot keep trials; "
                f"expected {EXPECTED}. Correct tuning.storage, or leave it out."
            )
        return cls(str(Path(configured).expanduser().resolve()))

    @property
    def redacted(self) -> str:
        """The address without a password, for messages."""
        return storage.without_password(self.address)

    @property
    def file(self) -> Path | None:
        """The file that holds the trials; None for a server."""
        if self.address.startswith(POSTGRES):
            return None
        return Path(self.address.removeprefix(SQLITE))

    @property
    def locks(self) -> Path:
        """The folder with a lock per living worker: beside the file, or in this host's cache."""
        beside = self.file
        if beside is None:
            return paths.cache_dir() / "tuning"
        return beside.with_name(f".{beside.name}.workers")

    @contextlib.contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Turn errors of a storage into one that says what to do.

        Raises
        ------
        SourceError
            In place of any error that a storage raised within the block.
        """
        try:
            yield
        except RisicomodelError:
            raise
        except Exception as error:
            cause = _storage_error(error)
            if cause is None:
                raise
            text = str(cause.__cause__ or cause).strip()
            why = storage.without_password(text.splitlines()[0] if text else type(cause).__name__)
            raise SourceError(
                f"tuning.storage={self.redacted} does not accept trials ({why}); expected "
                f"{EXPECTED}, reachable and writable. Start it, or correct tuning.storage. "
                "Finished trials are kept: repeat the command to continue."
            ) from error


def _storage_error(error: BaseException | None) -> BaseException | None:
    """Return the storage's own error beneath errors that Optuna raised because of it, if any."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    while error is not None:
        if isinstance(error, (StorageInternalError, SQLAlchemyError, OSError)):
            return error
        error = error.__cause__ or error.__context__
    return None


def prepare(address: StorageAddress) -> None:
    """Create a storage where there is none, so that workers can use it.

    Parameters
    ----------
    address : StorageAddress
        Where trials will be kept.

    Raises
    ------
    SourceError
        If it cannot be reached or written.
    """
    with address.errors_explained():
        if address.file is not None:
            address.file.parent.mkdir(parents=True, exist_ok=True)
        with connection(address, create=True):
            pass


@contextlib.contextmanager
def connection(address: StorageAddress, *, create: bool = False) -> Iterator[BaseStorage]:
    """Connect to a storage for the duration of a block.

    Parameters
    ----------
    address : StorageAddress
        Where trials are kept.
    create : bool
        Create a storage that does not exist. Workers do not: on another machine a missing file
        means that the disk is not shared.

    Yields
    ------
    optuna.storages.BaseStorage
    """
    opened = _connect(address, create=create)
    try:
        yield opened
    finally:
        opened.remove_session()
        if engine := getattr(opened, "engine", None):
            engine.dispose()


def _connect(address: StorageAddress, *, create: bool) -> BaseStorage:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)  # our own messages say what matters
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)
    file = address.file
    if file is None:
        return _postgres(address)
    if not create and not file.is_file():
        raise FileNotFoundError(f"no such file on {socket.gethostname()}")
    with storage.alone(file):  # one process at a time creates tables and repairs torn lines
        if address.address.startswith(SQLITE):
            return optuna.storages.RDBStorage(
                address.address, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}}
            )
        return _journal(file)


def _journal(file: Path) -> BaseStorage:
    from filelock import FileLock
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    # the system releases its own locks when a process dies; Optuna's link would stay
    lock = FileLock(file.with_name(f".{file.name}.write.lock"))
    with lock:
        _repair(file)
        adapter: Any = _JournalLock(lock)
        try:
            return JournalStorage(JournalFileBackend(str(file), lock_obj=adapter))
        except (ValueError, KeyError) as error:
            raise OSError("the file is not a journal of trials") from error


class _JournalLock:
    """A file lock with the interface that Optuna's journal expects."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def _repair(file: Path) -> None:
    """Remove a last line that was cut short when its writer was killed: it blocks all readers."""
    if not file.is_file():
        return
    with file.open("rb+") as stream:
        text = stream.read()
        if text.startswith(JOURNAL_START) and not text.endswith(b"\n"):
            stream.truncate(text.rfind(b"\n") + 1)


def _postgres(address: StorageAddress) -> BaseStorage:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise SourceError(
            "the package psycopg is not installed; expected it for a PostgreSQL storage. Install "
            "it with pip install 'risicomodel[postgres]', or use a journal or sqlite:///PATH."
        ) from error
    import optuna
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    for attempt in range(ATTEMPTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            try:
                return optuna.storages.RDBStorage(
                    address.address,
                    engine_kwargs={
                        "connect_args": {"connect_timeout": CONNECT_SECONDS},
                        "pool_pre_ping": True,
                    },
                    heartbeat_interval=HEARTBEAT_SECONDS,
                    grace_period=GRACE_SECONDS,
                )
            except (IntegrityError, ProgrammingError):
                if attempt == ATTEMPTS - 1:  # until then: another worker is creating the tables
                    raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def registered_worker(address: StorageAddress) -> Iterator[str]:
    """Register a worker for the duration of a block, so that others can see that it is alive.

    It holds a lock on a file. The system releases the lock when the process ends, however it ends.

    Parameters
    ----------
    address : StorageAddress
        Where trials are kept.

    Yields
    ------
    str
        The worker's name: its host, a slash, and a random identifier.
    """
    from filelock import FileLock

    name = uuid.uuid4().hex
    address.locks.mkdir(parents=True, exist_ok=True)
    file = address.locks / f"{name}.lock"
    with FileLock(file):
        yield f"{socket.gethostname()}/{name}"
    file.unlink(missing_ok=True)


def fail_abandoned(study: Study, opened: BaseStorage, address: StorageAddress) -> None:
    """Mark running trials of dead workers as failed, so that other workers can redo them.

    Parameters
    ----------
    study : optuna.study.Study
        Whose trials to look at.
    opened : optuna.storages.BaseStorage
        Its connection.
    address : StorageAddress
        Where trials are kept, and workers registered.
    """
    import optuna
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_dead(str(trial.user_attrs.get(OWNER, "")), address):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    if isinstance(opened, optuna.storages.RDBStorage) and address.file is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(study)  # workers on other hosts, by their heartbeat


def _is_dead(owner: str, address: StorageAddress) -> bool:
    from filelock import FileLock, Timeout

    host, _, name = owner.partition("/")
    if not name:
        return False  # the trial has just begun and has no slot yet
    file = address.locks / f"{name}.lock"
    if not file.is_file():
        # beside a file all workers have their locks; those of a server's other hosts are elsewhere
        return address.file is not None
    if address.file is None and host != socket.gethostname():
        return False
    try:
        with FileLock(file, timeout=0):
            return True
    except Timeout:
        return False
