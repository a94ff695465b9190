"""What each stage does, from configuration and store to store, without Dagster: where the packages of work meet."""
