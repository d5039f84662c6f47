"""The tables that rounds began with.

Examples
--------
>>> sorted(TABLES)[:3]
['agreements', 'answers', 'audit']
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Text

revision = "0001"
down_revision = None

TABLES = {
    "round": (Column("key", String(40), primary_key=True), Column("value", Text, nullable=False)),
    "codes": (
        Column("number", String(4), primary_key=True),
        Column("person", String(16), nullable=False, unique=True),
        Column("role", String(40), nullable=False),
        Column("hash", String(120), nullable=False),
        Column("failures", Integer, nullable=False),
        Column("locked_until", Float, nullable=False),
        Column("first_used", Float),
        Column("devices", Integer, nullable=False),
    ),
    "counters": (
        Column("name", String(20), primary_key=True),
        Column("value", Integer, nullable=False),
    ),
    "locks": (
        Column("name", String(20), primary_key=True),
        Column("failures", Integer, nullable=False),
        Column("locked_until", Float, nullable=False),
    ),
    "answers": (
        Column("answer_id", String(160), primary_key=True),
        Column("revision", Integer, primary_key=True),
        Column("sequence", Integer, nullable=False, unique=True),
        Column("number", String(4), ForeignKey("codes.number"), nullable=False),
        Column("phase", String(20), nullable=False),
        Column("item", String(40), nullable=False),
        Column("wijk_code", String(10), nullable=False),
        Column("domain", String(20), nullable=False),
        Column("detail", String(60), nullable=False),
        Column("body", Text, nullable=False),
        Column("body_hash", String(64), nullable=False),
        Column("channel", String(10), nullable=False),
        Column("late", Boolean, nullable=False),
        Column("at", Float, nullable=False),
    ),
    "steps": (
        Column("sequence", Integer, primary_key=True),
        Column("phase", String(20), nullable=False),
        Column("at", Float, nullable=False),
    ),
    "agreements": (
        Column("sequence", Integer, primary_key=True),
        Column("wijk_code", String(10), nullable=False),
        Column("text", Text, nullable=False),
        Column("owner", String(80), nullable=False),
        Column("due", String(10), nullable=False),
        Column("at", Float, nullable=False),
    ),
    "audit": (
        Column("sequence", Integer, primary_key=True),
        Column("event", String(40), nullable=False),
        Column("role", String(40), nullable=False),
        Column("device", String(20), nullable=False),
        Column("at", Float, nullable=False),
    ),
}


def upgrade() -> None:
    """Make the tables."""
    for name, columns in TABLES.items():
        op.create_table(name, *columns)  # Alembic loads this module anew each time
