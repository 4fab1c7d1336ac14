"""The timeline: one customer's due work and events, played in order over the pure core.

Live engine, tester, backtest, demo and `why` all stand on `play`; none of them has a second
implementation of anything.
"""
