/**
 * The window's one clock. `now` moves once a second while the window is seen: running durations, "2 min ago" and the next sync
 * follow it. `read` gives the present to the microsecond for what happens at a click.
 */
const TICK_MS = 1000;

export class Clock {
  /** the present, µs */
  readonly read: () => number;
  /** µs */
  now = $state(0);

  constructor(read: () => number) {
    this.read = read;
    this.now = read();
  }

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    const tick = () => {
      if (!document.hidden) this.now = this.read();
    };
    $effect(() => {
      const timer = setInterval(tick, TICK_MS);
      document.addEventListener('visibilitychange', tick);
      return () => {
        clearInterval(timer);
        document.removeEventListener('visibilitychange', tick);
      };
    });
  }
}

export const clock = new Clock(() => Date.now() * 1000);
