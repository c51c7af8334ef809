"""``regimes derive``: a derivation, computed and verified, as text or as a document."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from regimes.commands.arguments import Parser, UsageError, one_of, output_file, pick_exactly

KINDS = ("collapse", "speciation")
FORMATS = ("text", "latex", "html", "markdown", "json")


def run(words: Sequence[str]) -> int:
    """Derive, verify, print or write; 1 if a step fails its check."""
    parser = Parser("derive", "Derive the theory of a model and verify every step; exit status 1 if a step fails its check.")
    parser.add_argument("model", metavar="MODEL", help="name, group or file.toml; see regimes models")
    parser.add_argument("kind", metavar="KIND", type=one_of("derivation", KINDS), help=" or ".join(KINDS))
    parser.add_argument("choices", nargs="*", metavar="CHOICE=VALUE", help="which of a group, as in product collapse prior=laplace")
    parser.add_argument("--format", type=one_of("format", FORMATS), default="text", metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("--fragment", action="store_true", help="only the body of a latex or html document")
    parser.add_argument("-o", dest="out", type=output_file, metavar="FILE", help="write here instead of to standard output")
    options = parser.read(words)
    if options.fragment and options.format not in ("latex", "html"):
        raise UsageError(f"--fragment has no meaning for {options.format}; it goes with --format latex or html")

    from regimes.numerics.files import write_whole
    from regimes.terminal import Progress
    from regimes.theory.derive import derive
    from regimes.theory.errors import DerivationError

    model = pick_exactly(options.model, options.choices)
    try:
        derivation = derive(model, options.kind)
        with Progress(quiet=options.format == "json") as progress:
            derivation = derivation.verify(progress=progress)
    except DerivationError as error:
        print(f"regimes: {model.name} {options.kind}: {error}", file=sys.stderr)
        return 1
    text = derivation.render(options.format, fragment=options.fragment)
    if options.out is None:
        sys.stdout.write(text.rstrip("\n") + "\n")
    else:
        write_whole(options.out, text.rstrip("\n") + "\n")
    for step in derivation.failures:
        print(f"regimes: {step.outcome.message if step.outcome is not None else step.name}", file=sys.stderr)
    return 1 if derivation.failures else 0
