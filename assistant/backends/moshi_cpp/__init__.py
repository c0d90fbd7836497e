"""moshi.cpp's `moshi-sts` as a backend: the unmodified program, supervised as a child.

It has no server and no library interface: it listens to a sound device, speaks on another and
prints its words. SDL's disk driver makes two pipes of the devices, a pseudo-terminal makes it print
at once, and everything else (who speaks, when an utterance ends, calls of tools in its words) is
made of what comes out.
"""
