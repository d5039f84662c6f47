"""What reaches people: the disclosure gate, how things are presented, and the report.

Nothing leaves for a reader except through ``disclosure``; no figure is estimated here.
"""
