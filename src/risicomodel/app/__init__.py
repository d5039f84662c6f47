"""The application: settings, the pipeline of stages, tracking, the console.

It puts the wings in order and holds no statistics of its own.
"""
