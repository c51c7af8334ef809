"""From expressions to source code: lowering, printers, reference values, the cache."""
