"""``regimes generate``: source code of one quantity that needs nothing of this project."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from regimes.commands.arguments import Parser, one_of, output_file, pick_exactly

TARGETS = ("numpy", "mpmath")


def run(words: Sequence[str]) -> int:
    """Print the source, or write it to a file."""
    parser = Parser("generate", "Write code for one quantity that needs nothing of this project.")
    parser.add_argument("model", metavar="MODEL", help="name, group or file.toml; see regimes models")
    parser.add_argument("quantity", metavar="QUANTITY", help="see regimes models MODEL")
    parser.add_argument("choices", nargs="*", metavar="CHOICE=VALUE", help="which of a group, as in product information prior=uniform")
    parser.add_argument("--target", default="numpy", type=one_of("target", TARGETS), metavar="TARGET", help=" or ".join(TARGETS))
    parser.add_argument("--method", metavar="NAME", help="how it is computed, or the definition of a speciation time")
    parser.add_argument("-o", dest="out", type=output_file, metavar="FILE", help="write here instead of to standard output")
    options = parser.read(words)

    model = pick_exactly(options.model, options.choices)

    from regimes.numerics.predict import generate

    kernel = generate(model, options.quantity, target=options.target, method=options.method)
    if options.out is None:
        sys.stdout.write(kernel.source.rstrip("\n") + "\n")
    else:
        kernel.write(options.out)
    return 0
