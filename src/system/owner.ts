import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Who made a file beside the ledger, written into its name, so that others can tell at once whether that process is
 * still there. Linux knows all four parts; elsewhere only the pid is known and the rest is `0`.
 */
export interface Owner {
  pid: number;
  /** Clock ticks from boot to the start of the process: tells a pid from a later one with the same number. */
  start: string;
  /** The start of the kernel's boot id. */
  boot: string;
  /** Inode of the pid namespace: in another container the same pid is another process. */
  namespace: string;
}

let own: Owner | undefined;

export function thisOwner(): Owner {
  own ??= {
    pid: process.pid,
    start: startOf('self') ?? '0',
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
 * tell when a process started, where a living pid may be another process by now.
 */
export function liveness(owner: Owner): 'alive' | 'dead' | 'unknown' {
  const self = thisOwner();
  if (owner.boot !== self.boot || owner.namespace !== self.namespace) return 'unknown';
  if (isThisProcess(owner)) return 'alive';
  if (owner.start !== '0') return startOf(String(owner.pid)) === owner.start ? 'alive' : 'dead';
  try {
    process.kill(owner.pid, 0);
    return 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'unknown';
  }
}

/** undefined when there is no such process any more; a zombie is none. */
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
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}
