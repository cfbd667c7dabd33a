/** A page of the window's parts on made-up data: `vite test/harness/window`. Not shipped. */
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte({ configFile: resolve(import.meta.dirname, '../../../svelte.config.js') })],
  cacheDir: resolve(import.meta.dirname, '../../../node_modules/.vite-harness'),
  server: { host: '127.0.0.1', fs: { allow: [resolve(import.meta.dirname, '../../..')] } },
});
