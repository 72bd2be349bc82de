import { Worker } from 'node:worker_threads';

/** One statement on a database of its own thread: a copy or a check of a gigabyte takes seconds, and must block nobody. */

// Text and not a file, so that it needs no bundle of its own.
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
 * The rows of the statement.
 * @param location as SQLite is told it
 * @throws what SQLite says.
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
      // Node 22 calls its SQLite experimental on stderr.
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
