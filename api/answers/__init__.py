"""What the doors answer with: shapes of JSON, one module a part of the engine."""
