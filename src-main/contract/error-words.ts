/**
 * What went wrong, in words a person can act on. The window and the command line say the same; a code without words
 * does not compile. Words name the facts of `details` and never a secret.
 */
import type { ErrorCode, ErrorDetails } from './errors.ts';

export type Words = {
  /** what happened, one sentence without a full stop */
  title: string;
  /** what to do about it, one or two sentences */
  advice: string;
};

type Told = { code: ErrorCode; details: ErrorDetails; message?: string };
type Facts = {
  /** a fact as text, or what to say without it */
  say: (key: string, otherwise: string) => string;
  has: (key: string) => boolean;
  message: string;
};

/** Why a connection failed, by the system's name for it. */
const reasons: Record<string, string> = {
  ECONNREFUSED: 'Nothing listens there. ',
  ECONNRESET: 'The connection was cut. ',
  ENOTFOUND: 'That name is not known. ',
  EAI_AGAIN: 'The name could not be looked up. ',
  unknown: '',
  ENETUNREACH: 'There is no network to it. ',
  PROXY_AUTHENTICATION: 'A proxy on the way asks for a sign-in. ',
  PROXY_REFUSED: 'A proxy on the way refuses it. ',
  UND_ERR_PRX_CONN: 'The proxy cut the connection. ',
  UND_ERR_PRX_TLS: 'The certificate of the proxy is not trusted. ',
  EHOSTUNREACH: 'There is no way to that machine. ',
};

/** A wait, as people say it; a server may name any number. */
function seconds(wait: number): string {
  return wait <= 86_400 ? `${Math.ceil(wait)} s` : 'more than a day';
}

/** Why a path cannot be written, by the system's name for it. */
const unwritable: Record<string, (path: string) => Words> = {
  EISDIR: (path) => ({
    title: `${path} is a folder`,
    advice: 'A file of that name is needed there. Move the folder away, or choose another place.',
  }),
  ENAMETOOLONG: (path) => ({
    title: `The path ${path} is longer than the system allows`,
    advice: 'Choose a shorter name, or a folder nearer to the top.',
  }),
  ENOENT: (path) => ({ title: `The folder of ${path} does not exist`, advice: 'Make it, or choose another place.' }),
  ENOTDIR: fileInTheWay,
  EEXIST: fileInTheWay,
};

function fileInTheWay(path: string): Words {
  return {
    title: `A part of ${path} is a file, not a folder`,
    advice: 'Choose another place, or move that file away.',
  };
}

/** What is full, by `limit`. */
const full: Record<string, string> & { disk: string } = {
  disk: 'The disk is full',
  quota: 'Your share of the disk is used up',
  file: 'The archive’s file has reached the largest size allowed',
};

const words: Record<ErrorCode, (facts: Facts) => Words> = {
  BAD_INPUT: ({ say, message }) => ({
    title: message ? capital(firstLine(message)) : 'That input was not understood',
    advice: say('advice', 'Correct it and try again. Nothing was changed.'),
  }),
  CANCELLED: () => ({ title: 'Cancelled', advice: 'What was done before stays; it goes on from there the next time.' }),
  DISCONNECTED: () => ({
    title: 'The connection to Taskscope was lost',
    advice: 'It is tried again by itself. If this stays, Taskscope has ended: start it again.',
  }),
  NOT_FOUND: ({ say, has, message }) => ({
    title: has('workspace')
      ? `There is no workspace named “${say('workspace', '')}”`
      : message
        ? capital(firstLine(message))
        : 'It is not in the archive',
    advice: has('workspace')
      ? 'See the names with “taskscope workspace list”, or add one with “taskscope workspace add”.'
      : say('advice', 'It may have been removed meanwhile. Refresh and try again.'),
  }),
  INTERNAL: ({ message }) => ({
    title: 'Something failed inside Taskscope',
    advice: `Your archive is unharmed. Please report this${message ? `: ${firstLine(message)}` : '.'}`,
  }),

  THREAD_DIED: ({ say, has }) => ({
    title: has('again')
      ? `A part of Taskscope has died twice within a minute, so ${say('workspace', 'the workspace')} stays closed`
      : 'A part of Taskscope has died',
    advice: has('again')
      ? 'Nothing that was kept is lost. Open the workspace again; if this stays, “taskscope doctor” checks the archive.'
      : 'It was started again by itself, and nothing that was kept is lost.',
  }),

  SERVER_UNREACHABLE: ({ say, has }) => ({
    title: `${say('host', say('url', 'The Prefect server'))} cannot be reached`,
    advice: `${has('reason') ? (reasons[say('reason', '')] ?? `${say('reason', '')}. `) : ''}${
      has('proxy') ? `It was asked through the proxy ${say('proxy', '')}, which the environment names. ` : ''
    }Check the address, that the server runs, and your network or VPN.`,
  }),
  SERVER_TIMEOUT: ({ say }) => ({
    title: `${say('host', say('url', 'The Prefect server'))} did not answer in time`,
    advice: 'It may be overloaded or behind a slow network. Sync again later; it goes on where it stopped.',
  }),
  SERVER_TLS: ({ say, has }) =>
    has('http')
      ? {
          title: `${say('host', say('url', 'This server'))} speaks http, not https`,
          advice: `Write the address as ${say('http', 'http://…')}. What is sent over http, a sign-in included, can be read on the way.`,
        }
      : has('https')
        ? {
            title: `${say('host', 'This server')} speaks https, not http`,
            advice: `Write the address as ${say('https', 'https://…')}.`,
          }
        : {
            title: `The certificate of ${say('host', say('url', 'the server'))} is not trusted`,
            advice:
              'If it is your own server, name the file of its certificate authority in the workspace’s connection, or accept there a certificate that cannot be verified. If not, somebody may be listening in: do not go on.',
          },
  SERVER_UNAUTHORIZED: ({ say }) => ({
    title: `${say('host', say('url', 'The Prefect server'))} refused the sign-in (401)`,
    advice:
      'The API key or the auth string is missing, wrong or expired. Make a new one in Prefect and edit the workspace’s connection.',
  }),
  SERVER_FORBIDDEN: ({ say }) => ({
    title: `${say('host', say('url', 'The Prefect server'))} does not allow this account to read task runs (403)`,
    advice: 'Ask for read access to this workspace, or use another key.',
  }),
  SERVER_NOT_PREFECT: ({ say }) => ({
    title: `There is no Prefect API at ${say('url', 'this address')}`,
    advice:
      'The address of the API usually ends in /api, for example http://127.0.0.1:4200/api. Copy it from “prefect config view”.',
  }),
  SERVER_REJECTED: ({ say, has }) => ({
    title: `The Prefect server rejected a request${has('status') ? ` (${say('status', '')})` : ''}`,
    advice: 'It may be a version that Taskscope does not know. Run “taskscope doctor” and report what it prints.',
  }),
  SERVER_BUSY: ({ say, has }) => ({
    title: 'The Prefect server asks for fewer requests (429)',
    advice: has('retryAfter')
      ? `It asks to wait ${seconds(Number(say('retryAfter', '')))}. After that, sync goes on where it stopped.`
      : 'Wait a little and sync again; it goes on where it stopped.',
  }),
  SERVER_FAILED: ({ say, has }) => ({
    title: `The Prefect server failed${has('status') ? ` (${say('status', '')})` : ''}`,
    advice: 'The fault is on the server: look at its logs. Sync again later; it goes on where it stopped.',
  }),
  SERVER_BAD_REPLY: ({ say }) => {
    const server = say('host', say('url', 'The server'));
    if (say('reason', '') === 'TOO_LARGE')
      return {
        title: `${server} sent an answer that is larger than Taskscope takes`,
        advice:
          'Nothing of it was stored. Very long parameters or messages of one run may be the reason; the log names the request.',
      };
    return {
      title: `${server} sent an answer that is cut off or not JSON`,
      advice: 'A proxy or a sign-in page may stand between. Nothing of it was stored; sync again to go on.',
    };
  },
  SECRET_MISSING: ({ say, has }) =>
    has('variable')
      ? {
          title: `The environment variable ${say('variable', '')} is not set`,
          advice: 'This workspace reads its key from it. Set it and start Taskscope again.',
        }
      : {
          title: `No ${say('what', 'key')} is kept for ${has('workspace') ? `“${say('workspace', '')}”` : 'this workspace'}`,
          advice: `Edit the workspace’s connection and enter the ${say('what', 'API key or auth string')} again.`,
        },

  ANOTHER_SERVER: ({ say }) => ({
    title: `${say('host', 'That')} is another server: it knows nothing of what is kept for “${say('workspace', 'this workspace')}”`,
    advice: say(
      'advice',
      'Add it as a workspace of its own. In one archive, the runs it does not have would be marked as gone. Nothing was changed.',
    ),
  }),

  DISK_FULL: ({ say, has }) =>
    has('needed')
      ? {
          title: `There is no room for all of ${say('path', 'the file')}`,
          advice: `It would take about ${megabytes(say('needed', '0'))} more, and ${megabytes(say('free', '0'))} are free. Make room on that disk, choose another place, or export fewer rows or columns. Nothing was left there.`,
        }
      : {
          title: full[say('limit', 'disk')] ?? full['disk'],
          advice:
            say('limit', '') === 'file'
              ? 'Let old runs go in the workspace’s settings, move the data folder, or lift the limit (ulimit -f; FAT disks have one of 4 GB). Nothing already stored was lost.'
              : has('reading')
                ? `Taskscope only reads what it has until there is room, so browsing works. Delete or move files on the disk of ${say('path', 'the data folder')}, exports and downloads first, then start Taskscope again.`
                : `Make room for ${say('path', 'the data folder')} and try again: delete or move other files on that disk, or let old runs go in the workspace’s settings. Nothing already stored was lost.`,
        },
  FOLDER_READ_ONLY: ({ say, has }) => ({
    title: `${say('path', 'The data folder')} cannot be ${has('reading') ? 'read' : 'written'}`,
    advice: has('reading')
      ? 'Give yourself the right to read it, or choose another folder with --data-dir or TASKSCOPE_DATA_DIR.'
      : 'Give yourself the right to write there, or choose another folder with --data-dir or TASKSCOPE_DATA_DIR.',
  }),
  FOLDER_IN_USE: ({ say, has }) => ({
    title: `Another Taskscope${has('pid') ? ` (process ${say('pid', '')})` : ''} has this data folder open`,
    advice:
      'Browsing works here. To sync or change something, use the other one, close it, or start this one with another --data-dir.',
  }),
  ARCHIVE_NEWER: ({ say }) => ({
    title: 'This archive was written by a newer Taskscope',
    advice: `Update Taskscope to open ${say('path', 'it')}. The file was not touched.`,
  }),
  ARCHIVE_DAMAGED: ({ say, has }) => ({
    title: has('remembered')
      ? `The archive is missing or empty, though it held ${say('remembered', '')} task runs`
      : 'The archive was damaged',
    advice: say(
      'advice',
      has('remembered')
        ? `Put ${say('path', 'the file')} back from a backup while Taskscope is closed, or sync to fetch what the server still has. ${say('index', 'Its index')} remembers what it held; delete that file when it is no longer of use.`
        : has('set_aside')
          ? `It was set aside as ${say('set_aside', '')}, and ${say('salvaged', 'the readable')} rows were saved into a new one. Sync to fetch what is missing; delete that file when it is no longer of use.`
          : `Run “taskscope doctor” for details of ${say('path', 'the file')}. It was not changed.`,
    ),
  }),
  ARCHIVE_REMOVED: ({ say }) => ({
    title: `${say('path', 'The archive')} was deleted or moved while it was open`,
    advice:
      'The workspace was closed. Put the file back and open the workspace again; without it, a new archive is made and syncing fetches what the server still has.',
  }),
  FILE_NOT_WRITABLE: ({ say }) =>
    unwritable[say('reason', '')]?.(say('path', 'the file')) ?? {
      title: `${say('path', 'The file')} cannot be written`,
      advice: 'Check that the folder exists and that you may write there, or choose another place.',
    },
  FILE_EXISTS: ({ say }) => ({
    title: `${say('path', 'The file')} is there already`,
    advice: say('advice', 'Nothing was changed. Choose another name, or have it overwritten.'),
  }),
  TOO_MANY_ROWS: ({ say }) => ({
    title: `These are ${grouped(say('rows', ''))} rows, and a sheet holds ${grouped(say('most', ''))}`,
    advice: 'Filter further, or export CSV or Parquet, which hold any number.',
  }),
  CASE_REFUSED: ({ say }) => ({
    title: 'This case file cannot be opened',
    advice: `Nothing of it was used: ${say('why', 'it is not what it should be')}. Ask for the file again; it may have been cut off on its way.`,
  }),
  CASE_NEWER: () => ({
    title: 'This case file was made by a newer Taskscope',
    advice: 'Update Taskscope to open it. Nothing of it was used.',
  }),
  CASE_READ_ONLY: () => ({
    title: 'A case file is only read',
    advice: 'It has no server: what is in it is what there is. To ask the server, add it as a workspace.',
  }),
  FILE_SET_ASIDE: ({ say, has }) => ({
    title: `${say('path', 'A settings file')} could not be understood`,
    advice: `${has('set_aside') ? `It was set aside as ${say('set_aside', '')}` : 'It was left as it is'} (${say('content', 'its content is unknown')}), and Taskscope started without it. To have it back, end Taskscope, correct that file or take one from a backup, and put it at the first path.`,
  }),
  FOLDER_ON_NETWORK: ({ say }) => ({
    title: `The data folder is on a network file system (${say('kind', 'unknown')})`,
    advice: `Taskscope writes the archive there without SQLite’s log (WAL), which is slower. Let no second machine open it at the same time, or choose a folder on a disk of this machine instead of ${say('path', 'it')} with --data-dir.`,
  }),
};

/** Never throws. `message` is used only where the code alone says too little. */
export function errorWords(error: Told): Words {
  const { details } = error;
  return words[error.code]({
    say: (key, otherwise) => String(details[key] ?? otherwise),
    has: (key) => details[key] !== undefined,
    message: error.message ?? '',
  });
}

const grouped = (count: string): string => Number(count).toLocaleString('en-US');
const megabytes = (bytes: string): string => `${Math.ceil(Number(bytes) / 1e6)} MB`;

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? '';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
