"""What go-plugin does for a plugin in Go, for a plugin in Python: docs/wire.md, in code."""
