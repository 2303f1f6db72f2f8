"""What the alarm itself proves, before anything is probed."""
