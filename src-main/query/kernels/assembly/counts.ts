/** Counting the codes of the rows of a mask. Words without a row cost one comparison. */

/**
 * counts[code · 4 + k] += 1 for the rows of a mask, k going round: nine in ten rows have the same state, and with one
 * counter each addition would wait for the one before.
 */
export function countFew(codes: usize, mask: usize, words: u32, counts: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4));
      word &= word - 1;
      if (word == 0) break;
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4) + 4);
      word &= word - 1;
      if (word == 0) break;
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4) + 8);
      word &= word - 1;
      if (word == 0) break;
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4) + 12);
      word &= word - 1;
    }
    mask += 4;
    codes += 64;
  }
}

export function count16(codes: usize, mask: usize, words: u32, counts: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 2));
      word &= word - 1;
    }
    mask += 4;
    codes += 64;
  }
}

export function count32(codes: usize, mask: usize, words: u32, counts: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      add(counts + ((<usize>load<u32>(codes + ((<usize>ctz(word)) << 2))) << 2));
      word &= word - 1;
    }
    mask += 4;
    codes += 128;
  }
}

function add(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}
