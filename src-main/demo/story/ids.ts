/**
 * Ids that carry their row's number, scrambled, in their last 32 bits: an id is found without a table of a million strings. Prefect 3
 * clients make version 7, the server makes version 4.
 */
import { hash } from './random.ts';

const ODD = 0x2c1b3c6d;
const ODD_INVERSE = inverse(ODD);

/** Newton's iteration for the inverse of an odd number modulo 2^32: each round doubles the correct bits. */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

function scramble(number: number, key: number): number {
  let x = (number ^ key) >>> 0;
  x = Math.imul(x ^ (x >>> 16), ODD);
  return (x ^ (x >>> 16)) >>> 0;
}

function unscramble(scrambled: number, key: number): number {
  let x = (scrambled ^ (scrambled >>> 16)) >>> 0;
  x = Math.imul(x, ODD_INVERSE);
  return (x ^ (x >>> 16) ^ key) >>> 0;
}

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
function hex32(number: number): string {
  return (
    BYTES[(number >>> 24) & 255] + BYTES[(number >>> 16) & 255] + BYTES[(number >>> 8) & 255] + BYTES[number & 255]
  );
}

function assemble(a: number, b: number, c: number, d: number): string {
  const second = hex32(b);
  const third = hex32(c);
  return `${hex32(a)}-${second.slice(0, 4)}-${second.slice(4)}-${third.slice(0, 4)}-${third.slice(4)}${hex32(d)}`;
}

const VARIANT = 0x80000000;

export class Ids {
  readonly #key: number;

  /** `salt` keeps entities apart, whose rows have the same numbers. */
  constructor(seed: number, salt: number) {
    this.#key = hash(seed, salt, 0x1d5);
  }

  v4(number: number): string {
    const key = this.#key;
    const version = ((hash(key, number, 2) & 0xffff0fff) | 0x4000) >>> 0;
    const variant = ((hash(key, number, 3) & 0x3fffffff) | VARIANT) >>> 0;
    return assemble(hash(key, number, 1), version, variant, scramble(number, key));
  }

  /** The id begins with the milliseconds of `micros`, the time it was made. */
  v7(number: number, micros: number): string {
    const key = this.#key;
    const millis = Math.floor(micros / 1000);
    const high = Math.floor(millis / 65536);
    const low = (((millis % 65536) << 16) | 0x7000 | (hash(key, number, 2) & 0xfff)) >>> 0;
    const variant = ((hash(key, number, 3) & 0x3fffffff) | VARIANT) >>> 0;
    return assemble(high, low, variant, scramble(number, key));
  }

  /** The number in an id. The caller checks that the number's id is this one: any UUID carries some number. */
  numberOf(id: string): number {
    return unscramble(parseInt(id.slice(28), 16), this.#key);
  }
}
