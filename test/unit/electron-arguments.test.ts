import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CASE_ENDING } from '../../src-main/contract/case-file.ts';
import { electronArguments } from '../../src-main/shell/electron/arguments.ts';

test('a case file is named, or handed over by a double click among whatever the system adds', () => {
  const file = '/tmp/the case.TASKSCOPE';
  assert.deepEqual(electronArguments([]), { dataDir: null, demoRuns: undefined, case: null, place: null });
  assert.equal(electronArguments([file]).case, file);
  assert.equal(electronArguments(['.', '--no-sandbox', '--data-dir', '/data', '--lang=de', file]).case, file);
  assert.equal(electronArguments(['--case', 'other', file]).case, 'other');
  assert.deepEqual(electronArguments(['.', '--data-dir', '/d', '--demo-runs', '500', '/x/y.txt']), {
    ...{ dataDir: '/d', demoRuns: 500, case: null, place: null },
  });
});

test('a link shows a place and opens no file, whatever it ends with', () => {
  const link = 'taskscope://open/runs?in=night.taskscope';
  assert.deepEqual(electronArguments(['.', '--lang=de', link]), {
    ...{ dataDir: null, demoRuns: undefined, case: null, place: '/runs?in=night.taskscope' },
  });
  assert.equal(electronArguments(['TASKSCOPE://open/x.taskscope']).case, null);
  assert.equal(electronArguments(['taskscope://open/exec?q=1']).place, null);
});

test('the packages tell the system that such files are ours', () => {
  const packaging = readFileSync(new URL('../../resources/packaging.yml', import.meta.url), 'utf8');
  assert.match(packaging, new RegExp(`^fileAssociations:\\n  - ext: ${CASE_ENDING.slice(1)}$`, 'm'));
});
