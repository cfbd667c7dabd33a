/** Conditions in words: one chip per conjunct. */
import { isSeconds } from '../../../src-main/contract/query-text/names.ts';
import { writeSeconds } from '../../../src-main/contract/query-text/spans.ts';
import { MICROS_PER_SECOND } from '../../../src-main/contract/time.ts';
import type { Condition, Instant } from '../../../src-main/contract/query.ts';
import { stateLook } from '../../state-look.ts';
import { oneLine } from '../../visible-text.ts';
import { fieldInfo, shortLabel } from './catalog.ts';
import { conjuncts, fieldOf } from './conditions.ts';
import { statesOf } from './state-choice.ts';

export type Chip = {
  /** the conjunct it stands for, itself, for removing it */
  condition: Condition;
  not: boolean;
  label: string;
  text: string;
  /** field whose section of the panel edits it; null when none does */
  field: string | null;
};

export type Words = {
  /** an id's name, when it is known; a task's, when it stands for its key alone */
  name(field: string, id: string): string;
  /** µs in the chosen time zone, short */
  time(micros: number): string;
};

const units: [number, string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** 86,400,000,000 µs → "1 d"; spans up to two days read better in hours. */
export function spanWords(micros: number): string {
  const seconds = Math.round(micros / MICROS_PER_SECOND);
  for (const [size, unit] of units)
    if (seconds % size === 0 && seconds >= size && !(unit === 'd' && seconds < 2 * 86_400))
      return `${seconds / size} ${unit}`;
  return `${seconds} s`;
}

function instantWords(instant: Instant, words: Words): string {
  if (typeof instant === 'number') return words.time(instant);
  return instant.ago === 0 ? 'now' : `${spanWords(instant.ago)} ago`;
}

function numberWords(instant: Instant, seconds: boolean): string {
  const value = typeof instant === 'number' ? instant : 0; // a number field has no relative ends
  return seconds ? writeSeconds(value).replace(/[a-z]+$/, ' $&') : String(value);
}

function rangeWords(field: string, from: Instant | undefined, to: Instant | undefined, words: Words): string {
  const kind = fieldInfo(field).kind;
  if (kind === 'time') {
    if (
      from !== undefined &&
      typeof from === 'object' &&
      (to === undefined || (typeof to === 'object' && to.ago === 0))
    )
      return `last ${spanWords(from.ago)}`;
    if (from !== undefined && to !== undefined) return `${instantWords(from, words)} – ${instantWords(to, words)}`;
    if (from !== undefined) return `since ${instantWords(from, words)}`;
    return to === undefined ? 'any' : `until ${instantWords(to, words)}`;
  }
  const seconds = isSeconds(field);
  if (from !== undefined && to !== undefined)
    return from === to
      ? numberWords(from, seconds)
      : `${numberWords(from, seconds)}${seconds ? ' – ' : '–'}${numberWords(to, seconds)}`;
  if (from !== undefined) return `≥ ${numberWords(from, seconds)}`;
  return to === undefined ? 'any' : `≤ ${numberWords(to, seconds)}`;
}

function listed(parts: string[], glue: string): string {
  if (parts.length <= 3) return parts.join(glue);
  return `${parts.slice(0, 2).join(glue)} and ${parts.length - 2} more`;
}

function stateWords(set: { types: string[]; names: string[] }): string {
  return listed([...set.types.map((type) => stateLook(type).label), ...set.names], ', ');
}

function valueWords(field: string, value: string | number | boolean, words: Words): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const kind = fieldInfo(field).kind;
  if (kind === 'uuid' || field === 'task_key') return words.name(field, String(value));
  if (field.endsWith('state_type')) return stateLook(String(value)).label;
  return String(value);
}

const relationWords: Record<string, string> = { subflow_runs: 'a subflow run' };

/** A condition as a phrase, for what no chip has a shape for: `start ≥ … or state Failed`. */
export function phrase(condition: Condition, words: Words): string {
  return chipWords(describe(condition, words));
}

type Described = { not: boolean; label: string; text: string };

function describe(condition: Condition, words: Words): Described {
  if ('not' in condition) {
    const inner = describe(condition.not, words);
    return { ...inner, not: !inner.not };
  }
  const yes = (label: string, text: string): Described => ({ not: false, label, text });
  for (const prefix of ['', 'flow_run.']) {
    const states = statesOf(condition, prefix);
    if (states) return yes(prefix === '' ? 'state' : 'flow run state', stateWords(states.set));
  }
  if ('text' in condition) return yes('text', `“${condition.text}”`);
  if ('log' in condition) return condition.log === '' ? yes('logs', 'kept') : yes('logs', `“${condition.log}”`);
  if ('has' in condition) return yes('has', relationWords[condition.has] ?? condition.has.replaceAll('_', ' '));
  if ('and' in condition || 'or' in condition) {
    const parts = 'and' in condition ? condition.and : condition.or;
    const only = fieldOf(condition);
    const glue = 'and' in condition ? ' and ' : ' or ';
    if (only && parts.every((one) => !('not' in one)))
      return yes(
        shortLabel(only),
        listed(
          parts.map((one) => describe(one, words).text),
          glue,
        ),
      );
    return yes(
      '',
      listed(
        parts.map((one) => phrase(one, words)),
        glue,
      ),
    );
  }
  const label = shortLabel(condition.field);
  if ('in' in condition)
    return yes(
      label,
      listed(
        condition.in.map((v) => valueWords(condition.field, v, words)),
        ', ',
      ),
    );
  if ('like' in condition) return yes(label, `like “${condition.like}”`);
  if ('contains' in condition) return yes(label, `contains “${condition.contains}”`);
  if ('isNull' in condition && condition.field === 'gone')
    return yes('', condition.isNull ? 'on the server' : 'gone from the server');
  if ('isNull' in condition) {
    const tags = fieldInfo(condition.field).kind === 'tags';
    return yes(label, condition.isNull ? (tags ? 'untagged' : 'none') : 'any');
  }
  if ('all' in condition) return yes(label, listed(condition.all, ' + '));
  if ('any' in condition) return yes(label, listed(condition.any, ' or '));
  return yes(label, rangeWords(condition.field, condition.from, condition.to, words));
}

/** One per conjunct. */
export function filtersOf(where: Condition, words: Words): Chip[] {
  return conjuncts(where).map((condition) => {
    const inner = 'not' in condition ? condition.not : condition;
    const states = ['', 'flow_run.'].find((prefix) => statesOf(inner, prefix));
    const field = states === undefined ? fieldOf(inner) : `${states}state_type`;
    return { condition, field, ...describe(condition, words) };
  });
}

/** Those beside the free text, which is in the query bar's own field. */
export function chipsOf(where: Condition, words: Words): Chip[] {
  return filtersOf(where, words).filter(({ condition }) => !('text' in condition));
}

/** A chip in one string. */
export function chipWords({ not, label, text }: Pick<Chip, 'not' | 'label' | 'text'>): string {
  return oneLine(`${not ? 'not ' : ''}${label}${label && text ? ' ' : ''}${text}`);
}
