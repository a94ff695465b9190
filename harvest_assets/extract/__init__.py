"""From raw records to documents, one module per metadata format. Pure."""
