"""`mockidp completion`: the script that makes a shell complete commands, options, providers and people."""

from __future__ import annotations

import click

from mockidp.cli_options import json_option


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
def completion_command(shell: str, as_json: bool) -> None:
    """Print what makes SHELL complete this command.

    \b
    bash: eval "$(mockidp completion bash)"    in ~/.bashrc
    zsh:  eval "$(mockidp completion zsh)"     in ~/.zshrc
    fish: mockidp completion fish | source     in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from mockidp.cli import cli
    from mockidp.cli_options import emit

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(cli, {}, "mockidp", "_MOCKIDP_COMPLETE").source()
    if as_json:
        emit({"shell": shell, "script": script})
    else:
        click.echo(script)
