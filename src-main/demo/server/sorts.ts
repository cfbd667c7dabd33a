/** Prefect's sorts over rows' facts, with each database's null order and collation. The caller breaks ties. */
import type { Dialect } from '../../contract/query.ts';
import type { FlowFacts, FlowRunFacts, TaskFacts } from './facts.ts';

type Run = TaskFacts | FlowRunFacts;

const collator = new Intl.Collator('en-US');
const byName = (dialect: Dialect) => (dialect === 'postgres' ? collator.compare : byCodePoint);

/** SQLite's BINARY collation. It orders UTF-8 bytes, which is the order of code points; UTF-16 differs from it at surrogates. */
function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const surrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    return surrogate(x) === surrogate(y) ? x - y : surrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

/** SQLite puts nulls first ascending, PostgreSQL last. */
function byTime(dialect: Dialect, descending: boolean) {
  const nullRank = (dialect === 'sqlite') === descending ? 1 : -1;
  return (a: number | null, b: number | null) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? nullRank : -nullRank;
    return descending ? b - a : a - b;
  };
}

export function runOrder(sort: string, dialect: Dialect): (a: Run, b: Run) => number {
  const names = byName(dialect);
  const ascending = byTime(dialect, false);
  const descending = byTime(dialect, true);
  const started = (row: Run) => row.start ?? row.expected;
  switch (sort) {
    case 'EXPECTED_START_TIME_ASC':
      return (a, b) => ascending(a.expected, b.expected);
    case 'EXPECTED_START_TIME_DESC':
      return (a, b) => descending(a.expected, b.expected);
    case 'START_TIME_ASC':
      return (a, b) => ascending(started(a), started(b));
    case 'START_TIME_DESC':
      return (a, b) => descending(started(a), started(b));
    case 'NEXT_SCHEDULED_START_TIME_ASC':
      return (a, b) => ascending(a.next, b.next);
    case 'END_TIME_DESC':
      return (a, b) => descending(a.end, b.end);
    case 'NAME_ASC':
      return (a, b) => names(a.name, b.name);
    case 'NAME_DESC':
      return (a, b) => names(b.name, a.name);
    default:
      return () => 0;
  }
}

export function namedOrder(sort: string, dialect: Dialect): (a: FlowFacts, b: FlowFacts) => number {
  const names = byName(dialect);
  switch (sort) {
    case 'CREATED_DESC':
      return (a, b) => (b.created ?? 0) - (a.created ?? 0);
    case 'UPDATED_DESC':
      return (a, b) => (b.updated ?? 0) - (a.updated ?? 0);
    case 'NAME_DESC':
      return (a, b) => names(b.name, a.name);
    default:
      return (a, b) => names(a.name, b.name);
  }
}
