import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime, formatTimeLikePrefect, parseTime } from '../../src-main/contract/time.ts';

const DAY = 86_400_000_000;

test('microseconds are written out in full, and read back as they were', () => {
  const times = [0, -1, -DAY, DAY - 1, DAY, 1_763_889_302_820_458, -62_135_596_800_000_000, 253_402_300_799_000_000];
  for (let n = 0; n < 500; n++) times.push(Math.floor((n * 0.618_033_988_7 * 4e15) % 4e15) - 1e15);
  for (const micros of times) {
    const text = formatTime(micros);
    assert.match(text, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
    assert.equal(text.slice(0, 23), new Date(Math.floor(micros / 1000)).toISOString().slice(0, 23));
    assert.equal(parseTime(text), micros);
  }
});

test("Prefect's own spelling leaves a zero fraction out", () => {
  assert.equal(formatTimeLikePrefect(1_763_889_302_000_000), '2025-11-23T09:15:02Z');
  assert.equal(formatTimeLikePrefect(1_763_889_302_000_010), '2025-11-23T09:15:02.000010Z');
});
