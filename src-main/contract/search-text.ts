/**
 * What a search means. Its text is words, "phrases", prefix* and -not, and a run is found when every term is found somewhere in it. In names
 * a term is found anywhere; in messages, parameters, logs and artifacts it begins where a word or a part of a CamelCase word begins.
 * Chinese, Japanese and Thai characters and emoji are words by themselves, so that they are found without spaces between them.
 */
import { ansiFree } from './ansi.ts';
import { quoted, unescaped } from './query-text/names.ts';
import { dashed, uuidHex, uuidStart } from './uuid.ts';

export type SearchTerm = {
  /** as typed, without quotes, minus and star */
  text: string;
  not: boolean;
  /** in quotes: ends where its last word ends */
  phrase: boolean;
};

const termShape = /(-?)(?:"((?:[^"\\]|\\[^])*)(?:"|$)|(\S+))/g;

/** The terms of a search. A minus alone and an empty phrase are none. */
export function searchTerms(text: string): SearchTerm[] {
  return [...text.matchAll(termShape)].flatMap(([, minus, quotes, word]): SearchTerm[] => {
    const phrase = quotes !== undefined;
    const found = phrase ? unescaped(quotes) : withoutStars(word);
    return found.trim() === '' || word === '-' ? [] : [{ text: found, not: minus === '-', phrase }];
  });
}

/** A star alone is a word. */
function withoutStars(word: string): string {
  let end = word.length;
  while (end > 1 && word[end - 1] === '*') end--;
  return word.slice(0, end);
}

/** A term as it is typed: reads back as the same. */
export function termText({ text, not, phrase }: SearchTerm): string {
  return (not ? '-' : '') + (phrase ? quoted(text) : text);
}

/** Path of a page of Prefect's UI or API about one row, under whatever prefix. Cloud's paths name an account and a workspace before it. */
const page = /\/(?:task[-_]run|flow[-_]run|flow|deployment)s?\/([0-9a-f-]{32,36})(?=[/?#]|$)/gi;

/** The id that a term is or begins, or the row whose page it is the address of. `address`: it says nothing else. null: neither. */
export function idOf(term: string): { id: string; address: boolean } | null {
  if (uuidStart(term) !== null) return { id: term, address: false };
  const last = [...term.matchAll(page)].at(-1)?.[1];
  const named = last === undefined ? null : uuidHex(last);
  return named === null ? null : { id: dashed(named), address: true };
}

/** Characters that are words by themselves: scripts that are written without spaces, and emoji. */
const ALONE = String.raw`\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{Extended_Pictographic}\p{RI}`;
const LETTER = String.raw`[[\p{L}\p{N}\p{M}]--[${ALONE}]]`;
const wordShape = new RegExp(String.raw`[${ALONE}]|${LETTER}+`, 'gv');
const alone = new RegExp(String.raw`^[${ALONE}]$`, 'v');
/** Where the parts of ConnectTimeoutError and HTTPError meet. */
const partBorder = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

/** Letters of a word that count: longer ones are keys and encoded bytes, which nobody types to their end. */
const MOST_OF_A_WORD = 80;
/** Parts of one word that are found: more are in encoded bytes only. */
const MOST_PARTS = 8;
/** Letters from which on a word that is being typed finds longer ones. A shorter one would find most of all words. */
const LEAST_OF_A_PREFIX = 3;

/** Marks on one letter beyond these are left out: putting n marks in their order takes the square of n. */
const moreMarks = /(?<=\p{M}{32})\p{M}{1,1000}/gu;
/** Letters of a word that do not count; in pieces, for a word of 5,000,000 letters overflows the stack of a regular expression. */
const moreLetters = new RegExp(String.raw`(?<=${LETTER}{300})${LETTER}{1,1000}`, 'gv');
/** Characters of a text that may be one such word. */
const LONG = 1_000_000;

/** `seen`: a text without escape sequences. The caller takes them out, once: what is left of one may look like another. */
function composed(seen: string): string {
  return (seen.length > LONG ? seen.replace(moreLetters, '') : seen).replace(moreMarks, '').normalize('NFC');
}

function folded(word: string): string {
  return word.slice(0, MOST_OF_A_WORD).toLowerCase().replaceAll('ς', 'σ').toWellFormed();
}

const beyondAscii = /[\u0080-\uffff]/;
const asciiWord = /[0-9a-z]+/g;

/** The words of a text in order, folded. A log is mostly ASCII, of which a line of 60 characters takes 0.7 instead of 2.8 µs. */
export function wordsOf(text: string): string[] {
  const seen = ansiFree(text);
  if (beyondAscii.test(seen)) return (composed(seen).match(wordShape) ?? []).map(folded);
  return (seen.toLowerCase().match(asciiWord) ?? []).map((word) => word.slice(0, MOST_OF_A_WORD));
}

/** What follows each inner border of the text's CamelCase words: `timeouterror` and `error` of ConnectTimeoutError. */
export function partsOf(text: string): string[] {
  const found: string[] = [];
  const seen = composed(ansiFree(text));
  if (!partBorder.test(seen)) return found; // most lines; cutting one takes 5 µs
  for (const word of seen.match(wordShape) ?? []) {
    const parts = word.slice(0, MOST_OF_A_WORD).split(partBorder);
    for (let i = 1; i < Math.min(parts.length, MOST_PARTS); i++) found.push(folded(parts.slice(i).join('')));
  }
  return found;
}

/** How a term is looked for among words: in this order side by side. `prefix`: the last may go on. null: it has no word. */
export function wanted({ text, phrase }: SearchTerm): { words: string[]; prefix: boolean } | null {
  const words = wordsOf(text);
  const last = words.at(-1);
  if (last === undefined) return null;
  const typed = /[\p{L}\p{N}\p{M}]$/u.test(text) && !alone.test(last);
  return { words, prefix: !phrase && typed && [...last].length >= LEAST_OF_A_PREFIX };
}

/** Characters of a text in which words are looked for one by one: 200,000 take 30 ms. */
const MOST_READ = 200_000;

/**
 * The places at which a term stands in a text as the full-text index finds it, ascending. `text`: without escape sequences; `looked`: of
 * `wanted`.
 */
export function* wordPlaces(
  text: string,
  { words, prefix }: { words: readonly string[]; prefix: boolean },
): Generator<[from: number, to: number]> {
  const [first = '', ...others] = words;
  const fits = (word: string, wanted: string, last: boolean) =>
    last && prefix ? word.startsWith(wanted) : word === wanted;
  const before: { word: string; from: number }[] = [];
  for (const { 0: raw, index } of text.slice(0, MOST_READ).matchAll(wordShape)) {
    const word = folded(composed(raw));
    const end = (from: number, found: string, wanted: string) =>
      prefix && found.length === raw.length - (from - index) ? from + wanted.length : index + raw.length;
    if (others.length === 0) {
      const at = startIn(raw, (part) => fits(part, first, true));
      if (at !== null) yield [index + at.from, end(index + at.from, at.word, first)];
      continue;
    }
    before.push({ word, from: index });
    if (before.length > words.length) before.shift();
    const [start] = before;
    if (before.length < words.length || !start) continue;
    if (words.every((wanted, i) => fits(before[i]?.word ?? '', wanted, i === words.length - 1)))
      yield [start.from, end(index, word, words.at(-1) ?? '')];
  }
}

/** Where the word, or a part of a CamelCase word, begins that fits. */
function startIn(raw: string, fits: (folded: string) => boolean): { from: number; word: string } | null {
  const parts = raw.slice(0, MOST_OF_A_WORD).split(partBorder);
  let from = 0;
  for (let i = 0; i < Math.min(parts.length, MOST_PARTS); i++) {
    const word = folded(composed(i === 0 ? raw : parts.slice(i).join('')));
    if (fits(word)) return { from, word };
    from += parts[i]?.length ?? 0;
  }
  return null;
}
