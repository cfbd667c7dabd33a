/**
 * Rows to Parquet: text as strings, times as microseconds in UTC, numbers as doubles or 64-bit integers, tags as lists of strings, what stands
 * in the rows' JSON as its JSON text. Written group by group, each a piece of the file.
 */
import { zstdCompressSync, constants } from 'node:zlib';
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ExportColumn } from '../contract/export.ts';
import type { Value } from './cells.ts';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];
type Data = Parameters<ParquetWriter['write']>[0]['columnData'][number]['data'];

/** Rows of a group. Readers skip whole groups; the values of one are in memory while it is written. */
export const GROUP_ROWS = 20_000;
/** Level 3 is zstd's own default. */
const LEVEL = 3;

export class ParquetFile {
  readonly #columns: readonly ExportColumn[];
  readonly #heads: readonly string[];
  readonly #bytes: ByteWriter & { index: number };
  readonly #writer: ParquetWriter;

  private constructor(
    { ByteWriter: Bytes, ParquetWriter: Writer }: typeof import('hyparquet-writer'),
    columns: readonly ExportColumn[],
    heads: readonly string[],
    compression: 'zstd' | 'snappy',
  ) {
    this.#columns = columns;
    this.#heads = heads;
    this.#bytes = new Bytes() as ByteWriter & { index: number };
    this.#writer = new Writer({
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
    return new ParquetFile(await import('hyparquet-writer'), columns, heads, compression);
  }

  /** `values`: an array for each column, all of one length. Returns the next bytes of the file. */
  group(values: readonly (readonly Value[])[]): Uint8Array {
    const rows = values[0]?.length ?? 0;
    if (rows > 0)
      void this.#writer.write({
        columnData: values.map((column, i) => ({ name: this.#heads[i], data: dataOf(column, this.#columns[i].kind) })),
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

function dataOf(values: readonly Value[], kind: ExportColumn['kind']): Data {
  if (kind === 'time' || kind === 'count')
    return values.map((value) => (typeof value === 'number' ? BigInt(Math.round(value)) : null)) as unknown as Data;
  return values as unknown as Data;
}
