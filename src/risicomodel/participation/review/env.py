"""What Alembic runs, by the name that it looks for: versions, on the connection it was given."""

from __future__ import annotations

from alembic import context

from risicomodel.participation.review import schema
from risicomodel.participation.review.migrations import VERSION_TABLE

AS_ALEMBIC_LOADS_IT = "env_py"  # to be imported, as tests do, it runs nothing


def run() -> None:
    """Run the versions."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=schema.METADATA,
        version_table=VERSION_TABLE,
    )
    context.run_migrations()


if __name__ == AS_ALEMBIC_LOADS_IT:
    run()
