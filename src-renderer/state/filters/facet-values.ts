/** The rows of a facet list: what the engine counted, plus what is chosen but was not among the most frequent. */
import type { Facet } from '../../../src-main/contract/query.ts';
import type { Choice } from './conditions.ts';

type FacetValue = { value: string | null; label: string; count: number | null; isNew: boolean };

/**
 * `label` names a value the engine did not count. Chosen ones beyond the limit are put last, with count 0 when the engine
 * listed everything (so they are truly absent) and null (unknown) when the list was cut and they are not new.
 */
export function mergedValues(
  facet: Facet | null,
  choice: Choice,
  limit: number,
  search: string,
  label: (value: string) => string,
): FacetValue[] {
  const fresh = new Map((facet?.new ?? []).map((one) => [one.value, one]));
  const counted = (facet?.values ?? []).slice(0, limit).map((one) => ({ ...one, isNew: fresh.has(one.value) }));
  if (search !== '') return counted;
  const complete = facet !== null && facet.values.filter((one) => one.value !== null).length >= facet.distinct;
  const known = new Set(counted.map((one) => one.value));
  const chosen = [...choice.include, ...choice.exclude].map((value) => (value === null ? null : String(value)));
  const missing = [...new Set(chosen)].filter((value) => !known.has(value));
  return [
    ...counted,
    ...missing.map((value) => ({
      value,
      label: value === null ? '' : label(value),
      count: fresh.get(value)?.count ?? (complete ? 0 : null),
      isNew: fresh.has(value),
    })),
  ];
}
