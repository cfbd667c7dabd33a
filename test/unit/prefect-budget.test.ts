import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Budget, budgetFor } from '../../src-main/prefect/budget.ts';
import { backoff, parseRetryAfter } from '../../src-main/prefect/retry.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('two in flight, a person’s request before patient ones, a cancelled one gives up its place', async () => {
  const budget = new Budget(Infinity);
  const order: string[] = [];
  const releases = new Map<string, () => void>();
  const take = (name: string, urgent = false, signal?: AbortSignal) =>
    budget.take(signal, urgent).then(
      (release) => {
        order.push(name);
        releases.set(name, release);
      },
      () => order.push(`${name} cancelled`),
    );
  const abort = new AbortController();
  void take('a');
  void take('b');
  void take('c');
  void take('d', false, abort.signal);
  void take('urgent', true);
  await settle();
  assert.deepEqual(order, ['a', 'b']);
  releases.get('a')?.();
  releases.get('a')?.(); // twice is once
  await settle();
  assert.deepEqual(order, ['a', 'b', 'urgent']);
  abort.abort();
  releases.get('b')?.();
  await settle();
  assert.deepEqual(order, ['a', 'b', 'urgent', 'd cancelled', 'c']);
});

test('the first to ask is the first to go: of two that always ask neither keeps the other waiting', async () => {
  const budget = new Budget(Infinity);
  const order: string[] = [];
  const lane = async (name: string) => {
    for (let i = 0; i < 20; i++) {
      const release = await budget.take();
      order.push(name);
      await settle();
      release();
    }
  };
  await Promise.all([...Array.from({ length: 8 }, () => lane('many')), lane('one')]);
  const places = order.flatMap((name, i) => (name === 'one' ? i : []));
  assert.equal(places.length, 20);
  for (const [i, place] of places.entries()) assert.ok(place - (places[i - 1] ?? -1) <= 10, `${place}`);
});

test('a pause holds for all who wait, and one who gives up waits no longer', async () => {
  const budget = new Budget(Infinity);
  budget.pause(3600);
  const abort = new AbortController();
  let gone = 0;
  const taking = [budget.take(abort.signal), budget.take(abort.signal, true)].map((one) => one.catch(() => gone++));
  await settle();
  assert.equal(gone, 0);
  abort.abort();
  await Promise.all(taking);
  assert.equal(gone, 2);
});

test('a 429 lowers the rate for all, and time raises it again up to its ceiling, with or without requests', () => {
  let now = 0;
  const budget = new Budget(2, () => now);
  budget.busy();
  assert.equal(budget.rate, 0.25);
  budget.pause(30);
  for (let i = 0; i < 5; i++) budget.busy(); // replies to requests from before the pause
  now += 30_000;
  assert.equal(budget.rate, 0.25, 'a pause is no time in which the server was asked');
  now += 60_000;
  assert.equal(budget.rate, 0.5);
  now += 120_000;
  assert.equal(budget.rate, 2);
  for (let i = 0; i < 20; i++) budget.busy();
  assert.equal(budget.rate, 0.2);
  now += 3_600_000;
  assert.equal(budget.rate, 2);
});

/** ms */
const STEP = 50;

/** An hour of a client that always asks, at a server that allows `limit` requests a minute and refuses everything from minute 10 to 11. */
async function hour(t: TestContext, limit: number, ceiling: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const budget = new Budget(ceiling, () => now);
  /** requests answered, by minute */
  const answered = Array.from({ length: 200 }, () => 0);
  let refused = 0;
  let open = true;
  const lane = async () => {
    while (open) {
      const release = await budget.take();
      const minute = Math.floor(now / 60_000);
      const down = minute === 10;
      if (down || (answered[minute] ?? 0) >= limit) {
        refused += 1;
        budget.busy();
        budget.pause(down ? 5 : 60 - ((now / 1000) % 60));
      } else answered[minute] = (answered[minute] ?? 0) + 1;
      await new Promise<void>((resolve) => setTimeout(resolve, STEP)); // the server's time for a page
      release();
    }
  };
  const lanes = [lane(), lane()];
  for (; now < 3_600_000; now += STEP) {
    t.mock.timers.tick(STEP);
    await settle();
  }
  open = false;
  for (let i = 0; i < 4; i++) {
    now += 600_000;
    t.mock.timers.tick(600_000);
    await settle();
  }
  await Promise.all(lanes);
  t.mock.timers.reset();
  return { refused, answered };
}

test('five minutes after a server refused everything, a client has its usual pace again', async (t) => {
  for (const [limit, ceiling] of [
    [250, 2],
    [250, Infinity],
    [1000, Infinity],
  ] as const) {
    const { refused, answered } = await hour(t, limit, ceiling);
    const usual = Math.min(limit, ceiling * 60);
    const share = answered.slice(16, 60).reduce((sum, one) => sum + one) / (44 * usual);
    t.diagnostic(`${limit} a minute, ceiling ${ceiling}: ${Math.round(share * 100)} % of the pace, ${refused} refused`);
    assert.ok(share > 0.5, `${share} of what the server allows`);
    assert.ok(refused < 200, `${refused} refused`);
  }
});

test('one budget per server; Cloud’s is 2 requests a second', () => {
  assert.equal(budgetFor('https://one.example', false), budgetFor('https://one.example', false));
  assert.notEqual(budgetFor('https://one.example', false), budgetFor('https://two.example', false));
  assert.equal(budgetFor('https://one.example', false).rate, Infinity);
  assert.equal(budgetFor('https://api.prefect.cloud', true).rate, 2);
});

test('Retry-After in seconds and as a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(parseRetryAfter('120', now), 120);
  assert.equal(parseRetryAfter('0.5', now), 0.5);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30);
  assert.equal(parseRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT', now), 0);
  assert.equal(parseRetryAfter('soon', now), null);
  assert.equal(parseRetryAfter(undefined, now), null);
});

test('waits double, spread out, and end growing at a minute', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 9].map((n) => backoff(n, () => 1)),
    [1, 2, 4, 8, 60],
  );
  assert.deepEqual(
    [0, 1, 2].map((n) => backoff(n, () => 0)),
    [0.5, 1, 2],
  );
});
