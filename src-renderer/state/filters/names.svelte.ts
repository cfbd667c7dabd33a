/** Names of ids that the window has met, so that a chip can say `nightly-etl` where the query holds an id. */
import { SvelteMap } from 'svelte/reactivity';
import { resolveField } from '../../../src-main/contract/fields.ts';
import type { Condition, Facet } from '../../../src-main/contract/query.ts';
import { toAppError } from '../../../src-main/contract/errors.ts';
import { api } from '../window/app.svelte.ts';
import { idsIn } from '../../../src-main/contract/condition-ids.ts';
import { rememberTask } from './task-names.svelte.ts';

const names = new SvelteMap<string, string>();
/** What an id is of: `flow_run.flow_id` → `flow`. A flow and a deployment may have one name. */
const kindOf = (path: string) => path.split('.').at(-1)?.replace(/_id$/, '') ?? path;
/** Kind and name → ids, for a query that is typed. Not reactive: it is read when a query is parsed. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const ids = new Map<string, string[]>();

function learn(path: string, id: string, name: string): void {
  names.set(id, name);
  const key = `${kindOf(path)} ${name}`;
  const known = ids.get(key) ?? [];
  if (!known.includes(id)) ids.set(key, [...known, id]);
}

export function idsOf(path: string, name: string): readonly string[] {
  return ids.get(`${kindOf(path)} ${name}`) ?? [];
}
/** Not reactive: nothing on screen shows it. */
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const asked = new Set<string>();

export function rememberNames(facet: Facet): void {
  if (facet.field === 'task_key') for (const { value } of facet.values) rememberTask(value);
  if (resolveField('task_run', facet.field)?.kind !== 'uuid') return;
  for (const { value, label } of facet.values) if (value !== null && label !== value) learn(facet.field, value, label);
}

/** `path`: a field that holds such ids */
export function rememberName(path: string, id: string, name: string | null): void {
  if (name !== null) learn(path, id, name);
}

/** null: no answer has named the id yet. */
export function knownName(id: string): string | null {
  return names.get(id) ?? null;
}

/** The first eight digits when the name is not known. */
export function nameOf(id: string): string {
  return knownName(id) ?? id.slice(0, 8);
}

/** Field → ids whose names nobody has asked for yet. */
function unknownIds(where: Condition): Map<string, string[]> {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  const found = new Map<string, string[]>();
  for (const { field, id } of idsIn(where))
    if (!names.has(id) && !asked.has(id)) found.set(field, [...(found.get(field) ?? []), id]);
  return found;
}

/** Asks once for the names of ids in a loaded preset. An id without a name is shown as an id. */
export async function learnNames(workspace: string, where: Condition): Promise<void> {
  for (const [field, ids] of unknownIds(where)) {
    for (const id of ids) asked.add(id);
    try {
      const answer = await api['query.ask']({
        workspace,
        query: { where: { field, in: ids }, sort: [] },
        // a facet lifts the condition on its own field, so it lists all values; the rows cover those beyond its limit
        rows: { from: 0, to: 200 },
        facets: [{ field, limit: 1000 }],
        histogram: null,
      });
      for (const row of answer.rows) {
        if (row.flow_id) rememberName('flow_run.flow_id', row.flow_id, row.flow_name);
        if (row.deployment_id) rememberName('flow_run.deployment_id', row.deployment_id, row.deployment_name);
        if (row.flow_run_id) rememberName('flow_run_id', row.flow_run_id, row.flow_run_name);
      }
      answer.facets.forEach(rememberNames);
    } catch (thrown) {
      if (toAppError(thrown).code !== 'DISCONNECTED') continue; // the chip shows the id, which is right too
      for (const id of ids) asked.delete(id);
    }
  }
}
