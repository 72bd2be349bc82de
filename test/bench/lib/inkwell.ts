import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inkwellPython } from '../../process/ledger/inkwellInstall.ts';
import { hasPython } from '../../process/ledger/python.ts';

/** The real inkwell, or if pip cannot install it, our fixture with the same protocol. */

const REAL = `
import sys, time
from pathlib import Path
from inkwell.utils.costs import CostTracker
tracker = CostTracker(Path(sys.argv[1]))
for _ in sys.stdin:
    start = time.perf_counter()
    tracker.add_cost("gemini", "gemini-2.5-flash", "transcription", 10000, 2000)
    print((time.perf_counter() - start) * 1000, flush=True)
`;

const FIXTURE = fileURLToPath(new URL('../../process/ledger/inkwell_writer.py', import.meta.url));

export interface InkwellActor {
  name: string;
  /** ms for one record in a process that has already loaded the ledger. */
  track(): Promise<number>;
  end(): Promise<void>;
}

export async function inkwellActor(ledger: string): Promise<InkwellActor | undefined> {
  if (!hasPython) return undefined;
  if (!inkwellPython) {
    const once = (count: number): Promise<number> => timeOf('python3', [FIXTURE, ledger, String(count)]);
    return {
      name: "inkwell's protocol (our fixture)",
      // Two records in a process minus one: excludes the start of Python and the first read.
      track: async () => (await once(2)) - (await once(1)),
      end: async () => undefined,
    };
  }
  const child = spawn(inkwellPython, ['-c', REAL, ledger], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name: 'inkwell',
    track: async () => {
      child.stdin.write('\n');
      const { value } = await lines.next();
      return Number(value);
    },
    end: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.stdin.end();
      }),
  };
}

function timeOf(command: string, args: string[]): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', () => resolve(performance.now() - start));
  });
}
