/**
 * Which facets are asked together. The first portion goes with the question itself; a call takes at most 16. State type and
 * name are one list whose ticks add up, so each is counted with the conjuncts on both lifted, which the engine does for one
 * field only: they are asked apart as soon as one of them is ticked.
 */
import type { Condition, FacetRequest } from '../../src-main/contract/query.ts';
import { conjuncts, joined } from './conditions.ts';
import { statesOf } from './state-choice.ts';

export type Portion = { where: Condition; requests: FacetRequest[] };

/** The contract's limit for one call. */
const PER_CALL = 16;
const prefixes = ['', 'flow_run.'] as const;

function prefixOf(field: string): (typeof prefixes)[number] | null {
  return prefixes.find((prefix) => field === `${prefix}state_type` || field === `${prefix}state_name`) ?? null;
}

/** At least one portion, the first of which has `where` as it is. */
export function portionsOf(where: Condition, requests: readonly FacetRequest[]): Portion[] {
  const all = conjuncts(where);
  const apart: Portion[] = [];
  const own = requests.filter((one) => prefixOf(one.field) === null);
  for (const prefix of prefixes) {
    const family = requests.filter((one) => prefixOf(one.field) === prefix);
    const lifted = all.filter((one) => !statesOf(one, prefix));
    if (family.length === 0) continue;
    if (lifted.length === all.length) own.unshift(...family);
    else apart.push({ where: joined(lifted), requests: family });
  }
  const together: Portion[] = [{ where, requests: own.slice(0, PER_CALL) }];
  for (let i = PER_CALL; i < own.length; i += PER_CALL) together.push({ where, requests: own.slice(i, i + PER_CALL) });
  return [...together, ...apart];
}
