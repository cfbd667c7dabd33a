/** The closest existing values to those a question names, when it matches no run: `state:faild` names a state that no run is in. */
import { resolveField, stateTypes } from '../../../src-main/contract/fields.ts';
import { closestOf } from '../../../src-main/contract/query-text/closest.ts';
import { TRUE, type Condition } from '../../../src-main/contract/query.ts';
import { conjuncts, joined } from '../filters/conditions.ts';
import { api } from '../window/app.svelte.ts';

/** Values of a field that are compared, the most frequent ones: the contract's limit of a facet. */
const VALUES = 500;

/** `where`: the question with this value instead. */
type Meaning = { value: string; where: Condition };
type Named = { field: string; name: string; with: (name: string) => Condition };

export class ClosestValues {
  private found = $state.raw<{ where: Condition; list: readonly Meaning[] } | null>(null);

  of(where: Condition): readonly Meaning[] {
    return this.found?.where === where ? this.found.list : [];
  }

  /** Without an answer nothing is offered. */
  async look(workspace: string, where: Condition, signal: AbortSignal): Promise<void> {
    const list = conjuncts(where);
    const named = list.flatMap((one, place) => {
      const found = namedIn(one);
      return found ? [{ ...found, place }] : [];
    });
    if (named.length === 0) return;
    try {
      const fields = named.map(({ field }) => field);
      const facets = fields.filter((field, i) => fields.indexOf(field) === i).slice(0, 8);
      const answer = await api['query.ask'](
        {
          ...{ workspace, query: { where: TRUE, sort: [] }, rows: { from: 0, to: 0 }, histogram: null },
          facets: facets.map((field) => ({ field, limit: VALUES, nulls: false })),
        },
        { signal },
      );
      if (signal.aborted) return;
      this.found = {
        where,
        list: named.flatMap(({ field, name, place, with: write }) => {
          const type = field.endsWith('state_name') ? closestOf(name, types)[0] : undefined;
          const labels = answer.facets.find((facet) => facet.field === field)?.values.map(({ label }) => label) ?? [];
          const [value] = labels.includes(name) ? [] : type === undefined ? closestOf(name, labels) : [type];
          return value === undefined
            ? []
            : [
                {
                  value,
                  where: joined(
                    list.map((one, i) => (i !== place ? one : type === undefined ? write(value) : ofType(field, type))),
                  ),
                },
              ];
        }),
      };
    } catch {
      // a newer question was asked, or the archive cannot be read, which the window says elsewhere
    }
  }
}

/** A type stands for all states of it: `failed` for TimedOut, too. */
const types = stateTypes.map((type) => type.toLowerCase());
const ofType = (field: string, type: string): Condition => ({
  field: field.replace(/name$/, 'type'),
  in: [type.toUpperCase()],
});

/** The one value that a condition names, and the field whose values are compared with it; null: none. */
function namedIn(one: Condition): Named | null {
  if (!('field' in one)) return null;
  const { field } = one;
  const kind = resolveField('task_run', field)?.kind;
  if ('in' in one && one.in.length === 1 && typeof one.in[0] === 'string') {
    const [name] = one.in;
    if (kind === 'term') return { field, name, with: (value) => ({ field, in: [value] }) };
    if (kind === 'text' && field.endsWith('.name'))
      return { field: field.replace(/\.name$/, '_id'), name, with: (value) => ({ field, in: [value] }) };
  }
  const [tag, ...others] = 'all' in one ? one.all : 'any' in one ? one.any : [];
  if (tag === undefined || others.length > 0) return null;
  return { field, name: tag, with: (value) => ({ field, all: [value] }) };
}
