/** The words of the query language that stand for fields and values; printer, parser and completion share them. */
import { isCanonicalUuid } from '../uuid.ts';
import {
  fieldsOf,
  pathsFromTaskRun,
  relations,
  resolveField,
  type Entity,
  type FieldKind,
  type Relation,
} from '../fields.ts';

/** Short for a field, where its declaration has a word. Any field can also be written by its own path. */
export const aliases: Readonly<Record<string, string>> = Object.fromEntries(
  pathsFromTaskRun.flatMap(({ entity, prefix }) =>
    fieldsOf(entity).flatMap(([name, { word }]) => (word ? [[word, prefix + name]] : [])),
  ),
);
const shortOf = new Map(Object.entries(aliases).map(([word, path]) => [path, word]));

/** Words that mean something after a colon. */
export const reserved: readonly string[] = ['none', 'any', 'and', 'or', 'not', 'now', 'has'];

/** null: the entity, or the field's kind, is not known. Such a field is written in quotes and taken as it stands. */
export type Scope = Entity | null;
export type Field = { path: string; kind: FieldKind | null };

/** What an unquoted word means here. */
export function fieldCalled(word: string, scope: Scope): Field | null {
  if (scope === null) return null;
  const path = Object.hasOwn(aliases, word) ? (aliases[word] ?? word) : word;
  const kind = resolveField(scope, path)?.kind;
  return kind ? { path, kind } : null;
}

/** What a path means here, known or not. */
export function resolvedField(path: string, scope: Scope): Field {
  return { path, kind: (scope && resolveField(scope, path)?.kind) ?? null };
}

export function wordFor(path: string, scope: Scope): string {
  const short = shortOf.get(path);
  if (short && fieldCalled(short, scope)?.path === path) return short;
  return fieldCalled(path, scope)?.path === path ? path : quoted(path);
}

export function behind(relation: string, scope: Scope): Scope {
  const known: Record<string, Relation> = scope === null ? {} : relations[scope];
  return Object.hasOwn(known, relation) ? (known[relation]?.to ?? null) : null;
}

/** `flow_run.flow_id` → `flow_run.flow.name`: what can be asked of an id that nobody knows. */
export function namePath(path: string, scope: Scope): string | null {
  const name = path.replace(/_id$/, '.name');
  return name !== path && scope !== null && resolveField(scope, name) ? name : null;
}

export const isStateType = (path: string) => path === 'state_type' || path.endsWith('.state_type');
/** Counted in seconds, so that spans such as 5m make sense. */
export const isSeconds = (path: string) => /(^|\.)(duration|wait|(total|estimated)_run_time)$/.test(path);

/** Names of ids, where the asker knows them. */
export type Names = {
  nameOf(path: string, id: string): string | null;
  idsOf(path: string, name: string): readonly string[];
};
export const noNames: Names = { nameOf: () => null, idsOf: () => [] };

const escapes: Record<string, string> = { '\n': 'n', '\r': 'r', '\t': 't' };

/** Characters that are not seen, or that turn what follows them round, as escapes: a field would show them as they are. */
export function withoutUnseen(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** In quotes; a line break is escaped, since the query bar has one line. */
export function quoted(text: string): string {
  return `"${withoutUnseen(text.replace(/["\\\n\r\t]/g, (char) => `\\${escapes[char] ?? char}`))}"`;
}

const unescapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

/** What stands between quotes, as it was before `quoted`. */
export function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|([^]))/gi, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (unescapes[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const bare = /^[\p{L}_][\p{L}\p{N}_-]*(\.[\p{L}\p{N}_-]+)*$/u;

/** As it is where nothing in it could be read otherwise. */
export function plainOrQuoted(text: string): string {
  return isCanonicalUuid(text) || (bare.test(text) && !reserved.includes(text.toLowerCase())) ? text : quoted(text);
}
