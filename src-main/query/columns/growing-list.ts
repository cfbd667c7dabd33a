/** An append-only list of unsigned 32-bit numbers, 4 bytes each. */
export class GrowingList {
  words: Uint32Array<ArrayBuffer>;
  length: number;

  constructor(from: ArrayLike<number>) {
    this.words = new Uint32Array(Math.max(16, from.length));
    this.words.set(from);
    this.length = from.length;
  }

  push(value: number): void {
    this.reach(this.length + 1);
    this.words[this.length - 1] = value;
  }

  /** Extends the list with zeros to at least `length`. */
  reach(length: number): void {
    if (length <= this.length) return;
    this.length = length;
    if (length <= this.words.length) return;
    const grown = new Uint32Array(Math.max(length, this.words.length * 2));
    grown.set(this.words);
    this.words = grown;
  }
}
