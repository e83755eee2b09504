"""Where the facts come from: one module a kind of source, each handing over rows of the canonical tables."""
