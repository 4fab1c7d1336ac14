"""What the YAML says, as frozen Structs, one file a kind; the values that people type by hand.

A field whose YAML key is a Python keyword ends in an underscore (`if_` is `if:`). A class that is
one of several written forms names the keys that tell it apart in `MARKS`: one inner tuple of them
must be present, and the form with the longest present tuple is meant.
"""
