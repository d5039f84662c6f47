"""Web: the evening over HTTP. Routes, screens, sessions and what keeps them safe.

It knows HTTP and nothing else: what is asked, kept and shown is ``participation``'s. It reads no
run and computes no figure.
"""
