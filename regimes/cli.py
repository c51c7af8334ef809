"""The command line: finds the command, runs it, and turns what a user did wrong into one line and exit status 2.

Exit status: 0 done; 1 a derivation step, a computation or a comparison failed; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from regimes._version import __version__
from regimes.theory.errors import RegimesError, UnknownNameError

COMMANDS = {
    "models": """[MODEL ...] [--json]
      the data models and their parameters; with a name, its quantities and methods; MODEL is a name (product-laplace),
      a group and its choice (product ... prior=laplace) or a file of your own (./mine.toml)""",
    "derive": """MODEL (collapse|speciation) [--format text|latex|html|markdown|json] [--fragment] [-o FILE]
      derive the theory of a model and verify every step; exit status 1 if a step fails""",
    "predict": """MODEL QUANTITY [NAME=VALUE ...] [--method NAME] [--digits N] [--schedule NAME] [--json]
      VALUE is a number, a list 0.1,0.2 or a range 0.05:0.5:10 (10 points, ends included); lists make a grid""",
    "diagram": """MODEL X=lo:hi:count Y=lo:hi:count [NAME=VALUE ...] [-o FILE] [--json]
      phase diagram over two of the model's parameters, alpha, t, n, d; FILE is a picture (.svg .png .pdf) or arrays (.json .npz .csv)""",
    "hierarchy": """MODEL d=VALUE [t=VALUE] [NAME=VALUE ...] [-o FILE] [--json]
      nested classes of a mixture: when they part; FILE is a picture (.svg .png .pdf) or numbers (.json)""",
    "generate": """MODEL QUANTITY [--target numpy|mpmath] [--method NAME] [-o FILE]
      write code that needs nothing of this project""",
    "check": """[MODEL ...] [--budget quick|standard|thorough] [--seed N] [--workers N] [-o DIR] [--json]
      compare predictions with simulations; exit status 1 if they disagree; leaves DIR/report.html""",
    "analyze": """DATA [--labels FILE] [--classes A,B] [--seed N] [-o DIR] [--json]
      the same questions asked of a data set (.npy, .npz or .csv, rows are data)""",
}
"""Command -> its words and what it does, as the overview shows them; each is `run` of the module of that name in `regimes.commands`."""

OVERVIEW = (
    "regimes: dynamical regimes of diffusion models - derived, generated as code, predicted, checked against simulation\n\n"
    + "".join(f"  regimes {name} {text}\n" for name, text in COMMANDS.items())
    + """
  regimes COMMAND --help, or regimes help COMMAND, shows the options of one command, regimes --version the version.
  Try: regimes predict gaussian collapse-time alpha=0.1,0.25,0.5,1 sigma=1
"""
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``regimes``; those of the process if None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _dispatch(words)
        sys.stdout.flush()
    except RegimesError as error:
        return _complain(str(error))
    except BrokenPipeError:
        # The reader (head, a pager) has left; keep the interpreter from flushing into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        print("regimes: interrupted", file=sys.stderr)
        return 130
    return status


def _dispatch(words: list[str]) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(OVERVIEW)
        return 0
    if words[0] == "--version":
        print(f"regimes {__version__}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        raise UnknownNameError("command", name, COMMANDS)
    status: int = import_module(f"regimes.commands.{name}").run(rest)
    return status


def _complain(message: str) -> int:
    print(f"regimes: {' '.join(message.split())}", file=sys.stderr)
    return 2
