/**
 * Python tracebacks as people read them: what went wrong first, their own code next, library frames folded. Understands chained
 * exceptions, the `^^^^` marks of Python 3.11+, repeated lines, syntax errors and several-line messages; an exception
 * group keeps its outer exception, and the raw text is never thrown away.
 */
type Frame = {
  file: string;
  /** the last two parts of the path, enough to know one's own file */
  short: string;
  line: number;
  name: string | null;
  code: string | null;
  library: boolean;
};

/** Consecutive frames that are all the person's own, or all a library's. */
type FrameGroup = { library: boolean; frames: Frame[] };

export type Failure = {
  /** `ValueError` with its module when it has one; null when the text ends before it */
  type: string | null;
  message: string;
  groups: FrameGroup[];
  /** how this one led to the next in the list: `cause` is `raise … from`, `context` happened while handling */
  leadsTo: 'cause' | 'context' | null;
};

export type Traceback = {
  /** what stood before it, such as Prefect's "Encountered an exception during execution:" */
  before: string;
  /** in the order of the text: the one that ended the run is last */
  failures: Failure[];
};

const START = /^\s*(?:\+ Exception Group )?Traceback \(most recent call last\):\s*$/;
/** On a trimmed line; `s`: U+2028 within a path ends no line, or each place of `", line 1` would be tried up to the end. */
const FRAME = /^File "(.+)", line (\d+)(?:, in (.+))?$/s;
const CAUSE = 'The above exception was the direct cause of the following exception:';
const CONTEXT = 'During handling of the above exception, another exception occurred:';
const MARKS = /^[~^\s]+$/;
const REPEATED = /^\s*\[Previous line repeated \d+ more times?\]\s*$/;
const EXCEPTION = /^([A-Za-z_][\w.]*)(?::\s?(.*))?$/s;
const LIBRARY =
  /(?:^|[\\/])(?:site-packages|dist-packages|lib[\\/]python\d[\w.]*|Lib[\\/](?!site-packages)\w+\.py)(?:[\\/]|$)|^<frozen |^<string>$/;

/** null when there is no traceback in the text. */
export function parseTraceback(text: string): Traceback | null {
  // an exception group draws its members with bars; without them they read like the rest
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^(\s*)\| ?/, '$1'));
  const first = lines.findIndex((line) => START.test(line));
  if (first < 0) return null;
  const failures: Failure[] = [];
  let at = first;
  while (at < lines.length) {
    const read = readFailure(lines, at + 1);
    failures.push(read.failure);
    const next = findNext(lines, read.end);
    if (!next) break;
    read.failure.leadsTo = next.kind;
    at = next.start;
  }
  return { before: lines.slice(0, first).join('\n').trim(), failures };
}

function findNext(lines: string[], from: number): { start: number; kind: 'cause' | 'context' } | null {
  for (let at = from; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').trim();
    const kind = line === CAUSE ? 'cause' : line === CONTEXT ? 'context' : null;
    if (!kind) continue;
    for (let start = at + 1; start < lines.length; start += 1)
      if (START.test(lines[start] ?? '')) return { start, kind };
    return null;
  }
  return null;
}

function readFailure(lines: string[], from: number): { failure: Failure; end: number } {
  const frames: Frame[] = [];
  let at = from;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const bare = line.trim();
    const frame = FRAME.exec(bare);
    if (frame) frames.push(frameOf(frame[1] ?? '', Number(frame[2]), frame[3] ?? null));
    else if (REPEATED.test(line) || MARKS.test(line) || bare === '') continue;
    else if (frames.length > 0 && /^\s{3,}\S/.test(line)) {
      const last = frames.at(-1);
      if (last && last.code === null) last.code = bare;
    } else break;
  }
  const said: string[] = [];
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const bare = line.trim();
    // a member of a group, or the next in the chain
    if (bare === CAUSE || bare === CONTEXT || START.test(line) || /^\s*\+-+/.test(line)) break;
    said.push(said.length === 0 ? bare : line);
  }
  const match = EXCEPTION.exec(said.join('\n').trim());
  const failure: Failure = {
    type: match?.[1] ?? null,
    message: match ? (match[2] ?? '').trim() : said.join('\n').trim(),
    groups: grouped(frames),
    leadsTo: null,
  };
  return { failure, end: at };
}

function frameOf(file: string, line: number, name: string | null): Frame {
  const parts = file.split(/[\\/]/);
  return { file, short: parts.slice(-2).join('/'), line, name, code: null, library: LIBRARY.test(file) };
}

function grouped(frames: Frame[]): FrameGroup[] {
  const groups: FrameGroup[] = [];
  for (const frame of frames) {
    const last = groups.at(-1);
    if (last && last.library === frame.library) last.frames.push(frame);
    else groups.push({ library: frame.library, frames: [frame] });
  }
  return groups;
}

/** `ConnectionResetError: [Errno 104] Connection reset by peer`; the module of a built-in is left out. */
export function headline(failure: Failure): string {
  const type = failure.type?.replace(/^(?:builtins|__main__)\./, '') ?? '';
  if (!type) return failure.message || 'The traceback ends before the exception';
  return failure.message ? `${type}: ${failure.message}` : type;
}
