import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitJsonArray } from '../../src-main/prefect/split.ts';
import '../fixtures/ci-seed.ts';

test('the texts are the rows, byte for byte', () => {
  const rows = ['{"a":1.50}', '{ "b" : "]},{\\"\\\\" }', '[]', '"x\\\\"', '1e5', '{"c":"ä😀\\u00e4"}', 'null'];
  for (const [open, comma, close] of [
    ['[', ',', ']'],
    [' [\n ', ' ,\r\n\t', ' ] '],
  ])
    assert.deepEqual(splitJsonArray(open + rows.join(comma) + close), rows);
  assert.deepEqual(splitJsonArray('[]'), []);
  assert.deepEqual(splitJsonArray(' [ ] '), []);
});

test('any JSON: joined again it is the text, and each text parses to its element', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), (values, space) => {
      const text = JSON.stringify(values, null, space);
      const texts = splitJsonArray(text);
      assert.deepEqual(
        texts.map((one) => JSON.parse(one) as unknown),
        JSON.parse(text),
      );
      if (space === 0) assert.equal(`[${texts.join(',')}]`, text);
    }),
  );
});

test('what is no array, or has no end, throws', () => {
  for (const text of ['{}', '', '[{"a":1}', '["a']) assert.throws(() => splitJsonArray(text), RangeError);
});
