/**
 * A dictionary: rows that are typical of an entity, one after the other, and the lengths of the codes that suit them.
 * Its bytes, as an archive keeps them: half a byte for each symbol of the alphabets, then the rows.
 */
import { crc32 } from 'node:zlib';
import { AppError } from '../../contract/errors.ts';
import { codesOf, LONGEST, symbolTable } from './codes.ts';
import { kernel, reserve, view } from './memory.ts';

/** assembly/layout.ts: of bytes, then of numbers */
export const ALPHABETS = [256, 256, 256, 128, 128, 128] as const;
export const SYMBOLS = 1152;
const LENGTH_BYTES = SYMBOLS / 2;

const AT_HASHES = 16;
const AT_CODES = AT_HASHES + (2 << 14);
const AT_SYMBOLS = AT_CODES + SYMBOLS * 4;
const AT_TEXT = AT_SYMBOLS + ALPHABETS.length * (2 << LONGEST);
/** Bytes. With the longest row it makes the 64 kB that a distance can tell. */
export const MOST_TEXT = 32 * 1024;
/** bytes after the text that the kernel may read */
const BEYOND = 16;

/** As an archive keeps it, under its number. */
export type Dictionary = { id: number; bytes: Uint8Array };
/** Names it to whoever has it; `check` is the CRC-32 of its bytes. */
export type DictionaryName = { id: number; check: number };

const addresses = new WeakMap<Uint8Array, number>();
const checks = new WeakMap<Uint8Array, number>();

/** Where it is in the kernel's memory, put there on first use and kept for good: 84 kB at most. Throws as `loadDictionary`. */
export function addressOf({ bytes }: Dictionary): number {
  let address = addresses.get(bytes);
  if (address === undefined) {
    address = loadDictionary(bytes);
    addresses.set(bytes, address);
  }
  return address;
}

export function nameOf({ id, bytes }: Dictionary): DictionaryName {
  let check = checks.get(bytes);
  if (check === undefined) checks.set(bytes, (check = crc32(bytes)));
  return { id, check };
}

/** `lengths` by symbol, the alphabets one after the other. */
export function dictionaryBytes(lengths: Uint8Array, text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + text.length);
  for (let i = 0; i < SYMBOLS; i += 2) bytes[i >> 1] = (lengths[i] << 4) | lengths[i + 1];
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** Room for any dictionary. */
export const reserveDictionary = (text = MOST_TEXT): number => reserve(AT_TEXT + text + BEYOND);

/** Puts it where the kernel finds it, or at `place`; returns its address. Throws ARCHIVE_DAMAGED when its lengths make no codes. */
export function loadDictionary(bytes: Uint8Array, place?: number): number {
  const lengths = new Uint8Array(SYMBOLS);
  for (let i = 0; i < SYMBOLS; i++) lengths[i] = i % 2 === 0 ? bytes[i >> 1] >> 4 : bytes[i >> 1] & 15;
  const text = bytes.subarray(LENGTH_BYTES);
  const alphabets: Uint8Array[] = [];
  let from = 0;
  for (const size of ALPHABETS) alphabets.push(lengths.subarray(from, (from += size)));
  if (text.length > MOST_TEXT || !alphabets.every(isComplete))
    throw new AppError('ARCHIVE_DAMAGED', 'what rows were compressed against cannot be read');
  const at = place ?? reserveDictionary(text.length);
  const memory = view();
  memory.writeUInt32LE(text.length, at);
  const codes = new Uint32Array(memory.buffer, at + AT_CODES, SYMBOLS);
  const symbols = new Uint16Array(memory.buffer, at + AT_SYMBOLS, ALPHABETS.length << LONGEST);
  let symbol = 0;
  alphabets.forEach((of, i) => {
    codesOf(of).forEach((code, k) => (codes[symbol++] = (of[k] << 16) | code));
    symbols.set(symbolTable(of), i << LONGEST);
  });
  memory.set(text, at + AT_TEXT);
  kernel.index(at);
  return at;
}

/** Every row of bits means a symbol (Kraft's sum is one). */
function isComplete(lengths: Uint8Array): boolean {
  if (lengths.some((length) => length === 0 || length > LONGEST)) return false;
  return lengths.reduce((sum, length) => sum + (1 << (LONGEST - length)), 0) === 1 << LONGEST;
}
