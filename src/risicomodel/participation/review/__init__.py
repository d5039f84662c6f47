"""An evening in the room: its codes, phases, answers and results.

A round is made from a finished run; people answer blind, see, talk and answer again. Answers are
events in a database of the round's own.
"""
