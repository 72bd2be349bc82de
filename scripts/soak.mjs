/**
 * `npm run test:soak`: kills writers of one ledger for as long as it takes, and counts what is lost.
 *
 *     npm run test:soak                 10,000 kills (about half an hour on two cores)
 *     npm run test:soak -- 1000         so many
 */
import path from 'node:path';
import { root, run, usePinnedNode } from './lib.mjs';

await usePinnedNode();
await run(process.execPath, ['scripts/build.mjs'], { cwd: root });
const quiet = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'];
const program = path.join(root, 'test/process/ledger/soak.ts');
await run(process.execPath, [...quiet, program, ...process.argv.slice(2)], { cwd: root });
