/** The map of the README, held: which folder may import which, which package lives where, and how long a file may get. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { codeFiles, ownFiles, root, textOf } from '../fixtures/source-files.ts';

const MAX_LINES = 300;
/** Files that may be longer, each with its one reason. */
const longFiles: Record<string, string> = {};

/** Folder → folders it may import besides itself. `shell → core → {sync → prefect, local-api → query → store, export, demo} → rpc → contract`. */
const mayImport: Record<string, string[]> = {
  'src-main/contract': [],
  'src-main/rpc': ['src-main/contract'],
  'src-main/prefect': ['src-main/rpc', 'src-main/contract'],
  'src-main/store': ['src-main/rpc', 'src-main/contract'],
  'src-main/export': ['src-main/rpc', 'src-main/contract'],
  'src-main/demo': ['src-main/rpc', 'src-main/contract'],
  'src-main/sync': ['src-main/prefect', 'src-main/rpc', 'src-main/contract'],
  'src-main/query': ['src-main/store', 'src-main/rpc', 'src-main/contract'],
  'src-main/local-api': ['src-main/query', 'src-main/store', 'src-main/rpc', 'src-main/contract'],
  'src-main/core': [
    ...['sync', 'local-api', 'prefect', 'query', 'store', 'export', 'demo', 'rpc', 'contract'].map(
      (name) => `src-main/${name}`,
    ),
  ],
  'src-main/shell': ['src-main/core', 'src-main/rpc', 'src-main/contract'],
  'src-renderer': ['src-main/rpc', 'src-main/contract'],
};
/** Package → the folder that does that work; `ws` serves the browser shell and the demo server. */
const homes: Record<string, string | string[]> = {
  'better-sqlite3': 'src-main/store',
  undici: 'src-main/prefect',
  electron: 'src-main/shell',
  ws: ['src-main/shell', 'src-main/demo'],
  svelte: 'src-renderer',
};
/** Run in a page too, so nothing of Node's. */
const withoutNode = ['src-main/contract', 'src-main/rpc', 'src-renderer'];

type Import = { from: string; folder: string; specifier: string };

const folderOf = (path: string) =>
  path.startsWith('src-renderer/') ? 'src-renderer' : path.split('/').slice(0, 2).join('/');

function scripts(path: string): string[] {
  const text = textOf(path);
  if (!path.endsWith('.svelte')) return [text];
  return [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]);
}

/** AssemblyScript, whose compiler finds the files itself and takes no ending. */
const otherLanguage = /^src-main\/.*\/assembly\//;

const imports: Import[] = codeFiles()
  .filter((path) => !path.startsWith('test/') && !otherLanguage.test(path))
  .flatMap((from) =>
    scripts(from)
      .flatMap((text) => ts.preProcessFile(text, true, true).importedFiles)
      .map(({ fileName }) => ({ from, folder: folderOf(from), specifier: fileName })),
  );
const relativeImports = imports
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map((one) => ({ ...one, to: posix.join(dirname(one.from), one.specifier.split('?')[0]) }));
const packageImports = imports.filter(({ specifier }) => !specifier.startsWith('.'));

test('the source was read', () => {
  assert.ok(imports.length > 100, `only ${imports.length} imports found`);
  for (const folder of Object.keys(mayImport)) assert.ok(existsSync(join(root, folder)), folder);
});

test('imports point one way', () => {
  const wrong = relativeImports
    .filter(({ folder, to }) => {
      const target = folderOf(to);
      return target !== folder && !(mayImport[folder] ?? []).includes(target);
    })
    .map(({ from, to }) => `${from} → ${to}`);
  assert.deepEqual(wrong, []);
});

test('every import names a file that is there, with its ending', () => {
  const missing = relativeImports
    .filter(({ to }) => !existsSync(join(root, to)) || !/\.(ts|mjs|svelte|css|json)$/.test(to))
    .map(({ from, specifier }) => `${from}: ${specifier}`);
  assert.deepEqual(missing, []);
});

test('each package does its work in one folder', () => {
  const wrong = packageImports
    .filter(({ folder, specifier }) => {
      const name = specifier.startsWith('@') ? specifier : specifier.split('/')[0];
      return Object.hasOwn(homes, name) && ![homes[name]].flat().includes(folder);
    })
    .map(({ from, specifier }) => `${from} imports ${specifier}`);
  assert.deepEqual(wrong, []);
});

test('what runs in the page imports nothing of Node', () => {
  const wrong = packageImports
    .filter(({ folder, specifier }) => withoutNode.includes(folder) && specifier.startsWith('node:'))
    .map(({ from, specifier }) => `${from} imports ${specifier}`);
  assert.deepEqual(wrong, []);
});

test(`no file passes ${MAX_LINES} lines`, () => {
  const long = codeFiles()
    .map((path) => ({ path, lines: textOf(path).trimEnd().split('\n').length }))
    .filter(({ path, lines }) => lines > MAX_LINES && !Object.hasOwn(longFiles, path))
    .map(({ path, lines }) => `${path}: ${lines}, split it by reason`);
  assert.deepEqual(long, []);
});

test('no committed file names a package registry or a download address of one', () => {
  // in pieces, so that this file passes its own test
  const hosts = [
    'registry.npmjs' + '.org',
    'registry.yarnpkg' + '.com',
    'npm.pkg.github' + '.com',
    'pythonhosted' + '.org',
  ];
  const mine = process.env.npm_config_registry;
  if (mine && URL.canParse(mine)) hosts.push(new URL(mine).host);
  const wrong = ownFiles()
    .filter((path) => !/\.(png|woff2|ico|icns)$/.test(path))
    .flatMap((path) => {
      const text = textOf(path);
      return hosts.filter((host) => text.includes(host)).map((host) => `${path}: ${host}`);
    });
  assert.deepEqual(wrong, []);
  assert.doesNotMatch(textOf('package-lock.json'), /"resolved": *"http/);
});
