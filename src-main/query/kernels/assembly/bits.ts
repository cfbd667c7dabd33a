/** 1 when the row is in the set, else 0. A set has one bit a row. */
export function bit(set: usize, row: u32): u32 {
  return (load<u32>(set + ((row >> 5) << 2)) >> (row & 31)) & 1;
}
