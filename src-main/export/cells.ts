/** The text of single values, as a person or another program reads them. */
import type { ExportColumn } from '../contract/export.ts';
import { jsonCell } from '../contract/json-text.ts';
import { formatTime } from '../contract/time.ts';

/**
 * What a row has in a column: a time in µs, a number in its field's unit, a list of tags; null where there is none. Of a column of kind
 * `json` it is the JSON text as the server wrote it.
 */
export type Value = string | number | boolean | null | readonly string[];

export type CellOptions = {
  /** µs to the text of a time */
  time: (micros: number) => string;
  tags: 'json' | 'joined';
};

/** null: there is no value, which is another thing than an empty text. */
export function cellText(value: Value, kind: ExportColumn['kind'], options: CellOptions): string | null {
  if (value === null) return null;
  if (typeof value === 'number') return kind === 'time' ? options.time(value) : String(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'object') return options.tags === 'json' ? JSON.stringify(value) : value.join(', ');
  return kind === 'json' ? jsonCell(value) : value;
}

/** The JSON of a value, times as ISO 8601 in UTC. */
export function valueJson(value: Value, kind: ExportColumn['kind']): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return kind === 'time' ? `"${formatTime(value)}"` : String(value);
  return kind === 'json' ? (value as string) : JSON.stringify(value);
}
