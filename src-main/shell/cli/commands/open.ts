/** `taskscope open FILE`: the window on a case file. Where Electron can run, the launcher opens its window instead. */
import { UsageError } from '../../terminal.ts';
import { parse, type Command } from './options.ts';
import { serve } from './serve.ts';

const options = { 'data-dir': { type: 'string' }, port: { type: 'string' }, 'no-open': { type: 'boolean' } } as const;

export const open: Command = async (args) => {
  const { positionals } = parse({ args, options, allowPositionals: true });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsageError('open takes one case file');
  const rest = args.filter((one) => one !== file);
  return serve([...rest, '--case', file]);
};
