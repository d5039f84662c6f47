"""Participation: what people of the wijk are asked, what they answer, and what comes of it.

Forms, rounds, answers and their scores live here, with the one door that every answer comes
through, whether from a phone, from paper or from a workbook. What they may see of a run comes from
``publishing.disclosure``. No HTTP lives here: that is ``web``.
"""
