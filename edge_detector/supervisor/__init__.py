"""What the edge asks of Home Assistant's Supervisor when it runs as an app (add-on)."""
