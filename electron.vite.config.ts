import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';

const at = (path: string) => resolve(import.meta.dirname, path);
const shell = (name: string) => at(`src-main/shell/${name}.ts`);
const worker = (name: string) => at(`src-main/core/workers/${name}.ts`);

const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string };

export default defineConfig({
  main: {
    define: { __TASKSCOPE_VERSION__: JSON.stringify(version) },
    build: {
      outDir: 'out/main',
      rolldownOptions: {
        input: {
          electron: shell('electron/main'),
          cli: shell('cli/main'),
          writer: worker('writer'),
          query: worker('query'),
          sync: worker('sync'),
          demo: worker('demo'),
        },
        // Shared chunks lie flat beside the entries: in a sub-folder `new URL('./writer.js', import.meta.url)` would point past the worker.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: shell('electron/preload') },
        // A sandboxed preload is CommonJS and one file; with "type": "module" only the name .cjs says so.
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  },
  renderer: {
    root: at('src-renderer'),
    plugins: [svelte({ configFile: at('svelte.config.js') })],
    build: { outDir: at('out/renderer'), minify: true, rolldownOptions: { input: at('src-renderer/index.html') } },
  },
});
