"""What fitted models say: evaluation, estimates, forecasts and explanations, each as tidy tables.

Functions here take data frames and small frozen dataclasses and return data frames; they write no
file and draw no page (the leaderboard chart, one SVG, is the exception).
"""
