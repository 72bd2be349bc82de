/**
 * `npm run test:soak`: kills writers of one ledger for as long as it takes, and counts what is lost. With a name, another long test.
 *
 *     npm run test:soak                 10,000 kills (about half an hour on two cores)
 *     npm run test:soak -- 1000         so many
 *     npm run test:soak -- fuzz [N] [SEED] [KIND]  N (100,000) damaged ledgers, databases, journals, logs of each source and responses,
 *                                       or those of one file of test/unit/fuzz, such as "databases"
 *     npm run test:soak -- unit         the long form of the unit tests: every fault at every step, ten times the random cases
 *     npm run test:soak -- process      the long form of the process tests: the real inkwell, a hundred processes at once, proofs of 20 s
 *     npm run test:soak -- editor       the long form of the editor tests: every feature in the installed editor, every theme at every width
 *     npm run test:soak -- crossings [N]    N (1,000) times eight windows and four commands reach a budget's level together, with kills
 *     npm run test:soak -- team [N]     N (600) seconds: five machines of a team send while they, the server and connections are killed
 *     npm run test:soak -- sdks         the examples of docs/live.md with the SDKs of their vendors, from the registries
 *     npm run test:soak -- windows      under Wine: a thousand one-shots, and six writers terminated for two minutes
 */
import path from 'node:path';
import { NO_TYPE_WARNING, root, run, usePinnedNode } from './lib.mjs';

await usePinnedNode();
const vitest = [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project'];
if (process.argv[2] === 'fuzz') {
  const [runs = '100000', seed = String(Date.now() % 1e9), kind = ''] = process.argv.slice(3);
  const env = { ...process.env, LLM_SPEND_FUZZ_RUNS: runs, LLM_SPEND_FUZZ_SEED: seed };
  await run(process.execPath, [...vitest, 'unit', `test/unit/fuzz/${kind}`], { cwd: root, env });
  process.exit();
}
if (process.argv[2] === 'unit') {
  const env = { ...process.env, LLM_SPEND_LONG: '1' };
  await run(process.execPath, [...vitest, 'unit', '--testTimeout', '3600000'], { cwd: root, env });
  process.exit();
}
if (process.argv[2] === 'editor') {
  const env = { ...process.env, LLM_SPEND_LONG: '1' };
  await run(process.execPath, [NO_TYPE_WARNING, 'scripts/build.mjs', '--all'], { cwd: root });
  await run(process.execPath, [NO_TYPE_WARNING, 'scripts/package.mjs', '--no-build'], { cwd: root });
  for (const project of ['webview', 'editor']) await run(process.execPath, [...vitest, project], { cwd: root, env });
  process.exit();
}
await run(process.execPath, [NO_TYPE_WARNING, 'scripts/build.mjs'], { cwd: root });
if (process.argv[2] === 'process') {
  const env = { ...process.env, LLM_SPEND_LONG: '1' };
  await run(process.execPath, [NO_TYPE_WARNING, 'scripts/package.mjs'], { cwd: root });
  await run(process.execPath, [...vitest, 'process', '--testTimeout', '3600000'], { cwd: root, env });
  process.exit();
}
if (process.argv[2] === 'windows') {
  const env = { ...process.env, LLM_SPEND_WINDOWS_ONE_SHOTS: '1000', LLM_SPEND_PROOF_MS: '120000' };
  await run(process.execPath, [...vitest, 'process', 'test/process/windows'], { cwd: root, env });
  process.exit();
}
if (process.argv[2] === 'team') {
  const env = { ...process.env, LLM_SPEND_SOAK_TEAM: process.argv[3] ?? '600' };
  await run(process.execPath, [...vitest, 'process', 'test/process/team/kills.test.ts'], { cwd: root, env });
  process.exit();
}
if (process.argv[2] === 'sdks') {
  const env = { ...process.env, LLM_SPEND_SDKS: '1' };
  const limit = ['--testTimeout', '3600000'];
  await run(process.execPath, [...vitest, 'process', ...limit, 'test/process/live/vendorSdks.test.ts'], {
    cwd: root,
    env,
  });
  process.exit();
}
if (process.argv[2] === 'crossings') {
  const env = { ...process.env, LLM_SPEND_SOAK_CROSSINGS: process.argv[3] ?? '1000' };
  await run(process.execPath, [...vitest, 'process', 'test/process/cli/crossings.test.ts'], { cwd: root, env });
  process.exit();
}
const quiet = [NO_TYPE_WARNING, '--disable-warning=ExperimentalWarning'];
const program = path.join(root, 'test/process/ledger/soak.ts');
await run(process.execPath, [...quiet, program, ...process.argv.slice(2)], { cwd: root });
