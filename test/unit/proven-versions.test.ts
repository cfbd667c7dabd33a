/** README lists the versions of Prefect that the tests prove, and the table of versions names none that no test compares. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstVersions, prefectRules, USUAL_VERSION } from '../../src-main/contract/prefect/versions.ts';
import { textOf } from '../fixtures/source-files.ts';
import { compared, PINNED, provenLines, recorded } from '../run/proven.ts';

test('README lists the proven versions', () => {
  const [, listed] = /<!-- prefect -->\n\n([^]*?)\n\n<!-- \/prefect -->/.exec(textOf('README.md')) ?? [];
  assert.deepEqual(listed?.split('\n'), provenLines());
  assert.ok(recorded.length > 0);
});

test('every difference begins with a version that was compared', () => {
  assert.equal(USUAL_VERSION, PINNED);
  for (const version of firstVersions) assert.ok(compared.includes(version), version);
});

test('a rule holds from its version on, whatever follows the number', () => {
  const has = (version: string | null) => prefectRules(version).durationSorts;
  for (const version of ['3.9.1', '3.9.1rc2', '3.9.2.dev5', '3.10.0', '4.0.0'])
    assert.equal(has(version), true, version);
  for (const version of [null, '', 'x', '3.8.8', '3.9.0', '2.20.25', '3.0.11'])
    assert.equal(has(version), false, String(version));
});
