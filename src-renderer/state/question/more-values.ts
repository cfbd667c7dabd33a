/** Values of columns that the rows of a list do not hold, as the core has them. */
import { MOST_MORE, type MoreValue } from '../../../src-main/contract/calls.ts';
import { api } from '../window/app.svelte.ts';

/** `most`: see query.more. null: the archive no longer has the run. */
export async function readMore(
  workspace: string,
  ids: string[],
  fields: readonly string[],
  most: number | null,
  signal?: AbortSignal,
): Promise<(ReadonlyMap<string, MoreValue> | null)[]> {
  const rows = await api['query.more']({ workspace, ids, columns: [...fields], most }, signal ? { signal } : {});
  return rows.map((values) => values && new Map(fields.map((field, i) => [field, values[i] ?? null])));
}

/** Whole values, to be copied; by run. */
export async function wholeValues(
  workspace: string,
  ids: readonly string[],
  fields: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, MoreValue>>> {
  const found = new Map<string, ReadonlyMap<string, MoreValue>>();
  for (let at = 0; fields.length > 0 && at < ids.length; at += MOST_MORE) {
    const piece = ids.slice(at, at + MOST_MORE);
    const rows = await readMore(workspace, piece, fields, null);
    for (const [i, id] of piece.entries()) found.set(id, rows[i] ?? new Map());
  }
  return found;
}
