/**
 * Anchored scan: paging by offset over an order that is total and never changes (ids; flow names).
 * Each page must overlap rows already seen: deletions move later rows to the front, and a page that does not overlap may have skipped some.
 */
import type { Entity } from '../contract/fields.ts';
import type { Row } from '../prefect/client.ts';
import type { Criteria, Source } from './source.ts';

/** Rows of overlap. Up to this many deletions between two pages cost nothing; more cost one page read again. */
const OVERLAP = 20;

type Scan = { entity: Entity; sort: string; criteria: Criteria; others?: Record<string, unknown> };

/** Gives every row that exists during the whole scan to `take`, most of them once. Returns the ids seen. */
export async function scanAnchored(
  source: Source,
  { entity, sort, criteria, others }: Scan,
  take: (rows: Row[]) => Promise<void>,
): Promise<Set<string>> {
  return scanPages((offset) => source.page(entity, sort, criteria, offset, others), take);
}

/** The same for pages of another kind; `full` and `skipped` as `Rows` has them. */
export async function scanPages<T extends { value: { id: string } }>(
  read: (offset: number) => Promise<{ rows: T[]; limit: number; full: boolean; skipped: number }>,
  take: (rows: T[]) => Promise<void> | void,
): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let offset = 0; ;) {
    const { rows, limit, full, skipped } = await read(offset);
    // an overlap of rows that cannot be read proves nothing
    if (offset > 0 && skipped === 0 && !rows.some(({ value }) => seen.has(value.id))) {
      offset = Math.max(0, offset - limit); // deletions have moved unseen rows before this page's start
      continue;
    }
    const fresh = rows.filter(({ value }) => !seen.has(value.id));
    for (const { value } of fresh) seen.add(value.id);
    if (fresh.length > 0) await take(fresh);
    if (!full) return seen;
    offset += Math.max(1, limit - Math.min(OVERLAP, limit >> 1));
  }
}
