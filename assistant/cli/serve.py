"""`assistant web`, `serve`, `serve-moshi`, `mcp` and `discord` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import (
    Certificate,
    CertificateKey,
    Host,
    Insecure,
    Names,
    Port,
    TokenEnv,
    takes,
)
from assistant.commands.runner import Options, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config


@takes("persona", "backend", "brain")
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8880,
    token_env: TokenEnv = None,
    name: Names = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Encrypt, with a certificate that is made for it.")
    ] = False,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
    wyoming: Annotated[
        bool, typer.Option("--wyoming", help="Serve Home Assistant, too (Wyoming).")
    ] = False,
    wyoming_port: Annotated[
        int, typer.Option("--wyoming-port", min=0, max=65535, help="Where. 0: any free one.")
    ] = 10_300,
    wyoming_allow: Annotated[
        list[str] | None,
        typer.Option(
            "--wyoming-allow",
            metavar="ADDRESS",
            help="Another machine, or network, that may use it.",
        ),
    ] = None,
    wyoming_agent: Annotated[
        list[str] | None,
        typer.Option(
            "--wyoming-agent",
            metavar="PERSONA=PORT",
            help="Another persona to talk to, at its own port.",
        ),
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Remember conversations as your own.")
    ] = False,
    insecure: Insecure = False,
    *,
    options: Options,
) -> None:
    """Lend the personas' voices, ears and minds to other programs (OpenAI's API, Wyoming).

    Example: assistant serve --wyoming
    """

    agents = tuple(_agent(each) for each in wyoming_agent or ())

    def command(settings: Config) -> int:
        from assistant.commands.serve import ApiSettings, serve_command
        from assistant.serving.settings import token_from

        return serve_command(
            settings,
            ApiSettings(
                host=host,
                port=port,
                token=token_from(token_env),
                certificate=tls_cert,
                key=tls_key,
                names=tuple(name or ()),
                own_certificate=tls,
                wyoming=wyoming_port if wyoming else None,
                wyoming_allow=tuple(wyoming_allow or ()),
                wyoming_agents=agents,
                remember=remember,
                insecure=insecure,
            ),
        )

    raise typer.Exit(run_with_config(options, command))


def _agent(text: str) -> tuple[str, int]:
    """PERSONA=PORT. Raises `BadParameter`."""
    persona, _, port = text.rpartition("=")
    if not persona.strip() or not port.strip().isdigit() or int(port) > 65_535:
        raise typer.BadParameter(
            f"“{text}” is not PERSONA=PORT, as glados=10301", param_hint="--wyoming-agent"
        )
    return persona.strip(), int(port)


@takes("backend")
def serve_moshi(
    host: Host = "127.0.0.1",
    port: Port = 8998,
    token_env: TokenEnv = None,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
    queue: Annotated[
        int, typer.Option("--queue", min=0, max=100, help="How many may wait while one talks.")
    ] = 4,
    insecure: Insecure = False,
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


@takes("persona", "backend", "brain", "input_device", "output_device", "no_save", "private")
def web(
    lan: Annotated[
        bool, typer.Option("--lan", help="Let phones and computers of the network come, too.")
    ] = False,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show the conversation in the terminal, too.")
    ] = False,
    machine_sound: Annotated[
        bool,
        typer.Option("--machine-sound", help="Talk to this machine while no page has the sound."),
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    name: Names = None,
    tls_cert: Certificate = None,
    tls_key: CertificateKey = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve the network without TLS.")
    ] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Whoever was let in before is not any more.")
    ] = False,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
    *,
    options: Options,
) -> None:
    """Talk in a browser: on this machine, or with --lan on a phone.

    Example: assistant web --lan
    """

    def command(settings: Config) -> int:
        from assistant.commands.web import WebSettings, web_command

        return web_command(
            settings,
            WebSettings(
                host=host,
                port=port,
                certificate=tls_cert,
                key=tls_key,
                insecure=insecure,
                lan=lan,
                names=tuple(name or ()),
                dashboard=dashboard,
                machine_sound=machine_sound,
                new_token=new_token,
                open_browser=open_browser,
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


@takes("persona", "backend", "brain", "no_save", "private")
def discord(
    channel: Annotated[
        str | None,
        typer.Option("--channel", metavar="NAME", help="Voice channel to join at once."),
    ] = None,
    cable: Annotated[
        bool,
        typer.Option("--cable", help="A virtual cable instead, for any call program."),
    ] = False,
    *,
    options: Options,
) -> None:
    """Talk to people in a voice channel of Discord, or through a virtual cable in any call.

    Example: ASSISTANT_DISCORD_TOKEN=… assistant discord --channel Lounge
    """

    def command(settings: Config) -> int:
        from assistant.commands.discord import cable_command, discord_command

        if channel is not None:
            settings.discord.channel = channel
        return cable_command(settings) if cable else discord_command(settings)

    raise typer.Exit(run_with_config(options, command))


# `assistant memory serve` on the command line.


@takes()
def memory_serve(
    host: Host = "127.0.0.1",
    port: Port = 8990,
    token_env: TokenEnv = None,
    name: Names = None,
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
