"""`assistant serve-moshi` and `assistant mcp` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import Certificate, CertificateKey, Host, TokenEnv, takes
from assistant.commands.runner import Options, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config


@takes("backend")
def serve_moshi(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8998,
    token_env: TokenEnv = None,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
    queue: Annotated[
        int, typer.Option("--queue", min=0, max=100, help="How many may wait while one talks.")
    ] = 4,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve other machines without a token.")
    ] = False,
    *,
    options: Options,
) -> None:
    """Let other machines talk to this one's Moshi, through a Moshi server.

    Example: assistant serve-moshi --host 0.0.0.0 --token-env MOSHI_TOKEN
    """

    def command(settings: Config) -> int:
        from assistant.commands.serve_moshi import serve_moshi_command
        from assistant.serving.settings import ServeSettings, token_from

        return serve_moshi_command(
            settings,
            ServeSettings(
                host=host,
                port=port,
                token=token_from(token_env),
                certificate=tls_cert,
                key=tls_key,
                queue=queue,
                insecure=insecure,
            ),
        )

    raise typer.Exit(run_with_config(options, command))


@takes("persona", "backend", "input_device", "output_device", "no_save", "private")
def mcp(options: Options) -> None:
    """Let Claude Code, goose or Zed speak to you, ask you, and remember (MCP).

    Such a program starts it itself. Example: claude mcp add assistant -- assistant mcp
    """

    def command(settings: Config) -> int:
        from assistant.commands.mcp import mcp_command

        return mcp_command(settings)

    raise typer.Exit(run_with_config(options, command))


# `assistant memory serve` on the command line.


@takes()
def memory_serve(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8990,
    token_env: TokenEnv = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="What clients call this machine."),
    ] = None,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
    *,
    options: Options,
) -> None:
    """Let your other machines use the memory of this one.

    Example: assistant memory serve --host 0.0.0.0 --token-env MEMORY_TOKEN
    """

    def command(settings: Config) -> int:
        from assistant.commands.memory.serve import MemoryServeSettings, memory_serve_command
        from assistant.serving.settings import token_from

        return memory_serve_command(
            settings,
            MemoryServeSettings(
                host=host,
                port=port,
                token=token_from(token_env),
                certificate=tls_cert,
                key=tls_key,
                names=tuple(name or ()),
            ),
        )

    raise typer.Exit(run_with_config(options, command))
