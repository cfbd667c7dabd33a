/** Reads a person's own certificate authorities from a PEM file. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { getCACertificates } from 'node:tls';
import { AppError } from '../contract/errors.ts';

/** Bytes; the bundle of a whole system has 300,000. */
const LARGEST = 8_000_000;

/**
 * Node's own authorities (with NODE_EXTRA_CA_CERTS) and those of the file, so that a server which later gets a public certificate stays
 * reachable. Throws BAD_INPUT that says what is wrong with the file. Reads the file synchronously, once for each client.
 */
export function authoritiesWith(path: string): string[] {
  const bad = (what: string, advice: string) =>
    new AppError('BAD_INPUT', `the CA file ${path} ${what}`, { field: 'ca_file', path, advice });
  if (!isAbsolute(path)) throw bad('is not a full path', 'Give the whole path, from the root of the disk.');
  let text: string;
  try {
    const found = statSync(path);
    // a FIFO or a device would hold up the thread that all servers are asked from, perhaps for good
    if (!found.isFile()) throw Object.assign(new Error(), { code: found.isDirectory() ? 'EISDIR' : 'no file' });
    if (found.size > LARGEST) throw Object.assign(new Error(), { code: `${found.size} bytes` });
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    const { code = 'unknown' } = thrown as NodeJS.ErrnoException;
    throw bad(`cannot be read (${code})`, 'Check that the file is there and that you may read it.');
  }
  const blocks = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [^-]+-----/g) ?? [];
  if (blocks.length === 0)
    throw bad('holds no certificate', 'It must be PEM text with “-----BEGIN CERTIFICATE-----” lines.');
  for (const block of blocks)
    try {
      new X509Certificate(block);
    } catch {
      throw bad('holds a certificate that cannot be read', 'Ask for the file again: it may be cut off or damaged.');
    }
  return [...getCACertificates('default'), ...blocks];
}
