/**
 * How many of `wanted` there may be: more each frame, until it is enough; first one, then twice as many up to `portion` more, since
 * what is made first runs code for the first time and costs three times as much. Call while a component is made.
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
