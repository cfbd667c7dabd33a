import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memberSpans, splitArray } from '../../src-main/contract/json-text.ts';
import '../fixtures/ci-seed.ts';

test('the elements of an array are its rows, byte for byte', () => {
  const rows = ['{"a":1.50}', '{ "b" : "]},{\\"\\\\" }', '[]', '"x\\\\"', '1e5', '{"c":"ä😀\\u00e4"}', 'null'];
  for (const [open, comma, close] of [
    ['[', ',', ']'],
    [' [\n ', ' ,\r\n\t', ' ] '],
  ])
    assert.deepEqual(splitArray(open + rows.join(comma) + close), rows);
  assert.deepEqual(splitArray('[]'), []);
  assert.deepEqual(splitArray(' [ ] '), []);
});

test('any array: joined again it is the text, and each text parses to its element', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), (values, space) => {
      const text = JSON.stringify(values, null, space);
      const texts = splitArray(text);
      assert.deepEqual(
        texts.map((one) => JSON.parse(one) as unknown),
        JSON.parse(text),
      );
      if (space === 0) assert.equal(`[${texts.join(',')}]`, text);
    }),
  );
});

test('any object: the spans are its members and hold their values', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      const spans = memberSpans(text);
      assert.deepEqual(new Set(spans.keys()), new Set(Object.keys(parsed)));
      for (const [key, [from, to]] of spans) assert.deepEqual(JSON.parse(text.slice(from, to)), parsed[key]);
    }),
  );
});

test('of a key that occurs twice the last counts, and an escaped key is the key it means', () => {
  const text = '{ "a" : 1.50 , "\\u0061":{"a":[2]}, "b\\"":"}"}';
  const spans = memberSpans(text);
  const cut = (key: string) => text.slice(...(spans.get(key) ?? [0, 0]));
  assert.deepEqual([...spans.keys()], ['a', 'b"']);
  assert.equal(cut('a'), '{"a":[2]}');
  assert.equal(cut('b"'), '"}"');
  assert.deepEqual(memberSpans(' { } '), new Map());
});

test('what is another kind of value, or has no end, throws', () => {
  for (const text of ['{}', '', '1', '[', '[{"a":1}', '["a', '[1', '[1,', '[[1]'])
    assert.throws(() => splitArray(text), RangeError, text);
  for (const text of ['[]', '', '"a"', '{', '{"a":1', '{"a"', '{"a":', '{"a":"', '{"a":{}', '{"a":1,'])
    assert.throws(() => memberSpans(text), RangeError, text);
});
