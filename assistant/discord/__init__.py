"""A voice channel of Discord as microphone and speaker of a conversation, and a virtual cable to any
other call program."""
