/** What the contract alone can offer at a place in a query: fields by name, and values of which there are few. */
import { relations, resolveField, stateTypes } from '../../../src-main/contract/fields.ts';
import type { Facet } from '../../../src-main/contract/query.ts';
import { fieldWords } from '../../../src-main/contract/query-text/closest.ts';
import { fieldText, valueText, type CompletionPlace } from '../../../src-main/contract/query-text/completion.ts';
import { fieldCalled, isStateType, type Scope } from '../../../src-main/contract/query-text/names.ts';
import { formatCount } from '../../format.ts';
import { fieldInfo } from '../filters/catalog.ts';

/** `text` replaces what is typed. `aside` says more about it. */
export type Offer = { text: string; label: string; aside: string };

/** Rows of the list, so that it never covers half of the window. */
const SHOWN = 8;
const moments = ['-1h', '-24h', '-7d', '-30d', 'now'];

/** Searches, which are no fields. */
const textOffers: readonly Offer[] = [
  { text: 'log:', label: 'log', aside: 'Words in kept logs' },
  { text: 'text:', label: 'text', aside: 'Words anywhere' },
];

const isType = (text: string) => stateTypes.some((type) => type === text);
/** A boolean's values as they are typed. */
const yesNo: Readonly<Record<string, string>> = { true: 'yes', false: 'no' };
const plain = (text: string): Offer => ({ text, label: text, aside: '' });

export function knownOffers(place: CompletionPlace): Offer[] {
  const typed = place.typed.toLowerCase();
  if (place.what === 'relation')
    return relationsOf(place.scope)
      .filter((name) => name.startsWith(typed))
      .map(plain);
  if (place.what === 'field')
    return [
      ...textOffers.filter(({ label }) => typed !== '' && label.startsWith(typed)),
      ...fieldOffers(place, typed),
    ].slice(0, SHOWN);
  return fixedValues(place.path)
    .filter((value) => value.startsWith(typed) && value !== typed)
    .map(plain);
}

const relationsOf = (scope: Scope) => (scope === null ? [] : Object.keys(relations[scope]));

function fixedValues(path: string): readonly string[] {
  if (isStateType(path)) return stateTypes.map((type) => type.toLowerCase());
  const kind = resolveField('task_run', path)?.kind;
  return kind === 'time' ? moments : kind === 'boolean' ? ['yes', 'no'] : [];
}

/** Fields that begin with the typed text, then fields that contain it, by name or by the window's label. */
function fieldOffers(place: Extract<CompletionPlace, { what: 'field' }>, typed: string): Offer[] {
  const words = fieldWords(place.scope).map((word) => {
    const path = fieldCalled(word, place.scope)?.path ?? word;
    return { word, path, label: place.scope === 'task_run' ? fieldInfo(path).label : '' };
  });
  const begins = words.filter(({ word }) => word.startsWith(typed));
  const contains = words.filter(
    ({ word, label }) => !word.startsWith(typed) && `${word} ${label}`.toLowerCase().includes(typed),
  );
  // a field under its short name is not offered again under its path
  const seen = new Set<string>();
  return [...begins, ...contains]
    .filter(({ path }) => !seen.has(path) && seen.add(path))
    .map(({ word, label }) => ({ text: fieldText(word, place.scope), label: word, aside: label }));
}

/** The fields whose values complete this one: a state type is also completed with state names, the name of a parent with the parents'. */
export function countedFields(place: CompletionPlace): string[] {
  if (place.what !== 'value') return [];
  const { path } = place;
  if (isStateType(path)) return [path, path.replace(/type$/, 'name')];
  const kind = resolveField('task_run', path)?.kind;
  if (kind === 'text' && path.endsWith('.name')) return [path.replace(/\.name$/, '_id')];
  return (kind === 'term' || kind === 'tags' || kind === 'uuid' || kind === 'boolean') && path !== 'id' ? [path] : [];
}

/** The archive's values with their counts, then the values that the contract fixes. */
export function countedOffers(facets: readonly Facet[], known: readonly Offer[]): Offer[] {
  const counted = facets.flatMap((facet) => {
    const isBoolean = resolveField('task_run', facet.field)?.kind === 'boolean';
    return facet.values
      .filter((one) => one.value !== null)
      .map(({ label, count }) => {
        const text = isBoolean ? (yesNo[label] ?? label) : isType(label) ? label.toLowerCase() : label;
        return { text: valueText(text), label: text, aside: formatCount(count) };
      });
  });
  const seen = new Set<string>();
  return [...counted, ...known]
    .filter(({ label }) => !seen.has(label.toLowerCase()) && seen.add(label.toLowerCase()))
    .slice(0, SHOWN);
}
