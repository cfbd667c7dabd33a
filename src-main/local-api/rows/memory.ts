/** The compiled kernels for rows of a reply, and their memory: fixed tables below, then a row's text, then the reply as it grows. */
import { moduleBytes } from './module.ts';

type Exports = {
  memory: WebAssembly.Memory;
  find(text: number, size: number, keys: number, count: number, spans: number): void;
  cut(text: number, spans: number, labels: number, own: number, count: number, out: number): number;
  replaced(text: number, size: number, spans: number, own: number, one: number, other: number, out: number): number;
};

const compiled = new WebAssembly.Module(Buffer.from(moduleBytes, 'base64'));
export const kernel = new WebAssembly.Instance(compiled).exports as unknown as Exports;

const PAGE = 64 * 1024;
let bytes = Buffer.from(kernel.memory.buffer);

/** All of it, at least `size` bytes; what was had before may no longer be used. */
export function memoryOf(size = 0): Buffer {
  const missing = size - bytes.length;
  if (missing > 0) {
    kernel.memory.grow(Math.ceil(missing / PAGE));
    bytes = Buffer.from(kernel.memory.buffer);
  }
  return bytes;
}
