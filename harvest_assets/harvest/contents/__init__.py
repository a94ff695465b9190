"""Contents of files that come from outside, read with care: what the protocols for files share and no other package needs."""
