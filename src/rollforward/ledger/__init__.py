"""How it moved: spans, movements, exchange and proofs as relational expressions, without I/O and without a clock."""

STAGES_VERSION = 15
"""Raised with every change of a stage's columns or meaning: a ledger made by another version is built anew."""
