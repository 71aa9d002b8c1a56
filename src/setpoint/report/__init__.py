"""What people see of a run: one view model, and the terminal, HTML and JSON made from it.

`summary.summarise` folds recorded events into a `Summary`; `terminal` and `html` show it. Nothing here decides, reads
files or makes calls. All text that a model, a source or a user wrote is untrusted: it goes through `text.clean`.
"""
