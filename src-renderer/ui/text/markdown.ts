/**
 * The part of Markdown that reports are made of, as data: the view draws it with elements of its own, so nothing a task has
 * published can become HTML here. HTML in it stays text. Every pattern is tried at one place only: time grows with length.
 */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; children: Inline[] }
  | { kind: 'em'; children: Inline[] }
  | { kind: 'strike'; children: Inline[] }
  /** `url` as it was written; the view decides what may be opened */
  | { kind: 'link'; url: string; children: Inline[] }
  | { kind: 'image'; url: string; children: Inline[] };

export type Block =
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | {
      kind: 'list';
      ordered: boolean;
      start: number;
      items: { depth: number; checked: boolean | null; children: Inline[] }[];
    }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const ITEM = /^([ \t]*)(?:[-*+]|(\d{1,9})[.)])[ \t]+(.*)$/;
const QUOTE = /^ {0,3}> ?/;
const TABLE_LINE = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
/** Quotes in quotes in quotes: beyond this they are text. */
const DEEPEST = 8;

export function readMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const line = () => lines[at] ?? '';
  const blank = () => line().trim() === '';
  const isTable = () =>
    line().includes('|') && (lines[at + 1] ?? '').includes('-') && TABLE_LINE.test(lines[at + 1] ?? '');
  const startsBlock = () =>
    FENCE.test(line()) ||
    HEADING.test(line()) ||
    RULE.test(line()) ||
    ITEM.test(line()) ||
    QUOTE.test(line()) ||
    isTable();

  while (at < lines.length) {
    const fence = FENCE.exec(line())?.[1];
    const heading = HEADING.exec(line());
    if (blank()) at += 1;
    else if (fence !== undefined) {
      const end = lines.findIndex((one, i) => i > at && one.trim().startsWith(fence));
      const last = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, last).join('\n') });
      at = last + 1;
    } else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, children: readInline(heading[2] ?? '') });
      at += 1;
    } else if (RULE.test(line())) {
      blocks.push({ kind: 'rule' });
      at += 1;
    } else if (QUOTE.test(line()) && depth < DEEPEST) {
      const quoted: string[] = [];
      for (; at < lines.length && QUOTE.test(line()); at++) quoted.push(line().replace(QUOTE, ''));
      blocks.push({ kind: 'quote', blocks: readMarkdown(quoted.join('\n'), depth + 1) });
    } else if (ITEM.test(line())) {
      const items: { depth: number; checked: boolean | null; text: string }[] = [];
      const first = ITEM.exec(line());
      for (let open = true; open && at < lines.length;) {
        const item = ITEM.exec(line());
        const last = items.at(-1);
        if (item) items.push(readItem(item));
        else if (!blank() && last && !startsBlock()) last.text += `\n${line().trim()}`;
        else if (!(blank() && ITEM.test(lines[at + 1] ?? ''))) open = false;
        if (open) at += 1;
      }
      blocks.push({
        kind: 'list',
        ordered: first?.[2] !== undefined,
        start: Number(first?.[2] ?? 1),
        items: items.map(({ text, ...item }) => ({ ...item, children: readInline(text) })),
      });
    } else if (isTable()) {
      const head = readCells(line());
      const rows: Inline[][][] = [];
      for (at += 2; at < lines.length && !blank() && line().includes('|'); at++)
        rows.push(head.map((_, i) => readCells(line())[i] ?? []));
      blocks.push({ kind: 'table', head, rows });
    } else {
      const words = [line().trim()];
      for (at += 1; at < lines.length && !blank() && !startsBlock(); at++) words.push(line().trim());
      blocks.push({ kind: 'paragraph', children: readInline(words.join('\n')) });
    }
  }
  return blocks;
}

function readItem([, indent = '', , text = '']: RegExpExecArray): {
  depth: number;
  checked: boolean | null;
  text: string;
} {
  const box = /^\[([ xX])\][ \t]+/.exec(text);
  const depth = Math.min(6, Math.floor(indent.replaceAll('\t', '    ').length / 2));
  return { depth, checked: box ? box[1] !== ' ' : null, text: box ? text.slice(box[0].length) : text };
}

function readCells(line: string): Inline[][] {
  const cells = line
    .trim()
    .replace(/^\|/, '')
    .split(/(?<!\\)\|/);
  if (cells.length > 1 && cells.at(-1)?.trim() === '') cells.pop();
  return cells.map((cell) => readInline(cell.trim().replaceAll('\\|', '|')));
}

const MARKS = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 'strike'],
  ['*', 'em'],
  ['_', 'em'],
] as const;

export function readInline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let plain = '';
  const push = (...more: Inline[]) => {
    if (plain !== '') found.push({ kind: 'text', text: plain });
    plain = '';
    found.push(...more);
  };
  /** marks that no later place closes, so that each is looked for once */
  const unclosed = new Set<string>();
  for (let at = 0; at < text.length;) {
    const sign = text[at] ?? '';
    if (sign === '\\' && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '')) {
      plain += text[at + 1];
      at += 2;
      continue;
    }
    const special = depth < DEEPEST ? readSpecial(text, at, depth, unclosed) : null;
    if (special) {
      push(special.inline);
      at = special.end;
    } else {
      plain += sign;
      at += 1;
    }
  }
  push();
  return found;
}

type Special = { inline: Inline; end: number };

function readSpecial(text: string, at: number, depth: number, unclosed: Set<string>): Special | null {
  const sign = text[at] ?? '';
  if (sign === '`') {
    const [ticks = ''] = /^`+/.exec(text.slice(at, at + 20)) ?? [];
    const end = unclosed.has(ticks) ? -1 : text.indexOf(ticks, at + ticks.length);
    if (end > 0)
      return { inline: { kind: 'code', text: text.slice(at + ticks.length, end).trim() }, end: end + ticks.length };
    unclosed.add(ticks);
    return null;
  }
  if (sign === '[' || (sign === '!' && text[at + 1] === '[')) return readLink(text, at, depth);
  if (sign === '<' || sign === 'h') return readAddress(text, at);
  for (const [mark, kind] of MARKS) {
    if (unclosed.has(mark) || !text.startsWith(mark, at)) continue;
    const from = at + mark.length;
    if (/\s/.test(text[from] ?? ' ') || (mark.startsWith('_') && /\w/.test(text[at - 1] ?? ''))) return null;
    const end = closing(text, mark, from);
    if (end > from)
      return { inline: { kind, children: readInline(text.slice(from, end), depth + 1) }, end: end + mark.length };
    unclosed.add(mark);
  }
  return null;
}

/** Where the mark closes: not after a space, and an underscore not inside a word. -1: nowhere. */
function closing(text: string, mark: string, from: number): number {
  for (let end = text.indexOf(mark, from); end >= 0; end = text.indexOf(mark, end + 1)) {
    const inside = mark.startsWith('_') && /\w/.test(text[end + mark.length] ?? '');
    const longer = mark.length === 1 && (text[end + 1] === mark || text[end - 1] === mark);
    if (end > from && !/\s/.test(text[end - 1] ?? '') && !inside && !longer && text[end - 1] !== '\\') return end;
  }
  return -1;
}

/** Characters of a link's words and of its address; longer ones are text. */
const LONGEST = 2_000;

function readLink(text: string, at: number, depth: number): Special | null {
  const image = text[at] === '!';
  const from = at + (image ? 2 : 1);
  const part = text.slice(from, from + 2 * LONGEST);
  let open = 1;
  let close = 0;
  for (; close < part.length && open > 0; close++) {
    if (part[close] === '\\') close += 1;
    else if (part[close] === '[') open += 1;
    else if (part[close] === ']') open -= 1;
  }
  const rest = /^\([ \t]*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:[ \t]+"[^"\n]*")?[ \t]*\)/.exec(
    part.slice(close, close + LONGEST),
  );
  if (open > 0 || !rest) return null;
  const children = readInline(part.slice(0, close - 1), depth + 1);
  return {
    inline: { kind: image ? 'image' : 'link', url: rest[1] ?? '', children },
    end: from + close + rest[0].length,
  };
}

/** An address that stands there as it is, or in angle brackets. */
function readAddress(text: string, at: number): Special | null {
  const part = text.slice(at, at + LONGEST);
  const bare = /^https?:\/\/[^\s<>"'`|]+/.exec(part);
  const angle = /^<(https?:\/\/[^\s<>]+)>/.exec(part);
  if (bare && /\w/.test(text[at - 1] ?? '')) return null;
  const url = angle?.[1] ?? bare?.[0].replace(/[.,;:!?*_~)\]]+$/, '');
  if (url === undefined) return null;
  const end = at + (angle ? angle[0].length : url.length);
  return { inline: { kind: 'link', url, children: [{ kind: 'text', text: url }] }, end };
}
