import { readFileSync, readlinkSync } from 'node:fs';

/**
 * The process that made a file beside the ledger, written into the file's name, so that others can tell at once whether
 * that process still runs. Only Linux knows the last two parts; elsewhere they are `0`.
 */
export interface Owner {
  pid: number;
  /**
   * When the process started: tells a pid from a later one with the same number. Linux: clock ticks since boot, which every
   * process can ask for. Elsewhere: ms since 1970, which only the process itself knows (version 0.1.0 wrote `0`).
   */
  start: string;
  /** The start of the kernel's boot id. */
  boot: string;
  /** Inode of the pid namespace: in another container the same pid is another process. */
  namespace: string;
}

/** Not just "is there a /proc": Wine shows Windows programs the one of Linux, whose pids are not those of Windows. */
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
 * `dead` and `alive` are certain. `unknown`: another container or machine, an earlier boot, or a system that does not
 * tell when another process started, where a living pid may be another process by now.
 */
export function liveness(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const self = thisOwner();
  if (owner.namespace !== self.namespace || (HAS_PROC && owner.boot !== self.boot)) return 'unknown';
  if (isThisProcess(owner)) return 'alive';
  if (HAS_PROC && owner.start !== '0') return startOf(String(owner.pid)) === owner.start ? 'alive' : 'dead';
  // Our pid with another start: that process is gone, or we would not have its pid.
  if (owner.pid === self.pid) return 'dead';
  try {
    process.kill(owner.pid, 0);
    return 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'unknown';
  }
}

/** undefined when there is no such process; a zombie counts as none. */
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, so count the fields from its end: state is the 3rd, start the 22nd.
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
