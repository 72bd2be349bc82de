import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The real ccusage, installed once from npm into a separate cache; undefined if its binary is not available. The version is
 * pinned, because it is the reference for our counts.
 */
const VERSION = '20.0.24';
const FOLDER = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir() || tmpdir(), '.cache'),
  'llm-spend-test',
  `ccusage-${VERSION}`,
);
const NATIVE = `@ccusage/ccusage-${process.platform}-${process.arch}`;

function install(): string | undefined {
  const binary = join(FOLDER, 'node_modules', NATIVE, 'bin', process.platform === 'win32' ? 'ccusage.exe' : 'ccusage');
  if (!existsSync(binary)) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'package.json'), '{"private":true}');
    try {
      execFileSync(
        'npm',
        ['install', `${NATIVE}@${VERSION}`, '--no-audit', '--no-fund', '--no-save', '--ignore-scripts'],
        {
          cwd: FOLDER,
          stdio: 'ignore',
          timeout: 120_000,
          shell: process.platform === 'win32',
        },
      );
    } catch {
      return undefined;
    }
  }
  try {
    // npm does not make it executable.
    chmodSync(binary, 0o755);
    execFileSync(binary, ['--version'], { stdio: 'ignore' });
    return binary;
  } catch {
    return undefined;
  }
}

export const ccusage = install();
