import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasPython, works } from './python.ts';

/** The real inkwell, installed once with pip into a separate cache; undefined if it cannot be installed. */

const VERSION_FOLDER = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir() || tmpdir(), '.cache'),
  'llm-spend-test',
  'inkwell',
);

function install(): string | undefined {
  if (!hasPython) return undefined;
  const python = join(VERSION_FOLDER, 'bin', 'python3');
  const ready = (): boolean => existsSync(python) && works(python, '-c', 'import inkwell.utils.costs');
  if (ready()) return python;
  if (!works('python3', '-m', 'venv', '--clear', VERSION_FOLDER)) return undefined;
  works(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'inkwell-cli');
  return ready() ? python : undefined;
}

export const inkwellPython = install();
