import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  children,
  findJson,
  member,
  readJson,
  scalar,
  within,
  writeJson,
} from '../../src-renderer/ui/text/json-tree.ts';
import '../fixtures/ci-seed.ts';

describe('json text', () => {
  it('keeps numbers, key order and doubled keys as they were sent', () => {
    const text = '{"2":9007199254740993,"1":0.1000000000000000055,"1":-1E+400,"n":NaN}';
    assert.equal(writeJson(readJson(text)), text);
    assert.equal(scalar(member(readJson(text), '2')), '9007199254740993');
    const parameters = '{"account":92233720368547760001,"rate":1.50}';
    const part = member(readJson(`{"name":"x","parameters":${parameters}}`), 'parameters');
    assert.ok(part);
    assert.equal(writeJson(part), parameters);
  });

  it('reads what JSON.parse reads, and writes it back the same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(JSON.parse(writeJson(readJson(text))), JSON.parse(text));
        assert.deepEqual(JSON.parse(writeJson(readJson(text), 2)), JSON.parse(text));
      }),
    );
    assert.equal(writeJson(readJson('{"a":[1,{}],"b":"x"}'), 2), '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": "x"\n}');
  });

  it('refuses what is not JSON', () => {
    for (const text of ['', '{', '[1,]', '{"a" 1}', '"a', '01', 'tru', '1 2', "{'a':1}"])
      assert.throws(() => readJson(text), SyntaxError, text);
  });

  it('ends soon whatever 1 MB holds', () => {
    const size = 1_000_000;
    for (const text of ['"a', '"\\\\', '"\\\\"', '[', '{"a":', ' ', '1', '-', '1e', '"\n'])
      assert.throws(() => readJson(`${text.repeat(Math.ceil(size / text.length))}x`), text);
    assert.equal(scalar(readJson(JSON.stringify('\\"'.repeat(10 * size)))), '\\"'.repeat(10 * size));
  });

  it('finds keys and values, and knows what is inside what', () => {
    const root = readJson('{"state":{"message":"Boom"},"tags":["boom"],"labels":{"prefect.flow.id":"x"}}');
    assert.deepEqual(findJson(root, 'BOOM'), ['.state.message', '.tags[0]']);
    assert.deepEqual(findJson(root, 'flow.id'), ['.labels["prefect.flow.id"]']);
    assert.deepEqual(findJson(root, ''), []);
    assert.ok(within('.state.message', '.state') && within('.tags[0]', '') && within('.tags[0]', '.tags'));
    assert.ok(!within('.statement', '.state') && !within('.state', '.state'));
    assert.deepEqual(
      children(root, '').map(({ path }) => path),
      ['.state', '.tags', '.labels'],
    );
  });
});
