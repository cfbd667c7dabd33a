import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../../../src-renderer/theme.css';
import '../../../src-renderer/controls.css';
import { mount } from 'svelte';
import Harness from './Harness.svelte';
import LogHarness from './LogHarness.svelte';

const target = document.getElementById('app');
const part = new URLSearchParams(location.search).get('part');
if (target) mount(part === 'log' ? LogHarness : Harness, { target });
