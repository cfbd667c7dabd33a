/** How many of `wanted` there may be: `portion` more each frame, until it is enough. Call while a component is made. */
export function gradual(wanted: () => number, portion: number): { readonly room: number } {
  let room = $state(0);
  $effect(() => {
    if (room >= wanted()) return;
    const frame = requestAnimationFrame(() => (room += portion));
    return () => cancelAnimationFrame(frame);
  });
  return {
    get room() {
      return room;
    },
  };
}
