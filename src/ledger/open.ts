import { isLedgerUrl, storeKind } from '../system/paths.ts';
import { JsonStore } from './json/store.ts';
import type { FileStoreOptions } from './options.ts';
import { LedgerError } from './results.ts';
import { LazyStore } from './postgres/lazyStore.ts';
import { parseAddress } from './postgres/server/address.ts';
import { SqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';

/**
 * Opens the store that a ledger's name selects. No other file knows the kinds of stores.
 * @param name a path or a URL.
 * @throws {LedgerError} `unsupported` when no store supports a ledger of that name.
 */
export function openStore(name: string, options: Omit<FileStoreOptions, 'path'> = {}): Store {
  const kind = storeKind(name);
  if (kind === 'json') return new JsonStore({ ...options, path: name });
  if (kind === 'sqlite') return new SqliteStore({ ...options, path: name });
  if (kind === 'postgres') {
    return new LazyStore(parseAddress(name).name, async () => {
      const { PostgresStore } = await import('./postgres/index.ts');
      return new PostgresStore({ ...options, path: name });
    });
  }
  // A URL may contain a password, so the message contains only its scheme.
  if (isLedgerUrl(name)) {
    const scheme = name.slice(0, name.indexOf(':'));
    throw new LedgerError(
      'unsupported',
      `A ledger cannot be at a ${scheme}: address. Name a file that ends in .json, .db or .sqlite, or a postgres: URL.`,
    );
  }
  throw new LedgerError(
    'unsupported',
    `${name}: a ledger's file ends in .json (which any program can read), or in .db or .sqlite (SQLite, for big histories).`,
  );
}
