import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { type Edition, installExtension, repository } from '../harness/codeServer.ts';
import { signalGroup } from '../harness/processes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The editor to test in, from the project's configuration. */
    edition: Edition;
    /** A folder of extensions that contains ours, installed from its package. */
    extensions: string;
    /** A folder for the state of the editors, removed at the end. */
    scratch: string;
  }
}

/** Installs the packaged extension once for all files of a project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { version } = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8')) as { version: string };
  const vsix = path.join(repository, `llm-spend-${version}.vsix`);
  if (!existsSync(vsix)) throw new Error(`There is no ${path.basename(vsix)}: run "npm run package" before.`);
  const scratch = await mkdtemp(path.join(tmpdir(), 'llm-spend-e2e-'));
  const extensions = path.join(scratch, 'extensions');
  await installExtension(vsix, extensions, project.getProvidedContext().edition);
  project.provide('extensions', extensions);
  project.provide('scratch', scratch);
  return async () => {
    for (const name of await readdir(scratch)) {
      if (name.endsWith('.pid')) signalGroup(Number(await readFile(path.join(scratch, name), 'utf8')), 'SIGKILL');
    }
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
}
