"""The tables of a round's database. Answers are events: nothing is written over.

A change here is a version in :mod:`risicomodel.participation.review.migrations` too.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

# what a round is: its declaration as JSON, and its secrets as hashes
ROUND = Table(
    "round",
    METADATA,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
CODES = Table(
    "codes",
    METADATA,
    Column("number", String(4), primary_key=True),
    Column("person", String(16), nullable=False, unique=True),  # what tables call it
    Column("role", String(40), nullable=False),
    Column("hash", String(120), nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", Float, nullable=False, default=0.0),
    Column("first_used", Float),
    Column("devices", Integer, nullable=False, default=0),
)
# numbers that nobody skips: a row held until the commit that uses it
COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("value", Integer, nullable=False),
)
# failures that lock: of unknown numbers, and of the moderator's passphrase; a restart keeps them
LOCKS = Table(
    "locks",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Float, nullable=False),
)
ANSWERS = Table(
    "answers",
    METADATA,
    Column("answer_id", String(160), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    Column("number", String(4), ForeignKey("codes.number"), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("item", String(40), nullable=False),
    Column("wijk_code", String(10), nullable=False),
    Column("domain", String(20), nullable=False),
    Column("detail", String(60), nullable=False),  # which cause
    Column("body", Text, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("at", Float, nullable=False),
    Index("answers_by_number", "number"),
)
STEPS = Table(
    "steps",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("phase", String(20), nullable=False),
    Column("at", Float, nullable=False),
)
# what the moderator writes down: one agreement per wijk, events too
AGREEMENTS = Table(
    "agreements",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("wijk_code", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("owner", String(80), nullable=False),  # a role or an organisation, no name
    Column("due", String(10), nullable=False),
    Column("at", Float, nullable=False),
)
# who did what, by role: never a name, never a value
AUDIT = Table(
    "audit",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("event", String(40), nullable=False),
    Column("role", String(40), nullable=False),
    Column("device", String(20), nullable=False),
    Column("at", Float, nullable=False),
)
