"""What reaches people: how things are presented, the disclosure gate, and the report.

``presentation`` holds languages, texts, templates, charts and maps, whatever they show.
``disclosure`` reads a run and hands out only what may be shown of it. ``report`` makes pages and
downloads of that. Nothing reaches a reader except through ``disclosure``, which is the only room
here that reads a run; no figure is estimated here.
"""
