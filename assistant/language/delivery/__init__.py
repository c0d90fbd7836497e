"""How a sentence is said: named deliveries, what the text itself asks for, and both in one.

`named` is the table of deliveries, `marks` takes `[delivery: dry]` out of a stream of text, `text`
reads a clause's own marks, and `prosody` adds all of it up, within limits and without jumps.
"""
