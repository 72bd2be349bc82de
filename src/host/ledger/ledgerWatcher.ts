import { lstat, realpath, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';

/**
 * Hints that a ledger's files may have changed: created, written, replaced, truncated or deleted, by any process.
 *
 * A watcher needs a folder that exists, so a missing one is waited for at its nearest ancestor; and a link tells nothing of
 * its target, so both ends are watched. Hints may come too often and (as with every watcher) now and then not at all.
 */
export class LedgerWatcher implements vscode.Disposable {
  readonly #file: string;
  readonly #onHint: () => void;
  #watched = '';
  #watchers: vscode.Disposable[] = [];
  #arming: Promise<void>;
  #disposed = false;

  /** @param file absolute; it need not exist. */
  constructor(file: string, onHint: () => void) {
    this.#file = file;
    this.#onHint = onHint;
    this.#arming = this.#arm();
  }

  dispose(): void {
    this.#disposed = true;
    this.#release();
  }

  #hint(): void {
    this.#onHint();
    // What happened may have moved what is to be watched: a folder came or went, a link points elsewhere.
    this.#arming = this.#arming.then(() => this.#arm());
  }

  async #arm(): Promise<void> {
    if (this.#disposed) return;
    const places = await placesToWatch(this.#file);
    const watched = JSON.stringify(places);
    if (this.#disposed || watched === this.#watched) return;
    this.#release();
    this.#watched = watched;
    this.#watchers = places.map(({ folder, pattern }) => this.#watch(folder, pattern));
    // Something may have happened between the look at the disk and the new watchers.
    this.#onHint();
  }

  #watch(folder: string, pattern: string): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(folder), pattern),
    );
    const hint = (): void => this.#hint();
    return vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(hint),
      watcher.onDidChange(hint),
      watcher.onDidDelete(hint),
    );
  }

  #release(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.dispose();
    this.#watched = '';
  }
}

interface Place {
  folder: string;
  /** A glob for names in that folder. */
  pattern: string;
}

async function placesToWatch(file: string): Promise<Place[]> {
  const places = [await placeOf(file)];
  const link = await lstat(file).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
  const target = link ? await realpath(file).catch(() => undefined) : undefined;
  if (target !== undefined && target !== file) places.push(await placeOf(target));
  return places;
}

async function placeOf(file: string): Promise<Place> {
  const name = literal(path.basename(file));
  // SQLite's `-wal` and `-shm` beside it, and our journals; not the tokens and locks that come and go with each commit.
  let place: Place = { folder: path.dirname(file), pattern: `{${name},${name}-*,.${name}.*.journal}` };
  while (!(await isFolder(place.folder))) {
    const parent = path.dirname(place.folder);
    if (parent === place.folder) break;
    place = { folder: parent, pattern: literal(path.basename(place.folder)) };
  }
  return place;
}

async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A glob that matches nothing but this text. */
function literal(text: string): string {
  return text.replaceAll(/[[\]{}*?,]/g, '[$&]');
}
