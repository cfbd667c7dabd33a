/**
 * Blocks whose rows are opened eight at a time, each eight compressed against a typical row of the entity (frames.ts).
 * `dict`: number of that row, 0: none; NULL: a block of version 1, which stays as it is until it becomes sparse.
 */
export const version = 2;

export const sql = `
CREATE TABLE dictionary (id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
-- the same once more on pages of its own: without its dictionary every block of an entity would be lost
CREATE TABLE dictionary_copy (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
ALTER TABLE block ADD COLUMN dict INTEGER;
`;
