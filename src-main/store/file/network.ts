/** Is a folder on another machine's disk? SQLite's log (WAL) needs memory that all its readers share, which no network gives. */
import { statfsSync } from 'node:fs';

/** `f_type` of Linux's statfs(2). */
const types = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
]);

/** Name of the network file system with this `f_type`; null for a local one. */
export const networkName = (type: number): string | null => types.get(type >>> 0) ?? null;

/** Name of the network file system that holds the folder; null when it is local, unknown, or the system is not Linux. */
export function networkFileSystem(folder: string): string | null {
  if (process.platform !== 'linux') return null;
  try {
    return networkName(statfsSync(folder).type);
  } catch {
    return null;
  }
}
