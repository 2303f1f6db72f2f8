"""Report → str, one module a format. Renderers never print and never decide."""
