"""What authors need: loader, checks, schemas, simulation."""
