/** A written value as the field's kind understands it. */
import { isCanonicalUuid, uuidStart } from '../uuid.ts';
import { stateTypes } from '../fields.ts';
import type { Condition, Instant } from '../query.ts';
import { isSeconds, isStateType, namePath, type Field, type Names, type Scope } from './names.ts';
import type { Reader, Token } from './reader.ts';
import { readMoment, readSeconds } from './spans.ts';

export type Reading = { names: Names; local: (text: string) => number | null };

type Scalar = string | number | boolean;

const number = /^[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$/i;
const answers: Record<string, boolean> = { yes: true, true: true, no: false, false: false };

export function readText(token: Token, reader: Reader): string {
  if (token.exact === undefined) return token.text;
  return typeof token.exact === 'string' ? token.exact : reader.fail('Expected text', token.at, token.to);
}

function readNumber(token: Token & { text: string }, path: string, reader: Reader): number {
  if (number.test(token.text)) return Number(token.text);
  const seconds = isSeconds(path) ? readSeconds(token.text) : null;
  if (seconds !== null) return seconds;
  const says = isSeconds(path) ? 'Expected a span, such as 90s, 5m or 1.5h' : 'Expected a number';
  return reader.fail(says, token.at, token.to);
}

const SAYS_MOMENT = 'Expected a time, such as -7d, now or 2026-11-25T08:00';

/** `order` is how it was compared. The next number is meant by > and < of a count. */
export function readBound(
  token: Token,
  { path, kind }: Field,
  { local }: Reading,
  reader: Reader,
  order: string,
): Instant {
  if (token.exact !== undefined) {
    if (typeof token.exact === 'string' || typeof token.exact === 'boolean')
      return reader.fail('Expected a number', token.at, token.to);
    return token.exact;
  }
  if (kind === 'time') return readMoment(token.text, local) ?? reader.fail(SAYS_MOMENT, token.at, token.to);
  if (kind !== 'number')
    return reader.fail(`${path} has no order. Write ${path}:value or ${path}~part`, token.at, token.to);
  const value = readNumber(token, path, reader);
  if (isSeconds(path) || !Number.isInteger(value)) return value;
  return order === '>' ? value + 1 : order === '<' ? value - 1 : value;
}

/** `inList`: written as in(…), where a moment may stand. */
export function readValues(
  tokens: Token[],
  field: Field,
  scope: Scope,
  { names, local }: Reading,
  reader: Reader,
  inList = false,
): Condition {
  const values: Scalar[] = [];
  /** what is a name where the field wants an id or a type */
  const others: string[] = [];
  const { path, kind } = field;
  for (const token of tokens) {
    if (token.exact !== undefined) {
      if (typeof token.exact === 'object') return reader.fail('Expected a value', token.at, token.to);
      values.push(token.exact);
      continue;
    }
    const { text } = token;
    const type = text.toUpperCase();
    if (kind === 'number') values.push(readNumber(token, path, reader));
    else if (kind === 'boolean')
      values.push(answers[text.toLowerCase()] ?? reader.fail('Expected yes or no', token.at, token.to));
    else if (kind === 'time') {
      const moment = inList ? readMoment(text, local) : null;
      if (typeof moment !== 'number')
        return reader.fail(`Write ${path}>=${text}, ${path}<=${text} or ${path}:from..to`, token.at, token.to);
      values.push(moment);
    } else if (isStateType(path)) {
      if (stateTypes.some((one) => one === type)) values.push(type);
      else others.push(text);
    } else if (kind === 'uuid' && !isCanonicalUuid(text.toLowerCase())) {
      const ids = names.idsOf(path, text);
      const begun = uuidStart(text) !== null;
      const byName = namePath(path, scope) !== null;
      if (ids.length > 0) values.push(...ids);
      else if (!begun && !byName) return reader.fail('Expected an id, or its first 8 characters', token.at, token.to);
      else {
        // 20261130 may be the beginning of an id, and a name
        if (begun) values.push(text.toLowerCase());
        if (byName) others.push(text);
      }
    } else values.push(kind === 'uuid' ? text.toLowerCase() : text);
  }
  const parts: Condition[] = [];
  if (values.length > 0) parts.push({ field: path, in: values });
  const otherPath = isStateType(path) ? path.replace(/type$/, 'name') : namePath(path, scope);
  if (others.length > 0 && otherPath) parts.push({ field: otherPath, in: others });
  return parts.length === 1 && parts[0] ? parts[0] : { or: parts };
}
