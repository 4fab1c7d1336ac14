"""The engine: a pure core that decides, the authoring tools, the store and the runtime."""
