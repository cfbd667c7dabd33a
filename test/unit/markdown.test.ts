import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readInline, readMarkdown, type Block, type Inline } from '../../src-renderer/ui/text/markdown.ts';
import '../fixtures/ci-seed.ts';

/** All words, in order, without what marks them. */
function words(all: readonly (Inline | Block)[]): string {
  return all
    .map((one) => {
      switch (one.kind) {
        case 'text':
        case 'code':
          return one.text;
        case 'rule':
          return '';
        case 'quote':
          return words(one.blocks);
        case 'list':
          return one.items.map(({ children }) => words(children)).join('\n');
        case 'table':
          return [one.head, ...one.rows].map((row) => row.map((cell) => words(cell)).join(' ')).join('\n');
        default:
          return words(one.children);
      }
    })
    .join('\n');
}

describe('markdown', () => {
  it('reads what reports are made of', () => {
    const text = [
      '# Loaded **12** tables #',
      '',
      'first line',
      'second line',
      '- one',
      '  more of one',
      '  - [x] deeper',
      '',
      '* two',
      '```sql',
      'select * -- **not bold**',
      '```',
      '> said `x | y`',
      '',
      '| a | b \\| c |',
      '|:--|--:|',
      '| 1 | [x](https://e.example/a_(b)?c=d "t") |',
      '---',
      '3. three',
    ].join('\n');
    const kinds = readMarkdown(text).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['heading', 'paragraph', 'list', 'code', 'quote', 'table', 'rule', 'list']);
    const [heading, , list, , , table, , last] = readMarkdown(text);
    assert.equal(words([heading]), 'Loaded \n12\n tables');
    assert.deepEqual(list?.kind === 'list' && list.items.map(({ depth, checked }) => [depth, checked]), [
      [0, null],
      [1, true],
      [0, null],
    ]);
    assert.equal(table?.kind === 'table' && words(table.head[1] ?? []), 'b | c');
    assert.deepEqual(table?.kind === 'table' && table.rows[0]?.[1], [
      { kind: 'link', url: 'https://e.example/a_(b)?c=d', children: [{ kind: 'text', text: 'x' }] },
    ]);
    assert.equal(last?.kind === 'list' && last.start, 3);
  });

  it('marks inside lines', () => {
    const plain = (text: string) => readInline(text);
    assert.deepEqual(plain('a_b_c 2 * 3 * 4 ** x'), [{ kind: 'text', text: 'a_b_c 2 * 3 * 4 ** x' }]);
    assert.deepEqual(plain('\\*a\\* <b>x</b>'), [{ kind: 'text', text: '*a* <b>x</b>' }]);
    assert.deepEqual(plain('*a **b** c*'), [
      {
        kind: 'em',
        children: [
          { kind: 'text', text: 'a ' },
          { kind: 'strong', children: [{ kind: 'text', text: 'b' }] },
          { kind: 'text', text: ' c' },
        ],
      },
    ]);
    assert.deepEqual(plain('see https://e.example/x?y=1.'), [
      { kind: 'text', text: 'see ' },
      { kind: 'link', url: 'https://e.example/x?y=1', children: [{ kind: 'text', text: 'https://e.example/x?y=1' }] },
      { kind: 'text', text: '.' },
    ]);
    assert.deepEqual(plain('![p](data:x)'), [
      { kind: 'image', url: 'data:x', children: [{ kind: 'text', text: 'p' }] },
    ]);
  });

  it('no text is lost, whatever it is', () => {
    const piece = fc.constantFrom(
      '`',
      '**',
      '*',
      '_',
      '~~',
      '[',
      '](',
      ')',
      '!',
      '|',
      '\n',
      '\n\n',
      '- ',
      '> ',
      '# ',
      'w',
      ' ',
      '<',
      'http://e',
      '1. ',
      '\\',
      '---',
      '```',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        const left = words(readMarkdown(text)).replaceAll(/[^wé]/g, '');
        // the word after ``` or ~~~ names a language, and a row of a table ends where its head does
        if (!/`{3}|~{3}/.test(text) && !text.includes('|') && !text.includes(']('))
          assert.equal(left, text.replaceAll(/[^wé]/g, ''));
      }),
      { numRuns: 2000 },
    );
  });

  it('grows with the text and no faster: what would be tried again and again is tried once', () => {
    for (const part of [
      '[',
      '*a ',
      '**',
      '_a',
      '`',
      '``` ',
      '![',
      '<',
      '> ',
      '| ',
      '\\',
      '[](',
      'http://',
      '- ',
      '- - ',
      '|-',
    ])
      readMarkdown(part.repeat(20_000));
  });
});
