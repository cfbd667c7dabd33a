/**
 * JSON read into a tree that keeps every value as the text it came in. JSON.parse would round 64-bit ids and 0.1000000000000000055,
 * re-order keys that look like numbers and drop doubled ones; what a person inspects or copies must be what was sent.
 */
export type JsonNode =
  | { kind: 'object'; entries: { key: string; value: JsonNode }[] }
  | { kind: 'array'; items: JsonNode[] }
  | { kind: 'string'; value: string }
  | { kind: 'number' | 'literal'; text: string };

/** Levels; Python's reader and writer stop at about 1,000 as well. A tree within it is walked without running out of stack. */
const DEEPEST = 1000;

class Reader {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): JsonNode {
    const node = this.value();
    this.space();
    if (this.at < this.text.length) this.fail();
    return node;
  }

  private fail(): never {
    throw new SyntaxError(`not JSON at character ${this.at}`);
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return found;
  }

  private space(): void {
    this.match(/[ \t\r\n]*/y);
  }

  private eat(sign: string): boolean {
    this.space();
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private string(): string {
    this.space();
    if (this.text[this.at] !== '"') this.fail();
    // no pattern: one that repeats a group runs out of stack in a string of 20 MB
    const from = this.at;
    let to = from + 1;
    while (to < this.text.length && this.text[to] !== '"') to += this.text[to] === '\\' ? 2 : 1;
    this.at = to + 1;
    try {
      return JSON.parse(this.text.slice(from, this.at)) as string;
    } catch {
      return this.fail();
    }
  }

  private value(): JsonNode {
    if (this.depth === DEEPEST) this.fail();
    this.depth += 1;
    const node = this.nested() ?? this.plain();
    this.depth -= 1;
    return node;
  }

  private nested(): JsonNode | null {
    if (this.eat('{')) {
      const entries: { key: string; value: JsonNode }[] = [];
      if (this.eat('}')) return { kind: 'object', entries };
      do {
        const key = this.string();
        if (!this.eat(':')) this.fail();
        entries.push({ key, value: this.value() });
      } while (this.eat(','));
      return this.eat('}') ? { kind: 'object', entries } : this.fail();
    }
    if (this.eat('[')) {
      const items: JsonNode[] = [];
      if (this.eat(']')) return { kind: 'array', items };
      do items.push(this.value());
      while (this.eat(','));
      return this.eat(']') ? { kind: 'array', items } : this.fail();
    }
    return null;
  }

  private plain(): JsonNode {
    if (this.text[this.at] === '"') return { kind: 'string', value: this.string() };
    const number = this.match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number !== null) return { kind: 'number', text: number };
    // Python's json also writes NaN and Infinity
    const literal = this.match(/true|false|null|NaN|-?Infinity/y);
    return literal === null ? this.fail() : { kind: 'literal', text: literal };
  }
}

/** Throws SyntaxError when the text is not JSON or is nested deeper than 1,000 levels. */
export function readJson(text: string): JsonNode {
  return new Reader(text).whole();
}

/** A member of an object; null when the key is missing or the node is not an object. */
export function member(node: JsonNode | null, key: string): JsonNode | null {
  if (node?.kind !== 'object') return null;
  return node.entries.find((entry) => entry.key === key)?.value ?? null;
}

/** The value as text: strings without quotes, null as null, everything else as JSON. */
export function scalar(node: JsonNode | null): string | null {
  if (node === null || (node.kind === 'literal' && node.text === 'null')) return null;
  return node.kind === 'string' ? node.value : writeJson(node);
}

export function writeJson(node: JsonNode, indent = 0, depth = 0): string {
  const line = indent > 0 ? `\n${' '.repeat(indent * (depth + 1))}` : '';
  const end = indent > 0 ? `\n${' '.repeat(indent * depth)}` : '';
  switch (node.kind) {
    case 'object': {
      if (node.entries.length === 0) return '{}';
      const colon = indent > 0 ? ': ' : ':';
      const all = node.entries.map(
        ({ key, value }) => `${line}${JSON.stringify(key)}${colon}${writeJson(value, indent, depth + 1)}`,
      );
      return `{${all.join(',')}${end}}`;
    }
    case 'array':
      if (node.items.length === 0) return '[]';
      return `[${node.items.map((item) => `${line}${writeJson(item, indent, depth + 1)}`).join(',')}${end}]`;
    case 'string':
      return JSON.stringify(node.value);
    default:
      return node.text;
  }
}

export type Child = { key: string; path: string; value: JsonNode };

/** Paths as in jq and in most editors: `.state.message`, `.tags[0]`, `.labels["prefect.flow.id"]`. */
export function children(node: JsonNode, path: string): Child[] {
  if (node.kind === 'array') return node.items.map((value, i) => ({ key: String(i), path: `${path}[${i}]`, value }));
  if (node.kind !== 'object') return [];
  return node.entries.map(({ key, value }) => ({ key, path: path + step(key), value }));
}

function step(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Paths of the nodes whose key or own value contains the text, case ignored, at most `limit`. */
export function findJson(root: JsonNode, text: string, limit = 500): string[] {
  const wanted = text.toLowerCase();
  const found: string[] = [];
  const walk = (node: JsonNode, path: string, key: string) => {
    if (found.length >= limit) return;
    const own = node.kind === 'object' || node.kind === 'array' ? '' : (scalar(node) ?? 'null');
    if (key.toLowerCase().includes(wanted) || own.toLowerCase().includes(wanted)) found.push(path);
    for (const child of children(node, path)) walk(child.value, child.path, node.kind === 'array' ? '' : child.key);
  };
  if (wanted !== '') walk(root, '', '');
  return found;
}

/** True when a node at `inner` is inside the one at `outer`. */
export function within(inner: string, outer: string): boolean {
  return inner.startsWith(outer) && inner.length > outer.length && /^[.[]/.test(inner.slice(outer.length));
}
