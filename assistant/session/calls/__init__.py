"""Calls of tools as a part of the conversation: may they run, how long do they take, what is told
of them and when."""
