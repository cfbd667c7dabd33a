/** What the documents name is there: files and folders, npm scripts, commands of the command line, options, settings, environment variables. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema } from '../../src-main/contract/settings.ts';
import { codeFiles, ownFiles, textOf } from '../fixtures/source-files.ts';

const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'test/bench/RESULTS.md'];

const files = ownFiles();
const scripts = Object.keys((JSON.parse(textOf('package.json')) as { scripts: object }).scripts);
const npmOwn = ['ci', 'install', 'run', 'test', 'start'];
/** the whole program as text, for what is named by its spelling; the documents' own test is not part of it */
const program = codeFiles()
  .filter((path) => path !== 'test/unit/contributing.test.ts')
  .map(textOf)
  .join('\n');
const commands = [...textOf('src-main/shell/cli/main.ts').matchAll(/^ {2}(\w+): async \(\) =>/gm)].map(
  ([, name]) => name,
);
const settings = Object.keys(settingsSchema.shape);

type Named = { what: 'path' | 'script' | 'command' | 'option' | 'setting' | 'variable'; name: string };

const ending = /\.(ts|mjs|js|svelte|json|css|py|md)$/;
/** Files that people or other programs make, named by README. */
const foreign = new Set(['profiles.toml', 'prefect.toml', 'pyproject.toml', '.env']);

/** Everything in code spans, code blocks and links that names a part of the project. */
function namedIn(text: string): Named[] {
  const blocks = [...text.matchAll(/^```(?:sh)?\n([^]*?)^```/gm)].map(([, block]) => block);
  const prose = text.replace(/^```[^]*?^```/gm, '');
  const spans = [...prose.matchAll(/(setting )?`([^`\n]+)`/g)];
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to);
  const code = [...blocks.flatMap((block) => block.split(/\n|&&/)), ...spans.map(([, , span]) => span)];
  return [
    ...links.filter((to) => !/^[a-z]+:/.test(to)).map((name) => ({ what: 'path' as const, name })),
    ...spans.flatMap(([, isSetting, span]): Named[] => {
      if (isSetting) return [{ what: 'setting', name: span }];
      const isPath =
        !/[\s{}*<>:]/.test(span) && (ending.test(span) || /^[\w.-]+(\/[\w.-]+)+\/?$|^[\w-]+\/$/.test(span));
      return isPath && !foreign.has(span) ? [{ what: 'path', name: span }] : [];
    }),
    ...code.flatMap((line): Named[] => {
      const [, script] = /^\s*npm (?:run )?([\w-]+)/.exec(line) ?? [];
      const [, command] = /^\s*(?:taskscope|npm run taskscope --) ([a-z]\w*)/.exec(line) ?? [];
      return [
        ...(script === undefined ? [] : [{ what: 'script' as const, name: script }]),
        ...(command === undefined ? [] : [{ what: 'command' as const, name: command }]),
        ...[...line.matchAll(/(?<=^|[\s[(])--[a-z][a-z-]+/g)].map(([name]) => ({ what: 'option' as const, name })),
        ...[...line.matchAll(/\bTASKSCOPE_[A-Z_]+/g)].map(([name]) => ({ what: 'variable' as const, name })),
      ];
    }),
  ];
}

function isThere({ what, name }: Named): boolean {
  switch (what) {
    case 'path': {
      const isIn = (path: string) => `/${path}`.includes(`/${name.replace(/\/$/, '')}/`);
      return files.some((path) => path === name || path.endsWith(`/${name}`) || (!ending.test(name) && isIn(path)));
    }
    case 'script':
      return scripts.includes(name) || npmOwn.includes(name);
    case 'command':
      return commands.includes(name);
    case 'option':
      // as it is written, or as `parseArgs` knows it
      return program.includes(name) || new RegExp(`['"]?${name.slice(2)}['"]?: \\{`).test(program);
    case 'setting':
      return settings.includes(name);
    case 'variable':
      return program.includes(name);
  }
}

describe('the documents', () => {
  for (const document of documents)
    test(`${document} names nothing that is gone`, () => {
      const named = namedIn(textOf(document));
      assert.ok(named.length >= 2, `only ${named.length} names found in ${document}`);
      const gone = named.filter((one) => !isThere(one)).map(({ what, name }) => `${what} ${name}`);
      assert.deepEqual([...new Set(gone)], []);
    });

  test('what is gone is found, whatever it is', () => {
    const text = `\`src-main/gone/file.ts\` and \`gone-folder/\` and [this](GONE.md), the setting \`gone_setting\`, \`TASKSCOPE_GONE\`.
\`\`\`sh
npm run gone && npm start
taskscope gone --goneoption
\`\`\`
`;
    const gone = namedIn(text).filter((one) => !isThere(one));
    assert.deepEqual(gone.map(({ what, name }) => `${what} ${name}`).sort(), [
      'command gone',
      'option --goneoption',
      'path GONE.md',
      'path gone-folder/',
      'path src-main/gone/file.ts',
      'script gone',
      'setting gone_setting',
      'variable TASKSCOPE_GONE',
    ]);
  });

  test('CONTRIBUTING.md has a line for every folder of the map and every recipe it promises', () => {
    const text = textOf('CONTRIBUTING.md');
    const folders = files.flatMap((path) => /^src-main\/[\w-]+\//.exec(path)?.[0] ?? []);
    for (const folder of new Set(folders)) assert.ok(text.includes(`| \`${folder}\``), folder);
    const recipes = text.slice(text.indexOf('## Recipes'), text.indexOf('## Glossary')).match(/^### /gm) ?? [];
    assert.ok(recipes.length >= 10, `${recipes.length} recipes`);
  });
});
