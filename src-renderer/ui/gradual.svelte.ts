/**
 * How many of `wanted` there may be: more each frame, until it is enough; at first 3, then up to `portion`, since what is made first
 * runs code for the first time and costs three times as much. Call while a component is made.
 */
export function gradual(wanted: () => number, portion: number): { readonly room: number } {
  let room = $state(0);
  $effect(() => {
    if (room >= wanted()) return;
    const frame = requestAnimationFrame(() => (room += Math.min(portion, room + 3)));
    return () => cancelAnimationFrame(frame);
  });
  return {
    get room() {
      return room;
    },
  };
}
