/** Turns an artifact into what is drawn. Data that does not fit its type is shown as JSON or text. */
import type { Artifact } from '../../../src-main/contract/run.ts';
import { readJson, scalar, writeJson, type JsonNode } from '../../ui/text/json-tree.ts';

type ArtifactBody =
  | { kind: 'markdown' | 'text' | 'json'; text: string }
  | { kind: 'table'; columns: string[]; rows: string[][]; left: number }
  | { kind: 'image'; url: string }
  /** 0 to 100 */
  | { kind: 'progress'; percent: number };

/** Cells drawn at once; a browser takes a second for ten times as many. */
const MOST_ROWS = 200;
const MOST_COLUMNS = 40;

export function readArtifact({ type, data, truncated }: Artifact): ArtifactBody {
  if (truncated) return { kind: 'text', text: cutText(data) };
  let node: JsonNode;
  try {
    node = readJson(data);
  } catch {
    return { kind: 'text', text: data };
  }
  if (type === 'table') return readTable(node) ?? other(node, data);
  if (type === 'progress') {
    const percent = Number(scalar(node) ?? NaN);
    if (Number.isFinite(percent)) return { kind: 'progress', percent: Math.min(100, Math.max(0, percent)) };
  }
  if (node.kind === 'string' && type === 'image') return { kind: 'image', url: node.value };
  if (node.kind === 'string' && (type === 'markdown' || type === 'link')) return { kind: 'markdown', text: node.value };
  return other(node, data);
}

function other(node: JsonNode, data: string): ArtifactBody {
  return node.kind === 'string' ? { kind: 'text', text: node.value } : { kind: 'json', text: data };
}

/** A string's JSON text ends in the middle: as much of it as can be read. */
function cutText(data: string): string {
  if (!data.startsWith('"')) return data;
  for (let end = data.length; end > data.length - 8; end--)
    try {
      return JSON.parse(`${data.slice(0, end)}"`) as string;
    } catch {
      continue; // it was cut within an escape of up to six characters
    }
  return data;
}

/** Prefect keeps a table as JSON within a string: rows by name, rows in order, or columns by name. */
function readTable(node: JsonNode): ArtifactBody | null {
  let table = node;
  try {
    if (node.kind === 'string') table = readJson(node.value);
  } catch {
    return null;
  }
  if (table.kind === 'object') {
    const lists = table.entries.map(({ value }) => (value.kind === 'array' ? value.items : null));
    if (lists.includes(null)) return null;
    const length = Math.max(0, ...lists.map((list) => list?.length ?? 0));
    const rows = Array.from({ length: Math.min(MOST_ROWS, length) }, (_, i) => lists.map((list) => list?.[i] ?? null));
    return drawn(
      table.entries.map(({ key }) => key),
      rows,
      length,
    );
  }
  if (table.kind !== 'array') return null;
  const shown = table.items.slice(0, MOST_ROWS);
  if (shown.every((row) => row.kind === 'array'))
    return drawn(
      [],
      shown.map(({ items }) => items),
      table.items.length,
    );
  const columns = [
    ...new Set(shown.flatMap((row) => (row.kind === 'object' ? row.entries.map(({ key }) => key) : []))),
  ];
  if (columns.length === 0 || !shown.every((row) => row.kind === 'object')) return null;
  const rows = shown.map(({ entries }) => {
    const values = new Map(entries.map(({ key, value }) => [key, value]));
    return columns.map((key) => values.get(key) ?? null);
  });
  return drawn(columns, rows, table.items.length);
}

function drawn(columns: string[], rows: (JsonNode | null)[][], length: number): ArtifactBody {
  const cell = (value: JsonNode | null) =>
    value === null ? '' : value.kind === 'string' ? value.value : writeJson(value);
  return {
    kind: 'table',
    columns: columns.slice(0, MOST_COLUMNS),
    rows: rows.map((row) => row.slice(0, MOST_COLUMNS).map(cell)),
    left: length - rows.length,
  };
}
