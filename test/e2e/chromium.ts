/** The Chromium of the tests: Debian's or whatever the set-up found, headless, with no connections of its own. */
export const executablePath = process.env.TASKSCOPE_CHROMIUM ?? '/usr/bin/chromium';

export const chromiumArgs = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // Chromium refuses its sandbox as root; tests only
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
