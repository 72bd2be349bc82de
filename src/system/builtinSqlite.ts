import type * as Sqlite from 'node:sqlite';

/** `node:sqlite`, without its warning. undefined where the runtime does not have it: see `ledger/sqlite/engine.ts`. */
export function builtinSqlite(): typeof Sqlite | undefined {
  // Node 22 warns on stderr that the module is experimental, in every command.
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).includes('SQLite')) Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return process.getBuiltinModule?.('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
