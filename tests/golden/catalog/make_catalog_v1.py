#!/usr/bin/env python3
"""Writes catalog_v1.sql: a small catalogue of schema version 1 as SQL text.

Usage: make_catalog_v1.py SCHEMA_CPP CATALOG_DB > catalog_v1.sql
The DDL is copied out of SCHEMA_CPP (its first migration); the rows come from CATALOG_DB, which a
stylus of schema 1 wrote. The result must never be made anew: it stands for files that users have.
"""
import re
import sqlite3
import sys


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return "X'" + value.hex() + "'"
    if isinstance(value, (int, float)):
        return repr(value)
    quoted = "'" + value.replace("'", "''") + "'"
    return quoted.replace("\x1f", "' || char(31) || '")


def main():
    ddl = re.search(r'kVersion1 = R"sql\((.*?)\)sql"', open(sys.argv[1], encoding="utf-8").read(), re.S)[1]
    print(ddl.strip())
    database = sqlite3.connect(sys.argv[2])
    print("UPDATE meta SET value =", database.execute("SELECT value FROM meta").fetchone()[0], "WHERE key = 'revision';")
    for table in ("adapter", "document", "prompts", "source", "place", "known_hash", "stem", "facet", "tag",
                  "overlay", "vector_set", "vector"):
        for row in database.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
            print(f"INSERT INTO {table} VALUES ({', '.join(map(literal, row))});")
    print("INSERT INTO document_index (rowid, name, tags, triggers, description, cjk) "
          "SELECT row, name, tags, triggers, description, cjk FROM document;")
    for pragma in ("user_version", "application_id"):
        print(f"PRAGMA {pragma} = {database.execute(f'PRAGMA {pragma}').fetchone()[0]};")


if __name__ == "__main__":
    main()
