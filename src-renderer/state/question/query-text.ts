/** The question as text: known names stand for ids, and times without a zone are in the chosen zone. */
import type { Condition } from '../../../src-main/contract/query.ts';
import type { Names } from '../../../src-main/contract/query-text/names.ts';
import { parseQuery, type Parsed } from '../../../src-main/contract/query-text/parse.ts';
import { printParts } from '../../../src-main/contract/query-text/print.ts';
import { app } from '../window/app.svelte.ts';
import { conjuncts } from '../filters/conditions.ts';
import { idsOf, knownName } from '../filters/names.svelte.ts';
import { fromInput } from '../filters/time-input.ts';

const names: Names = { nameOf: (_path, id) => knownName(id), idsOf };

export function parseInWindow(text: string): Parsed {
  return parseQuery(text, { names, local: (moment) => fromInput(moment, app.utc) });
}

/** The text, and where in it one of the conditions stands. */
export type Written = { text: string; from: number; to: number };

/** `chosen`: a top-level condition, whose place is returned; null: the place is the end of the text. */
export function writeInWindow(where: Condition, chosen: Condition | null): Written {
  const list = conjuncts(where);
  const parts = printParts(list, names);
  const text = parts.join(' ');
  const index = chosen ? list.indexOf(chosen) : -1;
  if (index < 0) return { text, from: text.length, to: text.length };
  const from = parts.slice(0, index).reduce((sum, part) => sum + part.length + 1, 0);
  return { text, from, to: from + (parts[index]?.length ?? 0) };
}
