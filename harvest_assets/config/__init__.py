"""Sources and datasets from YAML, plug-ins by entry point, settings from the environment."""
