"""Benchmarks: ours against peers and floors, in one run, against the same local server. Ratios count; seconds are of a shared machine."""
