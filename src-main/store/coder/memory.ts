/** The compiled coder and its memory, of which every thread has its own. */
import { moduleBytes } from './module.ts';

type Exports = {
  memory: WebAssembly.Memory;
  index(dictionary: number): void;
  code(text: number, size: number, dictionary: number, own: number, out: number): number;
  count(text: number, size: number, dictionary: number, own: number, into: number): void;
  open(at: number, end: number, dictionary: number, out: number): number;
};

const compiled = new WebAssembly.Module(Buffer.from(moduleBytes, 'base64'));
export const kernel = new WebAssembly.Instance(compiled).exports as unknown as Exports;

const PAGE = 64 * 1024;
let bytes = Buffer.from(kernel.memory.buffer);
// what the module itself keeps lies below
let free = 4096;

/** Bytes at an address, for good; the view from `view` is another one afterwards. */
export function reserve(size: number): number {
  const at = free;
  free += (size + 15) & ~15;
  const missing = free - kernel.memory.buffer.byteLength;
  if (missing > 0) {
    kernel.memory.grow(Math.ceil(missing / PAGE));
    bytes = Buffer.from(kernel.memory.buffer);
  }
  return at;
}

/** All of it, until the next `reserve`. */
export const view = (): Buffer => bytes;
