import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { type Edition, installExtension, repository } from '../harness/codeServer.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The editor to test in, from the project's configuration. */
    edition: Edition;
    /** A folder of extensions that contains ours, installed from its package. */
    extensions: string;
  }
}

/** Installs the packaged extension once for all files of a project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { version } = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8')) as { version: string };
  const vsix = path.join(repository, `llm-spend-${version}.vsix`);
  if (!existsSync(vsix)) throw new Error(`There is no ${path.basename(vsix)}: run "npm run package" before.`);
  const extensions = await mkdtemp(path.join(tmpdir(), 'llm-spend-extensions-'));
  await installExtension(vsix, extensions, project.getProvidedContext().edition);
  project.provide('extensions', extensions);
  return () => rm(extensions, { recursive: true, force: true, maxRetries: 5 });
}
