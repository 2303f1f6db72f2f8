"""The nginx configuration that serves the callback, rule by rule."""
