import { Worker } from 'node:worker_threads';

/**
 * Runs one statement on a database in a separate thread: copying or checking a gigabyte takes seconds and must not block the
 * event loop.
 */

// Source text instead of a file, so that it needs no separate bundle.
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
try {
  const db = new DatabaseSync(workerData.location, { readOnly: true });
  db.exec('PRAGMA busy_timeout = 10000');
  const rows = db.prepare(workerData.sql).all(...workerData.parameters);
  db.close();
  parentPort.postMessage({ rows });
} catch ({ message, code, errcode }) {
  parentPort.postMessage({ error: { message, code, errcode } });
}`;

/**
 * Returns the rows of the statement.
 * @param location as passed to SQLite.
 * @throws errors of SQLite.
 */
export function inWorker(
  location: string,
  sql: string,
  parameters: readonly (string | number)[] = [],
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: { location, sql, parameters },
      // Node 22 warns on stderr that SQLite is experimental.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    worker.on(
      'message',
      ({ rows, error }: { rows?: unknown[]; error?: { message: string; code: string; errcode: number } }) => {
        if (error === undefined) resolve(rows ?? []);
        else reject(Object.assign(new Error(error.message), { code: error.code, errcode: error.errcode }));
      },
    );
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the worker ended without an answer')));
  });
}
