#!/usr/bin/env python3
"""Prints the rows of a Taskscope archive as JSON lines, byte for byte as the Prefect server sent them.

    python3 read_archive.py ARCHIVE [--entity task_run]

Needs Python 3.8 or later and nothing else. The archive is opened read-only. A row's JSON is one zlib stream (RFC 1950) in the
table <entity>_json; if the stream has a preset dictionary, its header names it by its Adler-32, the key of the table `dictionary`.
Work pools and work queues are few: they are kept as plain text in the table `document`.
"""
import argparse
import pathlib
import sqlite3
import sys
import zlib

ROWS = ("task_run", "flow_run", "flow", "deployment")
DOCUMENTS = ("work_pool", "work_queue")
FDICT = 0x20  # in the second byte of a stream: the next four bytes are the dictionary's Adler-32


def open_row(z, dictionaries):
    if z[1] & FDICT:
        stream = zlib.decompressobj(zdict=dictionaries[int.from_bytes(z[2:6], "big")])
    else:
        stream = zlib.decompressobj()
    row = stream.decompress(z) + stream.flush()
    if not stream.eof:
        raise zlib.error("a row is cut short")
    return row


def rows(archive, entity, dictionaries):
    if entity in DOCUMENTS:
        sql = "SELECT json FROM document WHERE kind = ? AND json IS NOT NULL ORDER BY id"
        for (text,) in archive.execute(sql, (entity,)):
            yield text.encode()
        return
    # known = 0: only the id was seen, in another row
    for (z,) in archive.execute(f"SELECT z FROM {entity}_json JOIN {entity} USING (rid) WHERE known = 1 ORDER BY rid"):
        yield open_row(z, dictionaries)


def main():
    parser = argparse.ArgumentParser(description="Prints the rows of a Taskscope archive as JSON lines.")
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("--entity", choices=ROWS + DOCUMENTS, action="append", help="default: all; may be repeated")
    asked = parser.parse_args()
    archive = sqlite3.connect(asked.archive.resolve().as_uri() + "?mode=ro", uri=True)
    dictionaries = dict(archive.execute("SELECT adler, bytes FROM dictionary"))
    for entity in asked.entity or ROWS + DOCUMENTS:
        for row in rows(archive, entity, dictionaries):
            sys.stdout.buffer.write(row + b"\n")


if __name__ == "__main__":
    main()
