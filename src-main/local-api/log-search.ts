/**
 * The search text of POST /logs/filter, as `parse_text_search_query` of Prefect reads it: words and "quoted phrases", of which a line needs one;
 * with - or ! before it, none; with + before it, all.
 */
import type { LineClause } from '../store/read/kept-lists.ts';

const token = /([-!+])(?:\s|$)|([-!+])?(?:"((?:\\[^]|[^"])*)(?:"|$)|([^\s"]+))/g;

/** A clause for each kind of word that the text has. */
export function searchClauses(text: string): LineClause[] {
  const words: Record<'any' | 'all' | 'none', string[]> = { any: [], all: [], none: [] };
  for (const [, alone, sign, phrase, word] of text.matchAll(token)) {
    const found = word ?? phrase?.replace(/\\(["\\])/g, '$1') ?? '';
    if (alone !== undefined || found.trim() === '') continue;
    words[sign === undefined ? 'any' : sign === '+' ? 'all' : 'none'].push(found);
  }
  return (['any', 'none', 'all'] as const).flatMap((has) =>
    words[has].length > 0 ? [{ words: words[has], has }] : [],
  );
}
