"""The shell at work: intake, tick, sweeps, outbox, actions."""
