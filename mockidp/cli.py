"""The command `mockidp`: one group, its commands loaded when they are asked for, and one way to tell an error.

Exit codes: 0 fine, 1 findings or a refused login, 2 usage or a broken contract, 3 inconclusive (a server that cannot
be reached, a bug of ours), 4 a secret would have leaked. Errors are one line on stderr, never a traceback; with
MOCKIDP_DEBUG=1 a bug shows its traceback too. `--json` prints one document on stdout and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from mockidp import __version__
from mockidp.errors import MockidpError, bug, nearest

COMMANDS = {
    "serve": "cli_serve",
    "run": "cli_run",
    "browser": "cli_browser",
    "login": "cli_login",
    "list": "cli_list",
    "show": "cli_list",
    "people": "cli_list",
    "apps": "cli_list",
    "check": "cli_check",
    "record": "cli_record",
    "report": "cli_report",
    "diff": "cli_report",
    "env": "cli_run",
    "settings": "cli_settings",
    "ca": "cli_ca",
    "completion": "cli_completion",
}
USAGE, INCONCLUSIVE, LEAK, INTERRUPTED = 2, 3, 4, 130


class Group(click.Group):
    """The commands of `COMMANDS`; each module is imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"mockidp.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise click.UsageError(f'no command "{args[0]}".{nearest(args[0], list(COMMANDS))}', ctx)
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit with the code that it deserves."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except Exception as error:
            exit_with(error)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def exit_with(error: Exception) -> NoReturn:
    """Tell an error in one line and exit with its code."""
    if isinstance(error, click.Abort):
        sys.exit(INTERRUPTED)
    if isinstance(error, BrokenPipeError):  # `mockidp list | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)
    if os.environ.get("MOCKIDP_DEBUG") == "1" and not isinstance(error, click.ClickException | MockidpError):
        raise error
    text, code = _told(error)
    click.echo(f"mockidp: {' '.join(text.split())}", err=True)
    sys.exit(code)


def _told(error: Exception) -> tuple[str, int]:
    if isinstance(error, click.ClickException):
        ctx = getattr(error, "ctx", None)
        help_ = f" See `{ctx.command_path} --help`." if ctx is not None else ""
        text = error.format_message()
        return f"{text}{'' if text.endswith(('.', '?')) else '.'}{help_}", USAGE
    if isinstance(error, MockidpError) and error.code == "unreachable":
        return str(error), INCONCLUSIVE
    if isinstance(error, MockidpError) and error.code == "leak":
        return str(error), LEAK
    if isinstance(error, MockidpError):
        return str(error), USAGE
    return f"{bug(error)}; MOCKIDP_DEBUG=1 shows the traceback. Please report it.", INCONCLUSIVE


@click.group(
    "mockidp", cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, message="mockidp %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Simulated login providers, strict, on this machine; and the contracts that say how the real ones behave.

    \b
    mockidp serve                     start the simulator and print its address
    mockidp run -- npm test           run a command that finds the providers at their real hosts
    mockidp login github --as alice   a whole login, no browser needed
    mockidp list                      every provider, and what is known of it
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """The entry point of the installed command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names in many scripts, terminals in few
    cli.main(prog_name="mockidp")
