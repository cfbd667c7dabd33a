/**
 * Rows to Parquet: text as strings, times as microseconds in UTC, numbers as doubles or 64-bit integers, tags as lists of strings, what stands
 * in the rows' JSON as its JSON text. Written group by group, each a piece of the file.
 */
import { zstdCompressSync, constants } from 'node:zlib';
import type { ExportColumn } from '../contract/export.ts';
import { jsonCell } from '../contract/json-text.ts';
import type { Value } from './cells.ts';

type SchemaElement = {
  name: string;
  type?: 'BYTE_ARRAY' | 'INT64' | 'DOUBLE' | 'BOOLEAN';
  repetition_type?: 'OPTIONAL' | 'REQUIRED' | 'REPEATED';
  num_children?: number;
  converted_type?: 'UTF8' | 'LIST' | 'TIMESTAMP_MICROS';
  logical_type?: { type: 'STRING' } | { type: 'TIMESTAMP'; isAdjustedToUTC: boolean; unit: 'MICROS' };
};
type Data = readonly unknown[];
type Bytes = { index: number; getBytes(): Uint8Array };
type Writer = {
  write(group: {
    columnData: { name: string; data: Data; statistics: boolean; encoding?: 'PLAIN' }[];
    rowGroupSize: number;
  }): unknown;
  finish(): unknown;
};
/** What is used of hyparquet-writer. */
type Library = {
  ByteWriter: new () => Bytes;
  ParquetWriter: new (options: {
    writer: Bytes;
    schema: SchemaElement[];
    codec: 'ZSTD' | 'SNAPPY';
    compressors: { ZSTD: (bytes: Uint8Array) => Uint8Array };
    createdBy: string;
  }) => Writer;
};
/** By its name in a variable: it is read from node_modules with the first export, and is in no bundle. */
const LIBRARY: string = 'hyparquet-writer';

/**
 * Rows of a group. Readers skip whole groups; the values of one are in memory while it is written. 5,000 make the file 3 % smaller and outlive
 * the young heap: the old one grows to 76 to 112 MiB at a million rows, with 2,000 to 37.
 */
export const GROUP_ROWS = 2_000;
/** Level 3 is zstd's own default. */
const LEVEL = 3;

export class ParquetFile {
  readonly #columns: readonly ExportColumn[];
  readonly #heads: readonly string[];
  readonly #bytes: Bytes;
  readonly #writer: Writer;

  private constructor(
    { ByteWriter, ParquetWriter }: Library,
    columns: readonly ExportColumn[],
    heads: readonly string[],
    compression: 'zstd' | 'snappy',
  ) {
    this.#columns = columns;
    this.#heads = heads;
    this.#bytes = new ByteWriter();
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [
        { name: 'runs', num_children: columns.length },
        ...columns.flatMap(({ kind }, i) => elements(heads[i], kind)),
      ],
      codec: compression === 'zstd' ? 'ZSTD' : 'SNAPPY',
      compressors: {
        ZSTD: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }),
      },
      createdBy: 'taskscope',
    });
  }

  /** Loads the library. */
  static async begin(
    columns: readonly ExportColumn[],
    heads: readonly string[],
    compression: 'zstd' | 'snappy',
  ): Promise<ParquetFile> {
    return new ParquetFile((await import(LIBRARY)) as Library, columns, heads, compression);
  }

  /** `values`: an array for each column, all of one length. Returns the next bytes of the file. */
  group(values: readonly (readonly Value[])[]): Uint8Array {
    const rows = values[0]?.length ?? 0;
    if (rows > 0)
      void this.#writer.write({
        columnData: values.map((column, i) => {
          const { path, kind } = this.#columns[i];
          return {
            name: this.#heads[i],
            data: dataOf(column, path, kind),
            // the least and greatest text of a group help no reader here, and finding them takes a sixth of the time
            statistics: ordered.has(kind),
            // values that hardly repeat: looking for a dictionary of them takes a tenth of the time
            ...(path === 'id' || kind === 'time' || kind === 'number' ? { encoding: 'PLAIN' } : {}),
          };
        }),
        rowGroupSize: rows,
      });
    return this.#take();
  }

  /** The rest of the file. */
  end(): Uint8Array {
    void this.#writer.finish();
    return this.#take();
  }

  #take(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return bytes;
  }
}

function elements(name: string, kind: ExportColumn['kind']): SchemaElement[] {
  switch (kind) {
    case 'time':
      return [
        {
          name,
          type: 'INT64',
          converted_type: 'TIMESTAMP_MICROS',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
          repetition_type: 'OPTIONAL',
        },
      ];
    case 'number':
      return [{ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }];
    case 'count':
      return [{ name, type: 'INT64', repetition_type: 'OPTIONAL' }];
    case 'boolean':
      return [{ name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' }];
    case 'tags':
      return [
        { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        text('element', 'REQUIRED'),
      ];
    default:
      return [text(name, 'OPTIONAL')];
  }
}

const text = (name: string, repetition_type: 'OPTIONAL' | 'REQUIRED'): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
  repetition_type,
});

const ordered = new Set<ExportColumn['kind']>(['time', 'number', 'count']);

function dataOf(values: readonly Value[], path: string, kind: ExportColumn['kind']): Data {
  if (path === 'id' || path === 'name')
    return values.map((value) => (value === null ? null : Buffer.from(value as string)));
  if (kind === 'time' || kind === 'count')
    return values.map((value) => (typeof value === 'number' ? BigInt(Math.round(value)) : null));
  if (kind === 'json') return values.map((value) => (value === null ? null : jsonCell(value as string)));
  return values;
}
