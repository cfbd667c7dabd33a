/** What the product's window may do and may not, in whichever Electron there is. */
import { expect, test } from './host.ts';
import { Window } from './window.ts';

test('the page has two methods, no Node, no network, and stays where it is', async ({ host, problems }) => {
  const { page } = await host.start({ args: ['--demo-runs', '300'] });
  await new Window(page).ready();
  const home = page.url();
  const world = await page.evaluate(() => ({
    bridge: Object.keys(window.taskscope ?? {}).sort(),
    frozen: Object.isFrozen(window.taskscope),
    node: ['require', 'process', 'module', 'Buffer'].filter((name) => name in window),
    secure: window.isSecureContext,
  }));
  expect(world).toEqual({ bridge: ['receive', 'send'], frozen: true, node: [], secure: true });

  const reached = await page.evaluate(() =>
    fetch('http://127.0.0.1:9/').then(
      () => true,
      () => false,
    ),
  );
  expect(reached).toBe(false);
  await page.evaluate(() => void window.open('about:blank')); // no child window, and nothing handed to the system
  // from a timer: a navigation that begins inside an evaluation leaves the test waiting for its answer
  await page.evaluate(() => void setTimeout(() => (window.location.href = 'https://example.com/'), 0));
  await new Window(page).ready();
  expect(page.url()).toBe(home);

  await expect(() => page.reload()).toPass(); // the refused navigation, still on its way, ends a reload too
  await new Window(page).ready();
  problems.length = 0; // the refused fetch is told in the console
});
