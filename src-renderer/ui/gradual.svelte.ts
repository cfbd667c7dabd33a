/**
 * How many of `wanted` elements to make: one in the first frame, then twice as many as before, at most `portion` more a frame. The first
 * element runs code for the first time and costs three times as much as later ones. Call while a component is made.
 */
export function gradual(wanted: () => number, portion: number): { readonly room: number } {
  let room = $state(0);
  $effect(() => {
    if (room >= wanted()) return;
    const frame = requestAnimationFrame(() => (room += Math.min(portion, Math.max(1, room))));
    return () => cancelAnimationFrame(frame);
  });
  return {
    get room() {
      return room;
    },
  };
}
