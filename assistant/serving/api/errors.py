"""Errors as OpenAI's API tells them, so that its clients show them: `{"error": {"message", "type",
"param", "code"}}`. The remedy stands behind the message."""

from __future__ import annotations

import json

from starlette.responses import Response

from assistant.errors import AssistantError
from assistant.serving.access_control import SAFE_HEADERS, Refusal

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_ABANDONS_BODY = (408, 413)
"""Statuses after which what is left of a request's body would be read for nothing."""


class ApiError(AssistantError):
    """What was asked for cannot be had. `status`: of HTTP; `param`: the field that is wrong;
    `retry_after`: seconds after which it is worth asking again."""

    def __init__(
        self,
        status: int,
        message: str,
        remedy: str = "",
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.param = param
        self.code = code
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        """The object under "error"."""
        kind = _TYPES.get(self.status) or (
            "server_error" if self.status >= 500 else "invalid_request_error"
        )
        return {"message": in_words(self), "type": kind, "param": self.param, "code": self.code}

    def response(self) -> Response:
        headers = dict(SAFE_HEADERS)
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status in _ABANDONS_BODY:
            headers["Connection"] = "close"
        return json_response({"error": self.body()}, self.status, headers)


def in_words(error: AssistantError) -> str:
    """Message and remedy in one."""
    return f"{error.message}. {error.remedy}" if error.remedy else error.message


def json_response(
    content: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    data = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(data, status, headers or SAFE_HEADERS, "application/json")


def refused(refusal: Refusal) -> Response:
    """See `access_control.Door`."""
    return ApiError(refusal.status, refusal.message, refusal.remedy).response()
