/** The index's columns as the writer of CSV blocks takes them. */
import type { ExportColumn, ExportOptions } from '../../../contract/export.ts';
import { cellText, type CellOptions } from '../../../export/cells.ts';
import { CsvBlock } from '../../../export/csv-block.ts';
import type { BlockColumn } from '../../../export/csv-cells.ts';
import type { CsvOptions } from '../../../export/csv.ts';
import { offsetsOf } from '../../../contract/local-time.ts';
import type { Engine } from '../../../query/engine.ts';

/** null when a column is no field of the index. Only for an index that has not changed since the export began. */
export function csvBlock(
  engine: Engine,
  columns: readonly ExportColumn[],
  options: CsvOptions & Pick<ExportOptions, 'time_zone'>,
  isField: (path: string) => boolean,
): CsvBlock | null {
  if (!columns.every(({ path }) => isField(path))) return null;
  const offset = options.time_zone === null ? null : offsetsOf(options.time_zone);
  return new CsvBlock(
    columns.map((one) => blockColumn(engine, one, options)),
    { ...options, offset },
  );
}

function blockColumn(engine: Engine, { path, kind }: ExportColumn, options: CellOptions): BlockColumn {
  const { column, target, rows } = engine.column(path);
  switch (column.kind) {
    case 'number':
      return { rows, kind: kind === 'time' ? 'times' : 'numbers', values: () => column.values };
    case 'difference':
      return { rows, kind: 'seconds', from: () => column.from.values, to: () => column.to.values };
    case 'boolean':
      return { rows, kind: 'codes', codes: () => column.codes, text: (code) => [null, 'false', 'true'][code] };
    case 'term': {
      const { dictionary } = column;
      const text = (code: number) => (code === 0 ? null : dictionary.texts[code]);
      return { rows, kind: 'codes', codes: () => column.codes, text };
    }
    case 'tags': {
      const { dictionary } = column;
      const text = (code: number) => cellText(dictionary.list(code), 'tags', options);
      return { rows, kind: 'codes', codes: () => column.codes, text };
    }
    case 'ref':
      return {
        rows,
        kind: 'ids',
        words: () => (target as NonNullable<typeof target>).ids.words,
        refs: () => column.codes,
      };
    case 'id':
      return { rows, kind: 'ids', words: () => column.words, refs: () => null };
    case 'text': {
      const { names } = column;
      return {
        rows,
        kind: 'names',
        heads: () => column.heads,
        suffixes: () => column.suffixes,
        head: (code) => names.heads[code],
        suffix: (code) => names.suffixes[code],
      };
    }
  }
}
