/** Values cut from a text into another. `spans` as `find` makes them; a value of our own is a span whose text lies elsewhere. */

/** u32: address and bytes of what takes a slot's place, 0 for none */
function ownOf(own: usize, slot: u32): usize {
  return own + ((<usize>slot) << 3);
}

/** Members in the order of the slots, with `labels` (address and bytes, u32) before each; one that is not there is null. Returns the end. */
export function cut(text: usize, spans: usize, labels: usize, own: usize, count: u32, out: usize): usize {
  let to = out;
  for (let slot: u32 = 0; slot < count; slot++) {
    const label = labels + ((<usize>slot) << 3);
    to = copied(load<u32>(label), load<u32>(label + 4), to);
    const span = spans + ((<usize>slot) << 3);
    const mine = ownOf(own, slot);
    const from = load<u32>(span);
    if (load<u32>(mine) !== 0) to = copied(load<u32>(mine), load<u32>(mine + 4), to);
    else if (from !== 0) to = copied(text + from, load<u32>(span + 4) - from, to);
    else {
      store<u32>(to, 0x6c6c756e); // null
      to += 4;
    }
  }
  store<u8>(to, 0x7d);
  return to + 1;
}

/** The whole text with two of its values replaced, where it has them. Returns the end. */
export function replaced(text: usize, size: u32, spans: usize, own: usize, one: u32, other: u32, out: usize): usize {
  const isTurned = load<u32>(spans + ((<usize>one) << 3)) > load<u32>(spans + ((<usize>other) << 3));
  let to = out;
  let done: u32 = 0;
  for (let i = 0; i < 2; i++) {
    const slot = (i === 0) === isTurned ? other : one;
    const span = spans + ((<usize>slot) << 3);
    const from = load<u32>(span);
    if (from === 0) continue;
    to = copied(text + done, from - done, to);
    to = copied(load<u32>(ownOf(own, slot)), load<u32>(ownOf(own, slot) + 4), to);
    done = load<u32>(span + 4);
  }
  return copied(text + done, size - done, to);
}

function copied(from: usize, size: u32, to: usize): usize {
  memory.copy(to, from, size);
  return to + size;
}
