import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { joinUnreachableTeam } from '../../fixtures/unreachableTeam.ts';

/** Runs the built command in real processes, each test with a separate home folder and ledger. */

export const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

const COMPILED = process.env['XDG_CACHE_HOME'] ?? '';

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Sandbox {
  readonly folder: string;
  /** Variables not set here are not inherited, so that no test sees the developer's ledgers. */
  readonly env: Record<string, string>;

  private constructor(folder: string) {
    this.folder = folder;
    const home = path.join(folder, 'home');
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      USERPROFILE: home,
      LOCALAPPDATA: path.join(home, 'AppData', 'Local'),
      XDG_CONFIG_HOME: path.join(home, '.config'),
      TZ: 'UTC',
      // Shared between tests, because compiled code is the same for all.
      XDG_CACHE_HOME: COMPILED,
    };
    if (process.env['SystemRoot'] !== undefined) this.env['SystemRoot'] = process.env['SystemRoot'];
  }

  static async create(): Promise<Sandbox> {
    if (!existsSync(cli)) throw new Error('dist/cli.js is missing: npm run build');
    const sandbox = new Sandbox(await mkdtemp(path.join(tmpdir(), 'llm-spend-cli-')));
    await mkdir(sandbox.env['HOME'] ?? '', { recursive: true });
    joinUnreachableTeam(sandbox.env['XDG_CONFIG_HOME']!);
    return sandbox;
  }

  /** The path of inkwell's ledger in this home folder. */
  get inkwell(): string {
    const config = process.platform === 'win32' ? this.env['LOCALAPPDATA'] : this.env['XDG_CONFIG_HOME'];
    return path.join(config ?? '', 'inkwell', 'costs.json');
  }

  get ledger(): string {
    return path.join(this.folder, 'costs.json');
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs the command to its end. */
  run(
    args: readonly string[],
    options: { input?: string | Uint8Array; env?: Record<string, string> } = {},
  ): Promise<Result> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [cli, ...args],
        { cwd: this.folder, env: { ...this.env, ...options.env }, maxBuffer: 1 << 28 },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      );
      // The command may end without reading everything.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input ?? '');
    });
  }

  /** Runs the command with `--ledger` of the sandbox. */
  on(ledger: string, args: readonly string[], options: Parameters<Sandbox['run']>[1] = {}): Promise<Result> {
    return this.run([...args, '--ledger', ledger], options);
  }

  /** Records one usage in the sandbox's ledger, and returns the stored record. */
  async record(fields: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const all = { provider: 'openai', model: 'gpt-5', operation: 'chat', ...fields };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    const { code, stdout, stderr } = await this.on(this.ledger, ['record', ...args, '--json']);
    if (code !== 0) throw new Error(stderr);
    return (JSON.parse(stdout) as { record: Record<string, unknown> }).record;
  }

  async stored(file = this.ledger): Promise<Record<string, unknown>[]> {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>[];
  }

  /** Runs the command in a terminal of `script`, which Linux has, and types `keys` after the question. */
  async atTerminal(args: readonly string[], keys: string): Promise<{ code: number; text: string }> {
    const words = [process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], { env: this.env });
    let text = '';
    let left = keys;
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (left !== '' && text.includes('[y/N]')) {
        child.stdin.write(left);
        left = '';
      }
    });
    const [code] = (await once(child, 'close')) as [number];
    return { code, text };
  }

  start(args: readonly string[]): Running {
    return new Running(spawn(process.execPath, [cli, ...args], { cwd: this.folder, env: this.env }));
  }
}

/** A running command. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stderr = '';
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on('data', (text: Buffer) => (this.stderr += text.toString()));
    child.stdin.on('error', () => undefined);
  }

  /** The next line of stdout; undefined at its end. */
  async line(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }

  async json(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.line()) ?? 'null') as Record<string, unknown>;
  }
}

export function json(result: Result): Record<string, unknown> {
  return JSON.parse(result.stdout) as Record<string, unknown>;
}

/** One line of NDJSON. */
export function usage(fields: Record<string, unknown> = {}): string {
  return `${JSON.stringify({ provider: 'openai', model: 'gpt-5', operation: 'chat', ...fields })}\n`;
}
