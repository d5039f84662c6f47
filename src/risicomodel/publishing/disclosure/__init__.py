"""The disclosure gate: whatever a person sees of a run passes here first.

:func:`disclose` reads a run's tables and gives back a :class:`Shown`, which holds only what may be
shown. What is imported from here is this room's public face; its modules are for itself and for
tests that attack it.
"""

from risicomodel.publishing.disclosure.applied import disclose
from risicomodel.publishing.disclosure.figures import PARTIAL
from risicomodel.publishing.disclosure.profile import PROFILE
from risicomodel.publishing.disclosure.shown import About, Shown

__all__ = ["PARTIAL", "PROFILE", "About", "Shown", "disclose"]
