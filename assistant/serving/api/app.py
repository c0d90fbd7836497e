"""The HTTP server of `assistant serve`: which address is answered by what, and who is let in."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.personas.loading import LoadedPersonas
from assistant.serving.access_control import AccessControl, Door
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import ApiError, json_response, refused
from assistant.serving.api.speech import SpeechEndpoint
from assistant.serving.api.transcriptions import TranscriptionEndpoint
from assistant.serving.api.voices import OPENAI_VOICES
from assistant.serving.connection_limits import ConnectionLimiter, Limits
from assistant.serving.conversations import Prepare
from assistant.serving.http_server import HttpServer
from assistant.serving.realtime.endpoint import RealtimeEndpoint

log = logging.getLogger(__name__)

MODELS = ("tts-1", "whisper-1", "gpt-realtime")
"""Names that clients look for. Whatever name they then ask for, the models are those of the
settings."""
MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes of one WebSocket message: a minute of sound that is sent at once is 4 MB."""

Answer = Callable[[Request], Awaitable[Response]]


class Api:
    """What there is to ask for."""

    def __init__(
        self,
        service: SpeechService,
        personas: LoadedPersonas,
        config: Config,
        *,
        remember: bool = False,
        prepare: Prepare = lambda dependencies: None,
    ) -> None:
        """`remember`: memory keeps conversations as it does a person's own. `prepare` may change
        what their sessions are made of."""
        self._personas = personas
        self._routes: list[BaseRoute] = [
            Route("/health", _told(_health), methods=["GET"]),
            Route("/v1/models", _told(self._models), methods=["GET"]),
            Route("/v1/models/{model:path}", _told(self._model), methods=["GET"]),
            Route("/v1/audio/models", _told(self._audio_models), methods=["GET"]),
            Route("/v1/audio/voices", _told(self._voices), methods=["GET"]),
            Route(
                "/v1/audio/speech",
                _told(SpeechEndpoint(service, personas, config)),
                methods=["POST"],
            ),
            Route(
                "/v1/audio/transcriptions",
                _told(TranscriptionEndpoint(service)),
                methods=["POST"],
            ),
            WebSocketRoute(
                "/v1/realtime",
                RealtimeEndpoint(
                    service, personas, config, remember=remember, prepare=prepare
                ).serve,
            ),
        ]

    def server(
        self,
        gate: AccessControl,
        certificate: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> HttpServer:
        app = Starlette(
            routes=self._routes,
            exception_handlers={HTTPException: _http_error, ClientDisconnect: _gone},
        )
        app.router.redirect_slashes = False
        connections = ConnectionLimiter(limits)
        door = Door(app, gate.refusal, refused, connections)
        return HttpServer(door, connections, certificate, max_message=MAX_MESSAGE)

    async def _models(self, request: Request) -> Response:
        return json_response({"object": "list", "data": [_model(name) for name in MODELS]})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["model"]
        if name not in MODELS:
            known = ", ".join(MODELS)
            raise ApiError(404, f"there is no model “{name[:60]}”", f"There are {known}.")
        return json_response(_model(name))

    async def _audio_models(self, request: Request) -> Response:
        """As Open WebUI looks for them."""
        return json_response({"models": [{"id": MODELS[0], "name": MODELS[0]}]})

    async def _voices(self, request: Request) -> Response:
        voices = [
            {
                "id": persona.slug,
                "name": persona.name,
                "description": persona.summary,
                "aliases": [name for name, slug in OPENAI_VOICES.items() if slug == persona.slug],
            }
            for persona in self._personas.loaded.values()
        ]
        return json_response({"object": "list", "voices": voices})


async def _health(request: Request) -> Response:
    """For whatever watches a server, or looks whether one runs: it answers once all is loaded."""
    return json_response({"status": "ok"})


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "assistant"}


def _told(answer: Answer) -> Answer:
    """What comes out, or what went wrong in OpenAI's form; the traceback goes to the log."""

    async def respond(request: Request) -> Response:
        try:
            return await answer(request)
        except ApiError as error:
            return error.response()
        except AssistantError as error:
            return ApiError(503, error.message, error.remedy).response()
        except (HTTPException, ClientDisconnect):
            raise
        except Exception:
            log.exception("%s %s", request.method, request.url.path)
            return ApiError(
                500, "something unexpected happened", "The server's log tells more."
            ).response()

    return respond


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == 404:
        detail = "there is nothing at this address"
    remedy = "docs/serve-api.md lists what there is." if error.status_code in (404, 405) else ""
    return ApiError(error.status_code, detail, remedy).response()


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody reads it."""
    return Response(status_code=499)
