"""What Dagster sees: the only folder that imports Dagster."""
