/** The present in µs for words such as "2 min ago". One timer for the whole window. */
const TICK_MS = 5000;

class Clock {
  now = $state(Date.now() * 1000);

  start(): () => void {
    const timer = setInterval(() => (this.now = Date.now() * 1000), TICK_MS);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
