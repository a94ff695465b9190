"""What consumers read: exports, the change feed, the promotion of a version."""
