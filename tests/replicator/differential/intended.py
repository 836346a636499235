"""Differences of ours to Swift's replicator that are on purpose: a function each, with its row in ../README.md."""

DIFFERENCES = ()
