/** CSV cells of texts that the index keeps once each, by code: the bytes of a text are made once. */
import { csvText } from '../contract/csv-text.ts';
import { rowsOf, type BlockColumn, type BlockOptions, type CellWriter, type Rows } from './csv-cells.ts';

/** Bytes of cells that are kept before all are forgotten: columns whose texts hardly repeat would keep all of them. */
const MOST_KEPT = 4 * 1024 * 1024;

/** The bytes of a dictionary's texts, made when a code is first met. */
class TextBytes {
  readonly #make: (code: number) => string;
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #used = 0;
  /** where a code's bytes begin, by code; −1: not made */
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);

  constructor(make: (code: number) => string) {
    this.#make = make;
  }

  lengthOf(code: number): number {
    if (!(this.#starts[code] >= 0)) this.#add(code);
    return this.#ends[code] - this.#starts[code];
  }

  /** Returns the place after the last byte. Texts are short: a loop is faster than `set` up to some 100 bytes. */
  copy(code: number, out: Buffer, place: number): number {
    if (!(this.#starts[code] >= 0)) this.#add(code);
    const bytes = this.#bytes;
    const end = this.#ends[code];
    let to = place;
    for (let from = this.#starts[code]; from < end; from++) out[to++] = bytes[from];
    return to;
  }

  #add(code: number): void {
    if (this.#used > MOST_KEPT) {
      this.#used = 0;
      this.#starts.fill(-1);
    }
    if (code >= this.#starts.length) this.#widen(code);
    const text = this.#make(code);
    const most = text.length * 3;
    if (this.#used + most > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#used + most));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#starts[code] = this.#used;
    this.#used += this.#bytes.write(text, this.#used, 'utf8');
    this.#ends[code] = this.#used;
  }

  #widen(code: number): void {
    const length = Math.max(1024, 2 ** Math.ceil(Math.log2(code + 1)));
    const starts = new Int32Array(length).fill(-1);
    starts.set(this.#starts);
    const ends = new Int32Array(length);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }
}

export function codeWriter(column: Extract<BlockColumn, { kind: 'codes' }>, options: BlockOptions): CellWriter {
  const cells = new TextBytes((code) => csvText(column.text(code), options));
  const nothing = column.text(0) === null ? 0 : -1;
  const rows = rowsOf(column);
  let at: Rows;
  return {
    measure(rids, lengths) {
      at = rows(rids);
      const codes = column.codes();
      for (let i = 0; i < rids.length; i++) {
        const code = codes[at[i]];
        if (code === nothing) continue;
        lengths[i] += cells.lengthOf(code);
      }
    },
    write(rids, out, places) {
      const codes = column.codes();
      for (let i = 0; i < rids.length; i++) {
        const code = codes[at[i]];
        if (code === nothing) continue;
        places[i] = cells.copy(code, out, places[i]);
      }
    },
  };
}

/** Names lie in two parts. Where one of them asks for quotes, or the beginning would be a formula, the whole name is put together. */
export function nameWriter(column: Extract<BlockColumn, { kind: 'names' }>, options: BlockOptions): CellWriter {
  const odd = (text: string) => csvText(text, options) !== text;
  // "-5" is a number and "-5a" is not
  const oddHeads = flags((code) => odd(column.head(code)) || odd(`${column.head(code)}a`));
  const oddSuffixes = flags((code) => code !== 0 && odd(`a${column.suffix(code)}`));
  const heads = new TextBytes((code) => column.head(code));
  const suffixes = new TextBytes((code) => column.suffix(code));
  const whole = (head: number, suffix: number) =>
    csvText(column.head(head) + (suffix ? column.suffix(suffix) : ''), options);
  const rows = rowsOf(column);
  let at: Rows;
  return {
    measure(rids, lengths) {
      at = rows(rids);
      const [head, suffix] = [column.heads(), column.suffixes()];
      for (let i = 0; i < rids.length; i++) {
        const h = head[at[i]];
        if (h === 0) continue;
        const s = suffix[at[i]];
        if (oddHeads(h) || oddSuffixes(s)) {
          lengths[i] += Buffer.byteLength(whole(h, s));
          continue;
        }
        lengths[i] += heads.lengthOf(h) + (s === 0 ? 0 : suffixes.lengthOf(s));
      }
    },
    write(rids, out, places) {
      const [head, suffix] = [column.heads(), column.suffixes()];
      for (let i = 0; i < rids.length; i++) {
        const h = head[at[i]];
        if (h === 0) continue;
        const s = suffix[at[i]];
        if (oddHeads(h) || oddSuffixes(s)) {
          places[i] += out.write(whole(h, s), places[i], 'utf8');
          continue;
        }
        places[i] = heads.copy(h, out, places[i]);
        if (s !== 0) places[i] = suffixes.copy(s, out, places[i]);
      }
    },
  };
}

/** Remembers the answer for each code. */
function flags(ask: (code: number) => boolean): (code: number) => boolean {
  let known = new Uint8Array(1024);
  return (code) => {
    if (code >= known.length) {
      const wider = new Uint8Array(2 ** Math.ceil(Math.log2(code + 1)));
      wider.set(known);
      known = wider;
    }
    if (known[code] === 0) known[code] = ask(code) ? 2 : 1;
    return known[code] === 2;
  };
}
