/**
 * `npm start`: from a fresh clone to an editor with the extension on a sample ledger.
 *
 *     npm start                    the desktop VS Code if `code` is on the PATH, else VS Code in the browser
 *     npm start -- --browser       VS Code in the browser in any case
 *     npm start -- --port 8123     at this port (default: any free one)
 *     npm start -- --team          as a member of a sample team of five, in a throw-away PostgreSQL; in the browser
 *     npm start -- --no-open       does not open the browser
 *
 * Everything it makes is below `.cache/start`: your own settings, extensions and ledger are neither read nor changed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startSampleTeam } from './sampleTeam.mjs';
import { findProgram, NO_TYPE_WARNING, onOrphaned, root, run, usePinnedNode } from './lib.mjs';

const { values: flags } = parseArgs({
  options: {
    team: { type: 'boolean', default: false },
    browser: { type: 'boolean', default: false },
    port: { type: 'string' },
    'no-open': { type: 'boolean', default: false },
  },
});

await usePinnedNode();

const { formatLedger, sampleLedger } = await import('../test/fixtures/sampleLedger.ts');

console.log('Building the extension');
await run(process.execPath, [NO_TYPE_WARNING, 'scripts/build.mjs']);

const folder = path.join(root, '.cache/start');
const workspace = path.join(folder, 'sample-workspace');
const ledger = path.join(folder, 'sample-ledger', 'costs.json');
await rm(path.dirname(ledger), { recursive: true, force: true });
await mkdir(path.dirname(ledger), { recursive: true });
await mkdir(workspace, { recursive: true });
const records = sampleLedger({ now: new Date() });
await writeFile(ledger, formatLedger(records));
await writeFile(path.join(workspace, 'README.md'), welcome());
console.log(`Sample ledger: ${ledger} (${records.length} made-up records)`);

const env = { LLM_SPEND_LEDGER: ledger };
const code = flags.browser || flags.team || flags.port !== undefined ? undefined : findProgram('code');
if (code === undefined) await openInBrowser();
else await openOnDesktop(code);

/** @param {string} code */
async function openOnDesktop(code) {
  console.log('Opening the desktop VS Code with the extension; this ends when you close its window.');
  const child = spawn(
    code,
    [
      '--wait',
      '--new-window',
      '--extensionDevelopmentPath',
      root,
      '--user-data-dir',
      path.join(folder, 'user-data'),
      workspace,
    ],
    // On Windows `code` is a batch file, which only a shell can run.
    { stdio: 'inherit', env: { ...process.env, ...env }, shell: process.platform === 'win32' },
  );
  await once(child, 'close');
}

async function openInBrowser() {
  const { installCodeServer, linkExtension, startCodeServer } = await import('../test/editor/harness/codeServer.ts');
  await installCodeServer(console.log);
  const extensions = path.join(folder, 'extensions');
  await linkExtension(extensions);
  const stopTeam = flags.team
    ? await startSampleTeam({ folder, home: path.join(folder, 'home'), ledger })
    : () => undefined;
  const server = await startCodeServer({
    folder,
    extensions,
    env,
    settings: { 'workbench.startupEditor': 'readme', ...(flags.team ? { 'llmSpend.scope': 'team' } : {}) },
    ...(flags.port === undefined ? {} : { port: Number(flags.port) }),
  });
  const address = server.address(workspace);
  console.log(`\nThe editor is at ${address}\nCtrl+C ends it.\n`);
  if (!flags['no-open']) open(address);
  // The listeners stay: the same signal may come again, from the terminal and from the parent.
  /** @type {NodeJS.Signals} */
  const signal = await new Promise((resolve) => {
    for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => resolve(name));
    onOrphaned(() => resolve('SIGHUP'));
  });
  await server.stop();
  stopTeam();
  console.log(`Ended (${signal}).`);
}

/** Shows an address in the person's browser, where there is a desktop. @param {string} address */
function open(address) {
  const { platform } = process;
  if (platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const program = platform === 'darwin' ? 'open' : platform === 'win32' ? 'explorer' : 'xdg-open';
  const child = spawn(program, [address], { stdio: 'ignore', detached: true });
  // It is a courtesy: the address was printed.
  child.once('error', () => {});
  child.unref();
}

function welcome() {
  return `# LLM Spend, on sample data

Everything you see here is made up. This editor has settings, extensions and a ledger of its own.

- The status bar shows what was spent today; a click opens the cost history.
- The LLM Spend icon in the activity bar opens the breakdown and the history.
- **LLM Spend: Record Usage** in the command palette (F1) records a call.

Or record from a terminal, and watch the editor follow:

    LLM_SPEND_LEDGER='${ledger}' \\
      node '${path.join(root, 'dist/cli.js')}' record --provider openai --model gpt-5 --operation chat --cost-usd 1.25
`;
}
