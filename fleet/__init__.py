"""The `fleet` command: registry, simulator, look-ups, warehouse and pipeline."""
