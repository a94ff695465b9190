"""From a source to pages of raw records: the network client, windows, the completeness proof, one package per protocol."""
