"""Shapes of the live API (api.md): input is checked here, output is described for the schema."""
