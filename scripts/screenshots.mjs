/**
 * `npm run screenshots`: the pictures of the README, `docs/images/*`, from the real editor on the sample ledger.
 *
 * The data are the same each time, but for their dates: they end today. The moving picture needs ImageMagick.
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findProgram, kilobytes, NO_TYPE_WARNING, root, run, usePinnedNode } from './lib.mjs';

await usePinnedNode();

const { formatLedger, sampleLedger } = await import('../test/fixtures/sampleLedger.ts');
const { linkExtension, startCodeServer } = await import('../test/editor/harness/codeServer.ts');
const { launchBrowser, Workbench } = await import('../test/editor/harness/browser.ts');

await run(process.execPath, [NO_TYPE_WARNING, 'scripts/build.mjs']);

const images = path.join(root, 'docs/images');
const folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-screenshots-'));
const ledger = path.join(folder, 'costs.json');
const workspace = path.join(folder, 'my-project');
const extensions = path.join(folder, 'extensions');
await mkdir(images, { recursive: true });
await mkdir(workspace);
await writeFile(ledger, formatLedger(sampleLedger({ now: new Date() })));
await linkExtension(extensions);
const server = await startCodeServer({ folder, extensions, env: { LLM_SPEND_LEDGER: ledger } });
const browser = await launchBrowser();
try {
  await history();
  await sideBar();
  await tour();
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The panel, with the side bar out of the way. */
async function history() {
  const workbench = await Workbench.open(browser, server.address(workspace), { width: 1280, height: 700 });
  await workbench.statusBarItem.filter({ hasText: '$' }).waitFor();
  await workbench.runCommand('View: Close Primary Side Bar');
  await workbench.runCommand('LLM Spend: Open Cost History');
  const panel = workbench.webview('panel');
  await panel.getByText('claude-sonnet-4-5').first().waitFor();
  await panel.locator('body').evaluate(iconsDrawn);
  await save(workbench, 'history');
}

/** Runs in the page. Each icon has its style sheet in a shadow tree, which may come after the first figures. */
async function iconsDrawn() {
  const icons = () =>
    [...document.querySelectorAll('vscode-toolbar-button[icon]')].map((button) =>
      button.shadowRoot?.querySelector('vscode-icon')?.shadowRoot?.querySelector('.codicon'),
    );
  const isDrawn = (/** @type {Element | null | undefined} */ icon) =>
    icon instanceof Element && getComputedStyle(icon, '::before').content !== 'none';
  while (!icons().every(isDrawn)) await new Promise((resolve) => requestAnimationFrame(resolve));
  await document.fonts.ready;
}

/** The breakdown down to a model, and the tooltip of the status bar. */
async function sideBar() {
  const workbench = await Workbench.open(browser, server.address(workspace), { width: 1100, height: 640 });
  await workbench.statusBarItem.filter({ hasText: '$' }).waitFor();
  const bar = await workbench.openSideBar();
  const heading = bar.getByRole('button', { name: 'Cost History Section' });
  if ((await heading.getAttribute('aria-expanded')) === 'true') await heading.click();
  const row = (/** @type {string} */ name) => bar.getByRole('treeitem').filter({ hasText: name }).first();
  await row('anthropic').locator('.monaco-tl-twistie').click();
  await row('claude-sonnet-4-5').locator('.monaco-tl-twistie').click();
  await row('code-edit').waitFor();
  await workbench.statusBarItem.hover();
  await workbench.page.locator('.workbench-hover').getByText('All time').waitFor();
  await save(workbench, 'sidebar');
}

/** A moving picture: a call recorded in one line, the total that follows, and where the money goes. */
async function tour() {
  const convert = findProgram('convert');
  if (convert === undefined) throw new Error('The moving picture needs ImageMagick: there is no program convert.');
  const workbench = await Workbench.open(browser, server.address(workspace), { width: 1100, height: 640 });
  const { page } = workbench;
  /** @type {string[]} */
  const frames = [];
  /** @param {number} hundredths how long the frame is shown, in 1/100 s */
  const frame = async (hundredths) => {
    const file = path.join(folder, `frame${frames.length}.png`);
    await page.screenshot({ path: file, animations: 'disabled' });
    frames.push('-delay', String(hundredths), file);
  };
  await workbench.statusBarItem.filter({ hasText: '$' }).waitFor();
  await workbench.runCommand('View: Close Primary Side Bar');
  await frame(150);
  await workbench.runCommand('LLM Spend: Record Usage');
  const input = workbench.quickInput.locator('input[type="text"]').first();
  await workbench.quickInput.filter({ hasText: 'Record Usage' }).waitFor();
  await frame(60);
  // Each frame waits for the answer to its text: the list of the text before is not to be seen with it.
  const typed = {
    'claude-opus': 'claude-opus',
    'claude-opus-4-5 120k ': '120,000 in, 0 out',
    'claude-opus-4-5 120k 8k': '120,000 in, 8,000 out',
  };
  for (const [text, answer] of Object.entries(typed)) {
    await input.fill(text);
    await workbench.quickInput.locator('.monaco-list-row').first().filter({ hasText: answer }).waitFor();
    await frame(50);
  }
  await workbench.quickInput.locator('.monaco-list-row').filter({ hasText: '$0.' }).first().waitFor();
  await frame(200);
  await page.keyboard.press('Enter');
  await workbench.notifications.first().waitFor();
  await frame(200);
  await workbench.runCommand('Notifications: Clear All Notifications');
  await workbench.runCommand('LLM Spend: Open Cost History');
  const panel = workbench.webview('panel');
  await panel.getByText('claude-sonnet-4-5').first().waitFor();
  await panel.locator('body').evaluate(iconsDrawn);
  await frame(250);
  const picture = path.join(images, 'tour.gif');
  await run(convert, ['-loop', '0', ...frames, '-layers', 'optimize', '-colors', '128', picture]);
  console.log(`docs/images/tour.gif  ${kilobytes((await stat(picture)).size)}`);
  await workbench.close();
}

/** @param {import('../test/editor/harness/browser.ts').Workbench} workbench @param {string} name */
async function save(workbench, name) {
  const file = path.join(images, `${name}.png`);
  await workbench.page.screenshot({ path: file, animations: 'disabled' });
  console.log(`docs/images/${name}.png  ${kilobytes((await stat(file)).size)}`);
  await workbench.close();
}
