"""The command line: `holdfast`. One module a command, each with `arrange` (its arguments) and `run`."""
