import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';

/** How a run of the command ended. */
export interface CommandEnd {
  /** null: a signal ended it. */
  code: number | null;
  /** The text of its output. */
  written: string;
  /** The text of its error output. */
  said: string;
}

export interface CommandOptions {
  env?: Readonly<Record<string, string>>;
  /** Stops the command. */
  signal?: AbortSignal | undefined;
  /** Whether it runs at low priority, because no user waits for it. */
  inBackground?: boolean;
  /** Called with each line of its error output. */
  onLine?: (line: string) => void;
}

/**
 * Runs the command `llm-spend` in a separate process, because it reads every record, which would keep the window busy.
 * @param cli its path. Rejects if the process cannot start.
 */
export async function runOwnCommand(
  cli: string,
  args: readonly string[],
  { env, signal, inBackground = false, onLine }: CommandOptions,
): Promise<CommandEnd> {
  const child = spawn(process.execPath, [cli, ...args], {
    // The editor's own runtime, as Node.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill();
  signal?.addEventListener('abort', kill);
  try {
    if (inBackground && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // If the priority cannot be set, the process runs at normal priority.
  }
  let written = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
  createInterface(child.stderr).on('line', (line) => {
    said += `${line}\n`;
    onLine?.(line);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, written, said };
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

/**
 * Asks the command a question.
 * @param args to which `--json` is added.
 * @returns the JSON that it printed. Rejects with the sentence of its error.
 */
export async function askCommand(cli: string, args: readonly string[], options: CommandOptions): Promise<unknown> {
  const { code, written, said } = await runOwnCommand(cli, [...args, '--json'], options);
  options.signal?.throwIfAborted();
  // A damaged ledger has an exit code too, and the figures cover the rest.
  if (!written.startsWith('{')) throw new Error(said || `llm-spend ended with ${code}`);
  const answer = JSON.parse(written) as { error?: { message: string } };
  // The name of a flag says nothing to the reader of a page.
  if (answer.error !== undefined) throw new Error(answer.error.message.replace(/^--[\w-]+: /, ''));
  return answer;
}
