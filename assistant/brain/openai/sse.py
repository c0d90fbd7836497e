"""Server-sent events, as chat servers stream them: bytes of any cut in, payloads out."""

from __future__ import annotations

import codecs

MAX_EVENT_CHARS = 1_000_000
"""A longer event is no chat event; it is dropped."""


class EventStream:
    """Collects the `data` of each event. Invalid UTF-8 becomes U+FFFD, comments are skipped.

    Lines may end in LF, CR or CRLF. Fields other than `data` mean nothing to chat servers.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._line = ""
        self._data: list[str] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[str]:
        """Payloads of the events that this chunk completed, in order."""
        return self._take(self._decoder.decode(chunk))

    def end(self) -> list[str]:
        """Payloads still open when the stream ended: some servers leave out the last blank line."""
        events = self._take(self._decoder.decode(b"", final=True) + "\n")
        return events + self._dispatch()

    def _take(self, text: str) -> list[str]:
        if text and self._after_cr and text[0] == "\n":
            text = text[1:]
            self._after_cr = False
        if not text:
            return []
        self._after_cr = text[-1] == "\r"
        lines = (self._line + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line = lines.pop()
        if len(self._line) > MAX_EVENT_CHARS:
            self._line = ""
        events: list[str] = []
        for line in lines:
            events += self._read(line)
        return events

    def _read(self, line: str) -> list[str]:
        if not line:
            return self._dispatch()
        if line.startswith("data:"):
            data = line[5:].removeprefix(" ")
            self._size += len(data)
            if self._size <= MAX_EVENT_CHARS:
                self._data.append(data)
        return []

    def _dispatch(self) -> list[str]:
        data, self._data, self._size = self._data, [], 0
        return ["\n".join(data)] if data else []
