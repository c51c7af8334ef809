"""``regimes analyze``: the dynamical regimes of a data set."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from regimes.commands.arguments import Parser, UsageError, output_folder, whole_number

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def run(words: Sequence[str]) -> int:
    """Measure the data set's transition times and curves, print them, write the page if asked to."""
    parser = Parser("analyze", "Leading variance, speciation and collapse times and curves of a data set under its exact empirical score.")
    parser.add_argument("data", metavar="DATA", help=".npy, .npz or .csv; rows are data")
    parser.add_argument("--labels", metavar="FILE", help="class of every row: .npy, .npz or .csv")
    parser.add_argument("--classes", metavar="A,B", help="the two classes to compare; needs labels")
    parser.add_argument("--seed", type=whole_number("--seed", 0, 2**63 - 1), default=0, metavar="N", help="0 if not given")
    parser.add_argument("-o", dest="out", metavar="DIR", help="folder for the page and the numbers")
    parser.add_argument("--json", action="store_true", help="print JSON and show no progress")
    options = parser.read(words)
    classes = None if options.classes is None else tuple(options.classes.split(","))
    if classes is not None and (len(classes) != 2 or not all(classes) or classes[0] == classes[1]):
        raise UsageError(f"--classes {options.classes} does not name two classes: give A,B, as in --classes 1,8")
    out = None if options.out is None else output_folder(options.out)

    if "numpy" not in sys.modules:  # read once, at import; a second BLAS thread gains little here and loses much on busy cores
        for name in THREADS:
            os.environ.setdefault(name, "1")

    from regimes.terminal import Progress
    from regimes.validate.analyze import analyze

    with Progress(quiet=options.json) as progress:
        analysis = analyze(options.data, labels=options.labels, classes=classes, out=out, seed=options.seed, progress=progress)
    if options.json:
        sys.stdout.write(analysis.to_json().rstrip("\n") + "\n")
    else:
        sys.stdout.write(analysis.table().rstrip("\n") + "\n")
        if out is not None:
            print(f"\nwritten to {options.out}")
    return 0
