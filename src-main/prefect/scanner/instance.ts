/** The compiled kernel, its memory, and a page put into it. */
import { memberOf, slotCount, timeCount } from './keys.ts';
import { moduleBytes } from './module.ts';

type Kernel = {
  memory: WebAssembly.Memory;
  /** -1: is not plainly a list of objects; -2: no room for the records; else how many bytes they have */
  scan(page: number, end: number, texts: number, records: number, limit: number, slots: number, times: number): number;
};

/** What was found, see ./record.ts. The last id comes first. */
export type Scanned = { texts: string; ids: string; records: ArrayBuffer };

const NO_ROOM = -2;
/** below are the compiler's own statics */
const PAGE_AT = 8192;
/** Bytes after the page, which are zeros, and after the texts: more than the kernel reads or writes at once. */
const MARGIN = 64;
/** what a memory grows by */
const STEP = 65_536;
/** Bytes of a page or of its records; larger ones are left to JSON.parse. 200 rows have 0.5 MB and 0.07. */
const LARGEST = 64 * 2 ** 20;
/** Bytes; a memory that has grown beyond is given up, since none can shrink. */
const KEPT_MEMORY = 16 * 2 ** 20;

const compiled = new WebAssembly.Module(Buffer.from(moduleBytes, 'base64'));
const nothing = Buffer.alloc(0);
let kernel: Kernel | null = null;
/** of the kernel's memory */
let bytes = nothing;

/** Null when it is not plainly a list of objects. `page`: valid UTF-8. */
export function scanned(page: Buffer): Scanned | null {
  if (page.length > LARGEST) return null;
  kernel ??= started();
  const found = scannedBy(kernel, page);
  if (kernel.memory.buffer.byteLength > KEPT_MEMORY) {
    kernel = null;
    bytes = nothing;
  }
  return found;
}

function started(): Kernel {
  const imports = {
    memberOf: (shape: number, from: number, to: number) => memberOf(shape, bytes.subarray(from, to)),
  };
  return new WebAssembly.Instance(compiled, { members: imports }).exports as unknown as Kernel;
}

function scannedBy({ memory, scan }: Kernel, page: Buffer): Scanned | null {
  const end = PAGE_AT + page.length;
  const texts = aligned(end + MARGIN);
  const records = aligned(texts + page.length + MARGIN);
  for (let room = aligned(page.length / 2) + STEP; room <= LARGEST; room *= 2) {
    const missing = records + room - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / STEP));
    if (bytes.buffer !== memory.buffer) bytes = Buffer.from(memory.buffer);
    bytes.set(page, PAGE_AT);
    bytes.fill(0, end, texts);
    const length = scan(PAGE_AT, end, texts, records, records + room, slotCount, timeCount);
    if (length === NO_ROOM) continue;
    if (length < 0) return null;
    const [textLength, idLength] = new Uint32Array(memory.buffer, records, 2);
    return {
      texts: bytes.toString('latin1', texts, texts + textLength),
      ids: bytes.toString('latin1', records - idLength, records),
      records: memory.buffer.slice(records + 8, records + length),
    };
  }
  return null;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
