"""Where this checkout lies, for tests of what it holds besides the package."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
