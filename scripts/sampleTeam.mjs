import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root, run } from './lib.mjs';

/** The other members of the sample team, each with a machine. */
const MEMBERS = ['Ada', 'Ben', 'Chloe', 'Dev'];

/**
 * Starts a throw-away PostgreSQL with the ledger of a team of five: four members with made-up records, and the user of the sample
 * ledger. Each joins by `llm-spend sync`, as a real machine would.
 * @param {{ folder: string, home: string, ledger: string }} options `home` is the home folder of the editor, `ledger` its sample ledger.
 * @returns {Promise<() => void>} ends the server, and removes it.
 */
export async function startSampleTeam({ folder, home, ledger }) {
  const { hasServerPrograms, TestServer } = await import('../test/fixtures/postgres.ts');
  const { formatLedger, sampleLedger } = await import('../test/fixtures/sampleLedger.ts');
  if (!hasServerPrograms()) throw new Error('--team needs PostgreSQL: apt-get install postgresql-15');
  const server = TestServer.make();
  try {
    await server.start();
    const url = `${server.url()}?ledger=sample-team`;
    await rm(path.join(home, '.config/llm-spend/team.json'), { force: true });
    /** @param {string} name @param {string} at @param {string} file */
    const join = (name, at, file) => {
      const env = { ...process.env, ...homeVariables(at) };
      const names = ['--user', name, '--machine', `${name.toLowerCase()}-laptop`];
      return run(process.execPath, [path.join(root, 'dist/cli.js'), 'sync', '--to', url, '--ledger', file, ...names], {
        env,
      });
    };
    for (const [i, name] of MEMBERS.entries()) {
      const at = path.join(folder, 'team', name);
      const file = path.join(at, 'costs.json');
      await rm(at, { recursive: true, force: true });
      await mkdir(at, { recursive: true });
      const records = sampleLedger({ now: new Date(), days: 30, seed: i + 2 });
      await writeFile(
        file,
        formatLedger(records.map((record) => ({ ...record, usage_id: `${name}-${record.usage_id}` }))),
      );
      await join(name, at, file);
    }
    await join('You', home, ledger);
    console.log(`Sample team: ${url}`);
  } catch (error) {
    server.dispose();
    throw error;
  }
  return () => server.dispose();
}

/** @param {string} home */
function homeVariables(home) {
  return {
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: path.join(home, '.config'),
    XDG_STATE_HOME: path.join(home, '.local/state'),
    XDG_DATA_HOME: path.join(home, '.local/share'),
    XDG_CACHE_HOME: path.join(home, '.cache'),
  };
}
