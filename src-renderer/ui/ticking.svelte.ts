/** The time, once a second while the window is seen: for running durations and "2 min ago". Call while a component is made. */
export function ticking(): { readonly now: number } {
  let now = $state(Date.now() * 1000);
  $effect(() => {
    const clock = setInterval(() => {
      if (!document.hidden) now = Date.now() * 1000;
    }, 1000);
    return () => clearInterval(clock);
  });
  return {
    /** µs */
    get now() {
      return now;
    },
  };
}
