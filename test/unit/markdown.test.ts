import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readMarkdown, type Block, type Inline } from '../../src-renderer/ui/text/markdown.ts';
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
          return one.items.map(({ children, blocks }) => `${words(children)}\n${words(blocks)}`).join('\n');
        case 'table':
          return [one.head, ...one.rows].map((row) => row.map((cell) => words(cell)).join(' ')).join('\n');
        default:
          return words(one.children);
      }
    })
    .join('\n');
}

describe('markdown', () => {
  it('reads what reports are made of', async () => {
    const text = [
      '# Loaded **12** tables #',
      '',
      'first line',
      'second line',
      '- one',
      '  more of one',
      '  - [x] deeper',
      '- two',
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
    const blocks = await readMarkdown(text);
    const kinds = blocks.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['heading', 'paragraph', 'list', 'code', 'quote', 'table', 'rule', 'list']);
    const [heading, , list, code, , table, , last] = blocks;
    assert.equal(words([heading]), 'Loaded \n12\n tables');
    const [one, two] = list?.kind === 'list' ? list.items : [];
    assert.equal(words(one?.children ?? []), 'one\nmore of one');
    const [inner] = one?.blocks ?? [];
    assert.deepEqual(inner?.kind === 'list' && inner.items.map(({ checked }) => checked), [true]);
    assert.equal(words(two?.children ?? []), 'two');
    assert.deepEqual(code, { kind: 'code', text: 'select * -- **not bold**' });
    assert.equal(table?.kind === 'table' && words(table.head[1] ?? []), 'b | c');
    assert.deepEqual(table?.kind === 'table' && table.rows[0]?.[1], [
      { kind: 'link', url: 'https://e.example/a_(b)?c=d', children: [{ kind: 'text', text: 'x' }] },
    ]);
    assert.equal(last?.kind === 'list' && last.start, 3);
  });

  it('marks inside lines', async () => {
    const plain = async (text: string) => {
      const [first] = await readMarkdown(text);
      assert.equal(first?.kind, 'paragraph');
      return first.children;
    };
    assert.deepEqual(await plain('a_b_c 2 * 3 * 4 ** x'), [{ kind: 'text', text: 'a_b_c 2 * 3 * 4 ** x' }]);
    assert.deepEqual(await plain('\\*a\\* <b>x</b>'), [{ kind: 'text', text: '*a* <b>x</b>' }]);
    assert.deepEqual(await plain('*a **b** c*'), [
      {
        kind: 'em',
        children: [
          { kind: 'text', text: 'a ' },
          { kind: 'strong', children: [{ kind: 'text', text: 'b' }] },
          { kind: 'text', text: ' c' },
        ],
      },
    ]);
    assert.deepEqual(await plain('see https://e.example/x?y=1.'), [
      { kind: 'text', text: 'see ' },
      { kind: 'link', url: 'https://e.example/x?y=1', children: [{ kind: 'text', text: 'https://e.example/x?y=1' }] },
      { kind: 'text', text: '.' },
    ]);
    assert.deepEqual(await plain('![p](data:x)'), [
      { kind: 'image', url: 'data:x', children: [{ kind: 'text', text: 'p' }] },
    ]);
    assert.deepEqual(await plain('me@e.example'), [{ kind: 'text', text: 'me@e.example' }], 'opened by nothing');
  });

  it('keeps HTML as text, also where it is a block of its own', async () => {
    for (const html of [
      '<script>alert(1)</script>',
      '<img src="https://e.example/x.png">',
      '<!-- x -->',
      '<div>\n*x*\n</div>',
    ])
      assert.deepEqual(await readMarkdown(html), [{ kind: 'paragraph', children: [{ kind: 'text', text: html }] }]);
  });

  it('no text is lost, whatever it is', async () => {
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
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (parts) => {
        const text = parts.join('');
        const left = words(await readMarkdown(text)).replaceAll(/[^wé]/g, '');
        // the word after ``` or ~~~ names a language, and a row of a table ends where its head does
        if (!/`{3}|~{3}/.test(text) && !text.includes('|') && !text.includes(']('))
          assert.equal(left, text.replaceAll(/[^wé]/g, ''));
      }),
      { numRuns: 2000 },
    );
  });

  it('ends soon whatever 1 MB holds', async () => {
    const size = 1_000_000;
    const repeated = [
      ...[
        '[',
        '*a ',
        '**',
        '*a',
        '_a',
        'a_',
        '~~a ',
        '***a',
        '`',
        '`a ',
        '``` ',
        '![',
        '<',
        '<a ',
        '> ',
        '>',
        '> a\n',
        '> a\na\n',
      ],
      ...[
        '| ',
        '|-',
        '| x | y |\n',
        'a|\n-|\n',
        '\\',
        '[](',
        '[a](b',
        '[a]: b\n',
        'http://',
        'www.',
        'a@',
        'a.b_',
        '?!',
        '&',
      ],
      ...[
        '- ',
        '- a\n',
        '- - ',
        '+- \n===(',
        '1. ',
        '1. a\n',
        '- > ',
        '# a\n',
        '\n\n**~~',
        '=',
        ' ',
        '\t',
        '\n',
        'word ',
      ],
    ].map((part) => part.repeat(Math.ceil(size / part.length)));
    const others = [
      `# ${' '.repeat(size)}\u2028`,
      `# a${' #'.repeat(size / 2)}x`,
      `a${' '.repeat(size)}b`,
      `*${' *'.repeat(size / 2)}x`,
      `${'a'.repeat(size)}@`,
      `http://a.b/${'?!'.repeat(size / 2)}`,
      `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`,
      `${'|a'.repeat(20_000)}\n${'|-'.repeat(20_000)}x`,
      Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}- a\n`).join(''),
      Array.from({ length: 1400 }, (_, i) => `${'>'.repeat(i)}a\n`).join(''),
      Array.from({ length: 1400 }, (_, i) => `${'`'.repeat(i)} `).join(''),
    ];
    for (const text of [...repeated, ...others]) assert.ok((await readMarkdown(text)).length >= 0);
  });
});
