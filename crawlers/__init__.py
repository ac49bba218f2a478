"""Sources of the hub: each says, as records, what one place knows. Imports neither hub nor reproduce."""
