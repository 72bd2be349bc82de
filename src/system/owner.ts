import { readFileSync, readlinkSync } from 'node:fs';

/**
 * The process that created a file beside the ledger. Its identity is part of the file's name, so other processes can check
 * whether it still runs. Only Linux provides the last two parts; elsewhere they are `0`.
 */
export interface Owner {
  pid: number;
  /**
   * The start time, which distinguishes a process from a later one with the same pid. Linux: clock ticks since boot, readable
   * by any process. Elsewhere: ms since 1970, known only to the process itself (version 0.1.0 wrote `0`).
   */
  start: string;
  /** The first characters of the kernel's boot id. */
  boot: string;
  /** Inode of the pid namespace: the same pid in another container is another process. */
  namespace: string;
}

/** Checking for /proc is not enough: Wine shows Linux's /proc to Windows programs, whose pids differ. */
const HAS_PROC = process.platform === 'linux';

let own: Owner | undefined;

export function thisOwner(): Owner {
  own ??= {
    pid: process.pid,
    start: (HAS_PROC ? startOf('self') : String(Math.floor(performance.timeOrigin))) ?? '0',
    boot: bootId(),
    namespace: pidNamespace(),
  };
  return own;
}

export function ownerText(owner: Owner): string {
  return `${owner.pid}-${owner.start}-${owner.boot}-${owner.namespace}`;
}

export function parseOwner(text: string): Owner | undefined {
  const match = /^(\d+)-(\d+)-([0-9a-f]+)-(\d+)$/.exec(text);
  if (!match) return undefined;
  return { pid: Number(match[1]), start: match[2]!, boot: match[3]!, namespace: match[4]! };
}

export function isThisProcess(owner: Owner): boolean {
  return ownerText(owner) === ownerText(thisOwner());
}

/**
 * `dead` and `alive` are certain. `unknown`: another container or machine, an earlier boot, or a system that does not reveal
 * the start time of other processes, where a running pid may by now be another process.
 */
export function liveness(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const self = thisOwner();
  if (owner.namespace !== self.namespace || (HAS_PROC && owner.boot !== self.boot)) return 'unknown';
  if (isThisProcess(owner)) return 'alive';
  if (HAS_PROC && owner.start !== '0') return startOf(String(owner.pid)) === owner.start ? 'alive' : 'dead';
  // Our pid with another start time: that process has ended, since its pid was reused for us.
  if (owner.pid === self.pid) return 'dead';
  try {
    process.kill(owner.pid, 0);
    return 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'unknown';
  }
}

/** undefined when there is no such process, or it is a zombie. */
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may contain anything, so count the fields after it: state is the 3rd, start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  if (!HAS_PROC) return '0';
  try {
    return (
      readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')
        .replace(/[^0-9a-f]/g, '')
        .slice(0, 12) || '0'
    );
  } catch {
    return '0';
  }
}

function pidNamespace(): string {
  if (!HAS_PROC) return '0';
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
