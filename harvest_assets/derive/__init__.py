"""From documents to derivatives, one module per document task."""
