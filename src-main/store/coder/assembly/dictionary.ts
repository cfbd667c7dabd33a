import { HASH_BITS, HASHES, hashAt, TEXT, TEXT_SIZE } from './layout';

/** Makes the hashes of a dictionary whose text is there. Eight bytes after the text must be readable. */
export function index(dictionary: usize): void {
  const text = dictionary + TEXT;
  const size = load<u32>(dictionary + TEXT_SIZE);
  memory.fill(dictionary + HASHES, 0, 2 << HASH_BITS);
  for (let i: u32 = 0; i + 5 <= size; i++)
    store<u16>(dictionary + HASHES + (hashAt(text + i, HASH_BITS) << 1), <u16>(i + 1));
}
