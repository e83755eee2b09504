"""What happened: the canonical tables of facts, and the batches in which sources hand them over."""
