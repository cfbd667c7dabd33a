/** The map of CONTRIBUTING.md, held: which folder may import which, that no files import in a circle, and which package lives where. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { codeFiles, ownFiles, root, textOf } from '../fixtures/source-files.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

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
/** Room → rooms of the same folder that it must not import. */
const mustNotImport: Record<string, string[]> = {
  'src-main/shell/electron': ['src-main/shell/browser', 'src-main/shell/cli'],
  'src-main/shell/browser': ['src-main/shell/electron', 'src-main/shell/cli'],
  'src-main/shell/cli': ['src-main/shell/electron'],
  'src-renderer/state': ['src-renderer/views'],
  'src-renderer/ui': ['src-renderer/state', 'src-renderer/views'],
};
/** Package → the folder that does that work; `ws` serves the browser shell and the demo server. */
const homes: Record<string, string | string[]> = {
  'better-sqlite3': 'src-main/store',
  undici: 'src-main/prefect',
  electron: 'src-main/shell/electron',
  ws: ['src-main/shell/browser', 'src-main/demo'],
  svelte: 'src-renderer',
};
/** Run in a page too, so nothing of Node's. */
const withoutNode = ['src-main/contract', 'src-main/rpc', 'src-renderer'];

/**
 * One shortest circle for each group of files that reach each other (Tarjan's strongly connected components), as
 * `first → second → first`. Sorted.
 */
function circles(edges: readonly { from: string; to: string }[]): string[] {
  const targets = new Map<string, Set<string>>();
  // a recursive Svelte component imports itself: that is no circle of files
  for (const { from, to } of edges) if (from !== to) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  const groupOf = groups(targets);
  const found = [...new Set(groupOf.values())].flatMap((group) => {
    const start = [...group].sort()[0];
    const circle = shortestWayBack(start, (file) => [...(targets.get(file) ?? [])].filter((to) => group.has(to)));
    return circle ? [circle.join(' → ')] : [];
  });
  return found.sort();
}

function groups(targets: Map<string, Set<string>>): Map<string, Set<string>> {
  const groupOf = new Map<string, Set<string>>();
  const numbers = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const number = numbers.size;
    numbers.set(file, number);
    stack.push(file);
    let lowest = number;
    for (const to of targets.get(file) ?? [])
      if (!groupOf.has(to)) lowest = Math.min(lowest, numbers.get(to) ?? visit(to));
    if (lowest === number) {
      const group = new Set(stack.splice(stack.indexOf(file)));
      for (const member of group) groupOf.set(member, group);
    }
    return lowest;
  };
  for (const file of targets.keys()) if (!numbers.has(file)) visit(file);
  return groupOf;
}

/** null: no way leads back. */
function shortestWayBack(start: string, next: (file: string) => string[]): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const file of queue)
    for (const to of next(file)) {
      if (to === start) {
        const way = [file];
        while (way[0] !== start) way.unshift(cameFrom.get(way[0]) ?? start);
        return [...way, start];
      }
      if (cameFrom.has(to)) continue;
      cameFrom.set(to, file);
      queue.push(to);
    }
  return null;
}

type Import = { from: string; folder: string; specifier: string };

const folderOf = (path: string) =>
  path.startsWith('src-renderer/') ? 'src-renderer' : path.split('/').slice(0, 2).join('/');

function scripts(path: string): string[] {
  const text = textOf(path);
  if (!path.endsWith('.svelte')) return [text];
  return [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]);
}

/** Files that run as a worker of the window, which no import names. */
const workersOf = (text: string): string[] =>
  [...text.matchAll(/new Worker\(\s*new URL\('([^']+)', import\.meta\.url\)/g)].map(([, file]) => file);

/** AssemblyScript, whose compiler finds the files itself and takes no ending. */
const otherLanguage = /^src-main\/.*\/assembly\//;

const imports: Import[] = codeFiles()
  .filter((path) => !path.startsWith('test/') && !otherLanguage.test(path))
  .flatMap((from) =>
    scripts(from)
      .flatMap((text) => [
        ...ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName),
        ...workersOf(text),
      ])
      .map((specifier) => ({ from, folder: folderOf(from), specifier })),
  );
const relativeImports = imports
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map((one) => ({ ...one, to: posix.join(dirname(one.from), one.specifier.split('?')[0]) }));
const packageImports = imports.filter(({ specifier }) => !specifier.startsWith('.'));

test('the source was read', () => {
  assert.ok(imports.length > 100, `only ${imports.length} imports found`);
  for (const folder of Object.keys(mayImport)) assert.ok(existsSync(join(root, folder)), folder);
  assert.ok(
    imports.some(({ specifier }) => specifier.endsWith('.worker.ts')),
    'no worker found',
  );
});

test('a link to the packages of another clone is no file of this one', (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'a.ts'), '');
  // as a junction, which Windows lets everybody make
  symlinkSync(root, join(folder, 'node_modules'), 'junction');
  assert.deepEqual(ownFiles(folder), ['a.ts']);
  execFileSync('git', ['init', '-q'], { cwd: folder });
  assert.deepEqual(ownFiles(folder), ['a.ts']);
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

test('rooms of a folder: ui knows neither state nor views, state knows no views, and the shells do not know each other', () => {
  for (const folder of Object.keys(mustNotImport)) assert.ok(existsSync(join(root, folder)), folder);
  const isIn = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
  const wrong = relativeImports
    .filter(({ from, to }) =>
      Object.entries(mustNotImport).some(
        ([folder, forbidden]) => isIn(folder)(from) && forbidden.some((one) => isIn(one)(to)),
      ),
    )
    .map(({ from, to }) => `${from} → ${to}`);
  assert.deepEqual(wrong, []);
});

test('no file imports in a circle, types included', () => {
  assert.deepEqual(circles(relativeImports), []);
});

test('a circle is found and told from its first file', () => {
  const edges = ['a b', 'b c', 'c b', 'c d', 'd d', 'e f', 'f g', 'g e', 'e a'];
  const found = circles(edges.map((edge) => ({ from: edge[0], to: edge[2] })));
  assert.deepEqual(found, ['b → c → b', 'e → f → g → e']);
});

test('every import names a file that is there, with its ending', () => {
  const missing = relativeImports
    .filter(({ to }) => !existsSync(join(root, to)) || !/\.(ts|mjs|svelte|css|json)$/.test(to))
    .map(({ from, specifier }) => `${from}: ${specifier}`);
  assert.deepEqual(missing, []);
});

test('each package does its work in one folder', () => {
  const wrong = packageImports
    .filter(({ from, specifier }) => {
      const name = specifier.startsWith('@') ? specifier : specifier.split('/')[0];
      return Object.hasOwn(homes, name) && ![homes[name]].flat().some((home) => from.startsWith(`${home}/`));
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
