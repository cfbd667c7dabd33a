/** The ids that a condition names: which they are, and the same condition with others in their place. */
import { resolveField } from './fields.ts';
import type { Condition } from './query.ts';

export type NamedId = { field: string; id: string };

const holdsIds = (field: string) => resolveField('task_run', field)?.kind === 'uuid';

/** Of flows, deployments and other rows, wherever they stand in the condition; each once. */
export function idsIn(where: Condition): NamedId[] {
  const found = new Map<string, NamedId>();
  replaceIds(where, (field, id) => {
    found.set(`${field} ${id}`, { field, id });
    return [id];
  });
  return [...found.values()];
}

/** Each id becomes those that `ids` returns. A condition without ids is returned itself. */
export function replaceIds(where: Condition, ids: (field: string, id: string) => readonly string[]): Condition {
  if ('and' in where) return { and: where.and.map((one) => replaceIds(one, ids)) };
  if ('or' in where) return { or: where.or.map((one) => replaceIds(one, ids)) };
  if ('not' in where) return { not: replaceIds(where.not, ids) };
  if (!('in' in where) || !holdsIds(where.field)) return where;
  return { ...where, in: [...new Set(where.in.flatMap((id) => ids(where.field, String(id))))] };
}
