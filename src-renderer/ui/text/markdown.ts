/**
 * Markdown as data: the lexer of `marked` reads it, and the view draws the result with elements of its own. HTML stays text, so
 * nothing that a task published can become HTML here. The lexer comes as its own chunk when the first Markdown is shown.
 *
 * The lexer's time grows with the square of the length in places (emphasis runs, e-mail addresses, continued quotes, nested markers:
 * 1 to 15 s for 100,000 characters). The limits below bound each of them; text beyond a limit is shown as it was written.
 */
import type { Token, Tokens } from 'marked';
import { Slices } from '../../scheduling.ts';

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; children: Inline[] }
  | { kind: 'em'; children: Inline[] }
  | { kind: 'strike'; children: Inline[] }
  /** `url` as it was written; the view decides what may be opened */
  | { kind: 'link'; url: string; children: Inline[] }
  | { kind: 'image'; url: string; children: Inline[] };

/** `children`: the item's first paragraph; `blocks`: what follows it. `checked` is null without a check box. */
export type Item = { checked: boolean | null; children: Inline[]; blocks: Block[] };

export type Block =
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Item[] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

/** Characters that are read; the text beyond is not drawn, or it would make a page of a million elements. */
export const MOST_READ = 100_000;
/** Characters of one paragraph, heading or cell whose inline marks are read: at most 30 ms of work. */
const MOST_INLINE = 4_000;
/** Lines of quotes: the lexer reads a continued quote again for each of them, 1.2 s for 16,000. */
const MOST_QUOTE_LINES = 2_000;
/** Lines of a list's item without an empty one: at each the lexer looks through all that follow, 7 s for 14,000. */
const MOST_ITEM_LINES = 500;
/** Link definitions: each reference is compared with all of them. */
const MOST_DEFINITIONS = 200;
/** Quotes in lists in quotes: deeper text is drawn as it was written. */
const DEEPEST = 8;
/** More markers than a line of a report has; each is one recursion of the lexer over the rest of the line. */
const NESTED_LINE = /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){17}/;
const QUOTE = /^[ \t]*>/;
const ITEM = /^[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;

/** True for texts that the lexer reads in time that grows with the square. */
function isCostly(lines: readonly string[]): boolean {
  let quoted = 0;
  let continued = 0;
  let isInItem = false;
  for (const line of lines) {
    // a rule such as `- - - -` is no nesting
    if (NESTED_LINE.test(line) && /[^-\s]/.test(line) && /[^*\s]/.test(line)) return true;
    if (QUOTE.test(line)) quoted += 1;
    if (ITEM.test(line)) [isInItem, continued] = [true, 0];
    else if (line.trim() === '') isInItem = false;
    else if (isInItem) continued += 1;
    if (quoted > MOST_QUOTE_LINES || continued > MOST_ITEM_LINES) return true;
  }
  return false;
}

/** The text as one paragraph without marks. */
export function asWritten(text: string): Block[] {
  return [{ kind: 'paragraph', children: words(text.slice(0, MOST_READ)) }];
}

/** Rejects only when the lexer's chunk cannot be loaded. Long texts are read in slices, so that the page stays responsive. */
export async function readMarkdown(text: string): Promise<Block[]> {
  const read = text.slice(0, MOST_READ).replace(/\r\n|\r/g, '\n');
  if (isCostly(read.split('\n'))) return asWritten(read);
  const { Lexer } = await import('marked');
  const lexer = new Lexer({ gfm: true });
  try {
    lexer.blockTokens(read, lexer.tokens);
    if (Object.keys(lexer.tokens.links).length > MOST_DEFINITIONS) lexer.tokens.links = {};
    const slices = new Slices();
    for (const { src, tokens } of lexer.inlineQueue) {
      if (src.length > MOST_INLINE) tokens.push({ type: 'text', raw: src, text: src });
      else lexer.inlineTokens(src, tokens);
      await slices.rest();
    }
    return blocksOf(lexer.tokens, 0);
  } catch (thrown) {
    if (thrown instanceof RangeError) return asWritten(read); // nested deeper than the stack is
    throw thrown;
  }
}

const words = (text: string): Inline[] => (text === '' ? [] : [{ kind: 'text', text }]);

function blocksOf(tokens: readonly Token[], depth: number): Block[] {
  return tokens.flatMap((token) => blockOf(token, depth));
}

function blockOf(token: Token, depth: number): Block[] {
  if (depth > DEEPEST) return [{ kind: 'paragraph', children: words(token.raw) }];
  const children = 'tokens' in token ? token.tokens : undefined;
  switch (token.type) {
    case 'space':
    case 'def':
    case 'checkbox':
      return [];
    case 'hr':
      return [{ kind: 'rule' }];
    case 'code':
      return [{ kind: 'code', text: (token as Tokens.Code).text }];
    case 'heading':
      return [{ kind: 'heading', level: (token as Tokens.Heading).depth, children: inlinesOf(token, 0) }];
    case 'blockquote':
      return [{ kind: 'quote', blocks: blocksOf(children ?? [], depth + 1) }];
    case 'list': {
      const { ordered, start, items } = token as Tokens.List;
      return [{ kind: 'list', ordered, start: Number(start), items: items.map((item) => itemOf(item, depth + 1)) }];
    }
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      const cells = (row: Tokens.TableCell[]) =>
        row.map((cell) => inlinesOf({ ...cell, type: 'text', raw: cell.text }, 0));
      return [{ kind: 'table', head: cells(header), rows: rows.map(cells) }];
    }
    // paragraphs, the bare text of a tight list, and HTML, which stays as it was written
    default:
      return [{ kind: 'paragraph', children: children ? inlinesOf(token, 0) : words(token.raw.trimEnd()) }];
  }
}

function itemOf(item: Tokens.ListItem, depth: number): Item {
  const [first, ...more] = blocksOf(item.tokens, depth);
  const opens = first?.kind === 'paragraph';
  return {
    checked: item.task ? item.checked === true : null,
    children: opens ? first.children : [],
    blocks: opens || !first ? more : [first, ...more],
  };
}

function inlinesOf(token: Token, depth: number): Inline[] {
  const found: Inline[] = [];
  const tokens = ('tokens' in token ? token.tokens : undefined) ?? [];
  for (const one of tokens.map((child) => inlineOf(child, depth))) {
    const last = found.at(-1);
    if (one.kind === 'text' && last?.kind === 'text') last.text += one.text;
    else found.push(one);
  }
  return found;
}

function inlineOf(token: Token, depth: number): Inline {
  if (depth > DEEPEST) return { kind: 'text', text: token.raw };
  const children = () => inlinesOf(token, depth + 1);
  switch (token.type) {
    case 'strong':
    case 'em':
      return { kind: token.type, children: children() };
    case 'del':
      return { kind: 'strike', children: children() };
    case 'codespan':
      return { kind: 'code', text: (token as Tokens.Codespan).text };
    case 'link':
    case 'image': {
      const { autolink, href, text } = token as Tokens.Link;
      // an e-mail address that stands there as it is: the core opens web addresses only
      if (autolink && href.startsWith('mailto:')) return { kind: 'text', text };
      return { kind: token.type, url: href, children: children() };
    }
    case 'br':
      return { kind: 'text', text: '\n' };
    case 'text':
    case 'escape':
      return { kind: 'text', text: (token as Tokens.Text).text };
    default:
      return { kind: 'text', text: token.raw };
  }
}
