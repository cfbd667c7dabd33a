/** Reads flows and deployments: they have no time to page by, but are few, and their names order them. */
import { parseTime } from '../contract/time.ts';
import type { Row } from '../prefect/client.ts';
import { scanAnchored } from './anchored.ts';
import type { Source } from './source.ts';

type Take = (rows: Row[]) => Promise<void>;

/** Reads all flows by an anchored scan, since their names are unique and never change. Returns their ids. */
export async function readFlows(source: Source, take: Take): Promise<string[]> {
  return [...(await scanAnchored(source, { entity: 'flow', sort: 'NAME_ASC', criteria: {} }, take))];
}

/**
 * Reads all deployments of these flows and returns their ids. Deployments have no unique order, so sets of flows are halved until a set's
 * deployments fit on one page, which is one snapshot. The deployments of a single flow have unique names.
 */
export async function readDeployments(source: Source, flowIds: readonly string[], take: Take): Promise<Set<string>> {
  const ids = new Set<string>();
  const keep = async (rows: Row[]) => {
    const fresh = rows.filter(({ value }) => !ids.has(value.id));
    for (const { value } of fresh) ids.add(value.id);
    if (fresh.length > 0) await take(fresh);
  };
  const all = await source.page('deployment', 'NAME_ASC', {});
  await keep(all.rows);
  if (!all.full) return ids;

  const sets: string[][] = [];
  for (let from = 0; from < flowIds.length; from += source.limit) sets.push(flowIds.slice(from, from + source.limit));
  for (let flows = sets.pop(); flows; flows = sets.pop()) {
    const others = { flows: { id: { any_: flows } } };
    if (flows.length === 1) {
      const found = await scanAnchored(source, { entity: 'deployment', sort: 'NAME_ASC', criteria: {}, others }, take);
      for (const id of found) ids.add(id);
      continue;
    }
    const page = await source.page('deployment', 'NAME_ASC', {}, 0, others);
    if (!page.full) await keep(page.rows);
    else sets.push(flows.slice(flows.length >> 1), flows.slice(0, flows.length >> 1));
  }
  return ids;
}

/** Reads flows or deployments changed since `after` (µs). Returns false when more have changed than one page holds: then all must be read. */
export async function readChanged(
  source: Source,
  entity: 'flow' | 'deployment',
  after: number,
  take: Take,
): Promise<boolean> {
  const { rows, full } = await source.page(entity, 'UPDATED_DESC', {});
  const isNew = ({ value }: Row) =>
    typeof value.updated !== 'string' || (parseTime(value.updated) ?? Infinity) >= after;
  const fresh = rows.filter(isNew);
  if (fresh.length > 0) await take(fresh);
  return fresh.length < rows.length || !full;
}
