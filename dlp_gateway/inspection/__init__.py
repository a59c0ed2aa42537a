"""Inspection: a message in, facts out, worked out in confined worker processes.

``inspector`` says what is looked at and in which order; ``zygote`` and
``worker`` run it where it can do no harm; ``pool`` hands messages to workers
and replaces those that hang, crash or are killed; ``confinement`` holds the
kernel's part of it.
"""
