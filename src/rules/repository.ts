import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { remoteName } from '../system/remoteName.ts';

/**
 * The repository of a folder, by reading its `.git` only: no program is started, so a folder that is not trusted can be asked
 * about. Answers are kept, because the calls of a session share a folder.
 */
export class Repositories {
  readonly #known = new Map<string, string | undefined>();

  /**
   * The address of the remote `origin`, as {@link remoteName} writes it. Undefined for a folder that no longer exists, is in no
   * repository, or whose repository has no such remote on another machine.
   * @param folder absolute; anything else is in no repository.
   */
  of(folder: string): string | undefined {
    if (!isAbsolute(folder)) return undefined;
    if (!this.#known.has(folder)) this.#known.set(folder, originOf(folder));
    return this.#known.get(folder);
  }
}

function originOf(folder: string): string | undefined {
  const config = configPath(folder);
  const text = config === undefined ? undefined : textAt(config);
  if (text === undefined) return undefined;
  let inOrigin = false;
  for (const line of text.split('\n')) {
    if (/^\s*\[/.test(line)) inOrigin = /^\s*\[remote "origin"\]/.test(line);
    const [, url] = (inOrigin && /^\s*url\s*=\s*(\S.*?)\s*$/.exec(line)) || [];
    if (url !== undefined) return remoteName(url);
  }
  return undefined;
}

/** The configuration of the repository that contains a folder. Worktrees share that of their main repository. */
function configPath(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const git = join(at, '.git');
    const stats = statSync(git, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return join(git, 'config');
    if (stats?.isFile() === true) {
      const [, named] = /^gitdir:\s*(\S.*?)\s*$/m.exec(textAt(git) ?? '') ?? [];
      if (named === undefined) return undefined;
      const own = resolve(at, named);
      const common = textAt(join(own, 'commondir'))?.trim();
      return join(common === undefined ? own : resolve(own, common), 'config');
    }
    if (dirname(at) === at) return undefined;
  }
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
