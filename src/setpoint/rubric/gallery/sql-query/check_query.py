"""Runs the query in query.sql on a small database and compares the rows; prints what is wrong."""

import pathlib
import sqlite3
import sys

TABLES = """
create table branch (id integer primary key, name text);
create table book (id integer primary key, title text);
create table loan (branch_id integer, book_id integer, day text);
insert into branch values (1, 'Mill Lane'), (2, 'Harbour'), (3, 'Airport');
insert into book values (1, 'Slow Water'), (2, 'Night Bus'), (3, 'Bread');
insert into loan values (1, 1, '2026-01-05'), (1, 1, '2026-02-11'), (1, 2, '2026-03-01'), (1, 2, '2025-12-31'),
  (1, 2, '2025-11-02'), (2, 2, '2026-07-07'), (2, 3, '2026-07-08');
"""
EXPECTED = [("Airport", 0, None), ("Harbour", 2, "Bread"), ("Mill Lane", 3, "Slow Water")]

database = sqlite3.connect(":memory:")
database.executescript(TABLES)
try:
    rows = database.execute(pathlib.Path("query.sql").read_text(encoding="utf-8")).fetchall()
except (sqlite3.Error, sqlite3.Warning) as error:
    sys.exit(f"the query does not run: {error}")
if rows != EXPECTED:
    sys.exit(f"the query gives {rows}; expected {EXPECTED}")
