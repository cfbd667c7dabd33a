/** Huffman codes of at most eleven bits: their lengths from counts, and the tables to write and read them by (RFC 1951 §3.2.2). */

/** assembly/layout.ts says the same */
export const LONGEST = 11;

/** For each symbol the bits it takes; a symbol that was never counted gets a code too, so that anything can be written. */
export function lengthsOf(counts: ArrayLike<number>): Uint8Array {
  let weights = Array.from(counts, (count) => count + 1);
  for (;;) {
    const lengths = huffman(weights);
    if (Math.max(...lengths) <= LONGEST) return Uint8Array.from(lengths);
    // flatter until it fits: costs the rare symbols' neighbours a fraction of a bit
    weights = weights.map((weight) => Math.ceil(weight / 2));
  }
}

function huffman(weights: readonly number[]): number[] {
  type Node = { weight: number; symbols: number[] };
  const lengths = weights.map(() => 0);
  const nodes: Node[] = weights.map((weight, symbol) => ({ weight, symbols: [symbol] }));
  while (nodes.length > 1) {
    nodes.sort((a, b) => b.weight - a.weight);
    const [a, b] = [nodes.pop(), nodes.pop()] as [Node, Node];
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol]++;
    nodes.push({ weight: a.weight + b.weight, symbols });
  }
  return lengths;
}

/** Each symbol's code with its first bit lowest, as bits are written. */
export function codesOf(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= LONGEST; length++) {
    lengths.forEach((of, symbol) => {
      if (of === length) codes[symbol] = reversed(code++, length);
    });
    code <<= 1;
  }
  return codes;
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((code >> i) & 1) << (length - 1 - i);
  return result;
}

/** By the next LONGEST bits: symbol << 4 | length. */
export function symbolTable(lengths: Uint8Array): Uint16Array {
  const codes = codesOf(lengths);
  const table = new Uint16Array(1 << LONGEST);
  lengths.forEach((length, symbol) => {
    for (let at = codes[symbol]; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  });
  return table;
}
