/** The lines of the state list: state types, the most urgent first, each with its state names. */
import type { Facet } from '../../../src-main/contract/query.ts';
import { stateLook, stateOrder } from '../../state-look.ts';
import type { StateChoice } from './state-choice.ts';

type StateRow = { type: string; count: number; names: { name: string; count: number }[] };

/** Shown also with count 0, so that the list keeps its shape while filters change. */
const usual = ['COMPLETED', 'FAILED', 'CRASHED', 'RUNNING', 'PENDING', 'SCHEDULED', 'CANCELLED'];

/**
 * `typeOf` says where a name belongs, null while that is not known. A type whose only name is its own needs no second line;
 * types that Prefect does not have today come last. `met`: names of this archive; they keep their lines and their order, also at zero.
 */
export function stateRows(
  types: Facet | undefined,
  names: Facet | undefined,
  choice: StateChoice,
  typeOf: (name: string) => string | null,
  met: readonly string[] = [],
): StateRow[] {
  const counts = new Map((types?.values ?? []).map((one) => [one.value, one.count]));
  const listed = new Map<string, number>();
  for (const one of names?.values ?? []) if (one.value !== null) listed.set(one.value, one.count);
  for (const name of [...choice.include.names, ...choice.exclude.names, ...met])
    if (!listed.has(name)) listed.set(name, 0);

  const place = (name: string) => (met.includes(name) ? met.indexOf(name) : met.length);
  const under = new Map<string, StateRow['names']>();
  for (const [name, count] of listed) {
    const type = typeOf(name);
    if (type !== null) under.set(type, [...(under.get(type) ?? []), { name, count }]);
  }
  const picked = [...choice.include.types, ...choice.exclude.types];
  const known: readonly string[] = stateOrder;
  const others = [...counts.keys()].filter((type): type is string => type !== null && !known.includes(type));
  return [...known, ...others]
    .filter((type) => usual.includes(type) || counts.has(type) || picked.includes(type) || under.has(type))
    .map((type) => {
      const list = (under.get(type) ?? []).sort((a, b) => place(a.name) - place(b.name) || b.count - a.count);
      const plain = list.length === 1 && list[0]?.name === stateLook(type).label;
      return { type, count: counts.get(type) ?? 0, names: plain ? [] : list };
    });
}
