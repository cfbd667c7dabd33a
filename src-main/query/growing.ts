/** An append-only list of 32-bit numbers, 4 bytes each. */
export class GrowingWords {
  words: Uint32Array<ArrayBuffer>;
  length: number;

  constructor(from: ArrayLike<number>) {
    this.words = new Uint32Array(Math.max(16, from.length));
    this.words.set(from);
    this.length = from.length;
  }

  push(value: number): void {
    if (this.length === this.words.length) {
      const grown = new Uint32Array(this.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words[this.length++] = value;
  }
}
