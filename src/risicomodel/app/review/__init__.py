"""Commands of a round: make it, open it in the room, take along what came out, delete it.

A verb is a module of its own and a line of ``VERBS`` in :mod:`risicomodel.app.review.command`; what
a round is and does lives in ``participation``, and its screens in ``web``.
"""

from risicomodel.app.review.command import carry_out

__all__ = ["carry_out"]
