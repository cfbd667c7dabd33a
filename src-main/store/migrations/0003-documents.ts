/**
 * Work pools and work queues: rows that are few, kept whole and found by id. `json` is the text as received; null when the row was
 * let go and only its id is left, so that rows which still name it are not taken for its. `gone`: µs, as in the other tables.
 */
export const version = 3;

export const sql = `
CREATE TABLE document (
  kind TEXT NOT NULL,
  id BLOB NOT NULL,
  name TEXT NOT NULL,
  gone INTEGER,
  json TEXT,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
`;
