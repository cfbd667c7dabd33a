import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { TaskRunRow } from '../../src-main/contract/run.ts';
import { rowsMoved } from '../../src-renderer/state/question/anchor.ts';
import { Pages } from '../../src-renderer/state/question/pages.ts';

const row = (index: number) => ({ id: String(index) }) as TaskRunRow;
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i));

function paged(count: number, first: number) {
  const asked: [number, number][] = [];
  const waiting: (() => void)[] = [];
  let changes = 0;
  const failures: unknown[] = [];
  const pages = new Pages(
    count,
    rows(0, first),
    (from, to, signal) =>
      new Promise((resolve, reject) => {
        asked.push([from, to]);
        waiting.push(() => resolve(rows(from, to)));
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    () => (changes += 1),
    (thrown) => failures.push(thrown),
  );
  const answer = async () => {
    for (const one of waiting.splice(0)) one();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { pages, asked, answer, failures, changes: () => changes };
}

describe('pages of a result', () => {
  it('the rows that came with the answer are there; the rest is asked as wanted', async () => {
    const { pages, asked, answer, changes } = paged(1000, 200);
    assert.equal(pages.at(199)?.id, '199');
    assert.equal(pages.at(200), null);
    pages.need(190, 230);
    assert.deepEqual(asked, [[200, 400]]);
    await answer();
    assert.equal(pages.at(200)?.id, '200');
    assert.equal(changes(), 1);
    pages.need(950, 1010);
    assert.deepEqual(asked.at(-1), [800, 1000]);
  });

  it('a short result needs no second call', () => {
    const { pages, asked } = paged(30, 30);
    pages.need(0, 60);
    assert.deepEqual(asked, []);
    assert.equal(pages.at(29)?.id, '29');
    assert.equal(pages.at(30), null);
  });

  it('asks for what is wanted now, not for what was scrolled past', async () => {
    const { pages, asked, answer } = paged(100_000, 200);
    for (let at = 1000; at < 90_000; at += 1000) pages.need(at, at + 40);
    assert.equal(asked.length, 2);
    await answer();
    assert.deepEqual(asked.slice(2), [[88_000 + 1000, 88_000 + 1200]]);
  });

  it('forgets the least recently wanted of more than 64 pages', async () => {
    const { pages, answer } = paged(200 * 80, 200);
    for (let page = 1; page < 70; page += 1) {
      pages.need(page * 200, page * 200 + 40);
      await answer();
      pages.need(0, 40);
    }
    assert.equal(pages.at(0)?.id, '0');
    assert.equal(pages.at(200), null);
    assert.equal(pages.at(69 * 200)?.id, String(69 * 200));
  });

  it('after it is closed nothing is asked and no failure is told', async () => {
    const { pages, asked, failures } = paged(1000, 200);
    pages.need(200, 240);
    pages.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(failures, []);
    assert.equal(asked.length, 1);
  });

  it('one row can be waited for', async () => {
    const { pages, answer } = paged(1000, 200);
    const later = pages.later(500);
    await answer();
    assert.equal((await later)?.id, '500');
    assert.equal(await pages.later(1000), null);
  });

  it('what is shown is read again where it is; what is out of sight when it is wanted', async () => {
    let state = 'RUNNING';
    const asked: [number, number][] = [];
    let changes = 0;
    const at = (from: number, to: number) => rows(from, to).map((one) => ({ ...one, state_type: state }));
    const pages = new Pages(
      1000,
      at(0, 200),
      (from, to) => {
        asked.push([from, to]);
        return Promise.resolve(at(from, to));
      },
      () => (changes += 1),
      (thrown) => assert.fail(String(thrown)),
    );
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    pages.need(190, 230);
    await settled();
    changes = 0;
    await pages.renew(190, 230);
    assert.deepEqual([asked.at(-1), changes], [[190, 230], 0], 'nothing is drawn when nothing is different');
    state = 'COMPLETED';
    await pages.renew(190, 230);
    assert.equal(changes, 1);
    for (let i = 190; i < 230; i++) assert.equal(pages.at(i)?.state_type, 'COMPLETED');
    pages.need(900, 940);
    await settled();
    await pages.renew(900, 940);
    assert.equal(pages.at(199), null, 'gone from memory: it is read anew when it is scrolled to');
    pages.close();
  });
});

describe('a list that is read again', () => {
  const NEW = 43;
  /** the row at `index` is at `index + NEW` in the next list, but for those that left it */
  const moved = async (seen: [number, number], left: string[] = []) => {
    const { pages, answer } = paged(1000, 200);
    const done = rowsMoved(
      {
        seen,
        at: (index) => row(index),
        position: (id) => Promise.resolve(left.includes(id) ? null : Number(id) + NEW),
      },
      pages,
    );
    for (let i = 0; i < seen[1] - seen[0]; i++) await answer();
    return { by: await done, pages };
  };

  it('goes on by what came in above the rows on screen, which are loaded', async () => {
    const { by, pages } = await moved([500, 530]);
    assert.equal(by, NEW);
    for (const index of [500 + NEW, 529 + NEW]) assert.equal(pages.at(index)?.id, String(index));
  });

  it('keeps the next row in its place where the first on screen has left', async () => {
    assert.equal((await moved([500, 530], ['500', '501'])).by, NEW);
  });

  it('stays where it is at its top, and where all rows on screen have left', async () => {
    assert.equal((await moved([0, 30])).by, 0);
    const all = Array.from({ length: 30 }, (_, i) => String(500 + i));
    assert.equal((await moved([500, 530], all)).by, 0);
  });
});
