/** 1 or 0: is the row in the set, one bit a row? */
export function bit(set: usize, row: u32): u32 {
  return (load<u32>(set + ((row >> 5) << 2)) >> (row & 31)) & 1;
}
