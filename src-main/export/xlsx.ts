/**
 * Rows to a workbook of one sheet: real dates, a header that stays in view, widths by kind, texts as texts, so that nothing is a formula
 * and no zero in front is lost. Written as it comes; the parts of the file that do not depend on rows are constant.
 */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { ExportColumn } from '../contract/export.ts';
import { cellText, type CellOptions, type Value } from './cells.ts';

/** Characters that Excel takes in a cell. */
const MOST_TEXT = 32_767;
/** Digits that a number in a sheet keeps. */
const MOST_DIGITS = 15;
const MICROS_PER_DAY = 86_400_000_000;
/** Days from Excel's day 0 to 1970. */
const EPOCH = 25_569;
/** The first day on which Excel's calendar is right: it has a 29 February 1900. */
const FIRST_DAY = 61;

const [HEAD, DATE] = [1, 2];

export type XlsxOptions = CellOptions & {
  /** µs → minutes east of UTC: a sheet's dates have no zone */
  offset: (micros: number) => number;
};

/** The text of the sheet, piece by piece. */
export class Sheet {
  readonly #columns: readonly ExportColumn[];
  readonly #options: XlsxOptions;
  readonly #names: readonly string[];
  #row = 1;
  /** cells whose text was longer than a sheet holds */
  cut = 0;

  constructor(columns: readonly ExportColumn[], options: XlsxOptions) {
    this.#columns = columns;
    this.#options = options;
    this.#names = columns.map((_, i) => columnName(i));
  }

  begin(heads: readonly string[]): string {
    const widths = this.#columns.map(({ kind }, i) => {
      const width = Math.max(widthOf[kind] ?? 20, Math.min(40, heads[i].length + 2));
      return `<col min="${i + 1}" max="${i + 1}" width="${width}" customWidth="1"/>`;
    });
    const head = heads.map((text, i) => this.#textCell(`${this.#names[i]}1`, text, HEAD)).join('');
    return `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths.join('')}</cols><sheetData><row r="1">${head}</row>`;
  }

  /** `values`: an array for each column, all of one length. */
  rows(values: readonly (readonly Value[])[]): string {
    const count = values[0]?.length ?? 0;
    let xml = '';
    for (let i = 0; i < count; i++) {
      this.#row += 1;
      xml += `<row r="${this.#row}">`;
      for (let k = 0; k < values.length; k++)
        xml += this.#cell(`${this.#names[k]}${this.#row}`, values[k][i], this.#columns[k].kind);
      xml += '</row>';
    }
    return xml;
  }

  end(): string {
    return `</sheetData><autoFilter ref="A1:${this.#names.at(-1) ?? 'A'}${this.#row}"/></worksheet>`;
  }

  #cell(place: string, value: Value, kind: ExportColumn['kind']): string {
    if (value === null) return '';
    if (kind === 'time' && typeof value === 'number') {
      const days = (value + this.#options.offset(value) * 60_000_000) / MICROS_PER_DAY + EPOCH;
      if (days >= FIRST_DAY) return `<c r="${place}" s="${DATE}"><v>${days}</v></c>`;
    } else if (typeof value === 'number') return `<c r="${place}"><v>${value}</v></c>`;
    else if (typeof value === 'boolean') return `<c r="${place}" t="b"><v>${value ? 1 : 0}</v></c>`;
    else if (kind === 'json' && isNumber(value as string)) return `<c r="${place}"><v>${value as string}</v></c>`;
    const text = cellText(value, kind, this.#options);
    return text === null ? '' : this.#textCell(place, text);
  }

  #textCell(place: string, text: string, style = 0): string {
    let shown = text;
    if (text.length > MOST_TEXT) {
      this.cut += 1;
      shown = `${text.slice(0, MOST_TEXT - 1)}…`;
    }
    const looks = style === 0 ? '' : ` s="${style}"`;
    return `<c r="${place}" t="inlineStr"${looks}><is><t xml:space="preserve">${xmlText(shown)}</t></is></c>`;
  }
}

/** The same rows make the same bytes: each part has the same date. Level 1 is the fastest. */
const packing = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true, compressionLevel: 1 };

/** The bytes of the file, made as they are asked for: `sheet` is read no further ahead than some pieces. Ending it early ends `sheet`. */
export async function* workbook(sheet: Iterable<string>): AsyncGenerator<Uint8Array, void, undefined> {
  const zip = new ZipFile();
  for (const [name, xml] of Object.entries(constantParts)) zip.addBuffer(Buffer.from(xml), name, packing);
  const text = Readable.from(sheet, { objectMode: false });
  zip.addReadStream(text, 'xl/worksheets/sheet1.xml', packing);
  zip.end();
  const bytes = zip.outputStream as Readable;
  zip.on('error', (thrown: Error) => bytes.destroy(thrown));
  try {
    yield* bytes as AsyncIterable<Buffer>;
  } finally {
    text.destroy();
  }
}

/** A JSON number that a sheet keeps to its last digit. */
const isNumber = (json: string): boolean =>
  /^-?\d+(\.\d+)?$/.test(json) && json.replace(/[-.]/g, '').length <= MOST_DIGITS;

const special: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What XML cannot hold is written as sheets do: `_x0000_`; a text that looks like that gets its underscore written so. */
function xmlText(text: string): string {
  if (!/[&<>\0-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff_]/.test(text)) return text;
  return text
    .toWellFormed()
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(
      /[&<>]|[\0-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]/g,
      (c) => special[c] ?? `_x${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
    );
}

/** 0 → A, 26 → AA */
function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter;
}

/** Characters. */
const widthOf: Partial<Record<ExportColumn['kind'], number>> = {
  uuid: 38,
  time: 24,
  number: 14,
  count: 10,
  boolean: 9,
  text: 28,
  term: 20,
  tags: 24,
  json: 30,
};

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const constantParts: Record<string, string> = {
  '[Content_Types].xml': `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/></Types>`,
  '_rels/.rels': `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELS}"><sheets><sheet name="Runs" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${RELS}/styles" Target="styles.xml"/></Relationships>`,
  'xl/styles.xml': `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss.000"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf fontId="0"/><xf fontId="1" applyFont="1"/><xf fontId="0" numFmtId="164" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`,
};
