"""Named errors: each message says what is wrong and what would be right, in one line.

The command line prints the message of any `RegimesError` on standard error and exits with status 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RegimesError(Exception):
    """Base of every error a user can cause or mend."""


class UnknownNameError(RegimesError):
    """A model, quantity, parameter, method or target that does not exist.

    Remedy: use one of the nearest names in the message.
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names
        super().__init__(
            f"unknown {what} '{name}'; did you mean {' or '.join(near)}?" if near else f"unknown {what} '{name}'; it takes none"
        )


class DomainError(RegimesError):
    """A value outside the stated domain of its parameter."""


class NotCoveredError(DomainError):
    """What was asked for exists, but no method here computes it: a prediction comes back as failed, with this reason."""


class MissingParameterError(RegimesError):
    """A quantity was asked for without a parameter it needs."""


class InputError(RegimesError):
    """A file that cannot be read, is malformed, or holds data of the wrong shape or NaN."""


class MissingExtraError(RegimesError):
    """An optional package is not installed. Remedy: install the extra the message names."""


class UnsupportedExpressionError(RegimesError):
    """An expression holds a function that a printer does not know; nothing is guessed."""


class DerivationError(RegimesError):
    """A rule does not apply to the expression it was given, or a step failed its check."""
