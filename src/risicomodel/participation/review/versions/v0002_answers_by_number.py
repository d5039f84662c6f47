"""Find a person's answers without reading those of the room: every screen asks for them."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index."""
    op.create_index("answers_by_number", "answers", ["number"])
