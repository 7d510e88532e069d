"""The command `ivr`."""

from __future__ import annotations

import sys

import typer

from flows.problems import FlowError
from ivr import __version__
from ivr.commands import processes
from ivr.commands.agents import agents
from ivr.commands.callbacks import callbacks
from ivr.commands.common import err, out, print_problems
from ivr.commands.demo import demo
from ivr.commands.doctor import doctor
from ivr.commands.flow import flow
from ivr.commands.privacy import privacy
from ivr.commands.prompts import prompts
from ivr.commands.speech import app as speech
from ivr.commands.trace import trace
from ivr.processes import PortInUseError
from ivr.redis_client import RedisError
from ivr.redis_durability import DurabilityError
from ivr.redis_publications import NotPublishedError
from ivr.redis_server import RedisServerError
from ivr.settings import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they would show secrets
    help="Zerohold: a voice IVR that people like to call.",
)
app.command()(demo)
app.command()(doctor)
app.command()(processes.serve)
app.command()(processes.web)
app.command()(processes.media)
app.command()(processes.worker)
app.command()(processes.localcarrier)
app.add_typer(agents, name="agents")
app.add_typer(callbacks, name="callbacks")
app.add_typer(flow, name="flow")
app.add_typer(privacy, name="privacy")
app.add_typer(prompts, name="prompts")
app.add_typer(speech, name="speech")
app.add_typer(trace, name="trace")


@app.command()
def version() -> None:
    """Print the version."""
    out.print(f"zerohold {__version__}")


def main() -> None:
    """Run the command line; what the user can mend is one message and exit status 1."""
    try:
        app()
    except FlowError as error:
        print_problems(error.problems)
        sys.exit(1)
    except (SettingsError, NotPublishedError, PortInUseError, RedisServerError, DurabilityError) as error:
        err.print(str(error), markup=False, soft_wrap=True)
        sys.exit(1)
    except RedisError as error:
        err.print(f"Redis does not answer: {error}; see `ivr doctor`", markup=False, soft_wrap=True)
        sys.exit(1)
