"""A Moshi server somewhere else: the client's side of its WebSocket protocol, behind the contract.

Needs the extra `server` (websockets, sphn). `assistant.serving` is the other side.
"""
