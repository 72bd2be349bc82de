import { execFile } from 'node:child_process';

const MAX_OUTPUT = 50_000_000;

/**
 * Runs the command `llm-spend` in a process of its kind, because it reads every record, which would keep the window busy.
 * @param cli its path. @param args to which `--json` is added.
 * @returns the JSON that it printed. Rejects with the sentence of its error.
 */
export async function askCommand(
  cli: string,
  args: readonly string[],
  { env, signal }: { env?: Record<string, string>; signal: AbortSignal },
): Promise<unknown> {
  const written = await new Promise<string>((resolve, reject) => {
    const options = { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...env }, signal, maxBuffer: MAX_OUTPUT };
    execFile(process.execPath, [cli, ...args, '--json'], options, (error, stdout, stderr) => {
      // A damaged ledger is an exit code of its kind, and the figures cover the rest.
      if (stdout.startsWith('{')) resolve(stdout);
      else reject(error ?? new Error(stderr));
    });
  });
  const answer = JSON.parse(written) as { error?: { message: string } };
  // The name of a flag says nothing to the reader of a page.
  if (answer.error !== undefined) throw new Error(answer.error.message.replace(/^--[\w-]+: /, ''));
  return answer;
}
