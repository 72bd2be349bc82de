import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { fastFolder } from './test/fixtures/fastFolder.mts';

/** Processes and editors may take longer than the usual second. A limit of the product is held by `test/fixtures/idleTime.ts`. */
const poll = { timeout: 90_000 };

/** Only a test that hangs reaches it: how busy the machine is must not decide whether a test passes. */
const patience = { testTimeout: 300_000, hookTimeout: 300_000 };

/** `npm test -- oldest`: all end-to-end tests in the oldest editor too. */
const ALL_IN_OLDEST = process.env['LLM_SPEND_ALL_IN_OLDEST'] === '1';

/** Texts are those of English, whatever the language of the developer. */
const english = { LLM_SPEND_LANG: 'en' };

/** As in `test/long.ts`. */
const LONG = process.env['LLM_SPEND_LONG'] === '1';

/** Decides on the random cases of property tests. */
const setupFiles = ['test/properties.ts'];

const inMemory = { ...english, TMPDIR: fastFolder() };

export default defineConfig({
  test: {
    // All cores: vitest leaves one free by default, which on a machine of two is half of it.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          // The contract of the stores: its tests that start processes belong to the next project.
          include: ['test/unit/**/*.test.ts', 'test/contract/*.test.ts'],
          // A process for each file would cost as much time as most of the files do.
          isolate: false,
          env: inMemory,
          setupFiles,
          ...patience,
          expect: { poll },
        },
      },
      {
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts', 'test/contract/process/*.test.ts'],
          setupFiles,
          ...patience,
          expect: { poll },
          // Keeps the command's compiled code, and what it notes for undo, out of the home of the person who runs the tests.
          env: {
            ...english,
            XDG_CACHE_HOME: path.join(import.meta.dirname, '.cache/tests'),
            XDG_STATE_HOME: path.join(import.meta.dirname, '.cache/tests'),
          },
          // Each of these tests starts many processes, so one file at a time fills the machine.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'webview',
          env: inMemory,
          // Pages at a time among the tests marked concurrent: each page keeps a core busy.
          maxConcurrency: 2,
          include: ['test/editor/history/**/*.test.ts'],
          setupFiles,
          ...patience,
          expect: { poll },
        },
      },
      {
        test: {
          name: 'editor',
          env: inMemory,
          include: ['test/editor/e2e/*.test.ts', ...(LONG ? ['test/editor/long/*.test.ts'] : [])],
          provide: { edition: 'newest' },
          // The editor's server and browser serve all files (test/editor/e2e/sharedEditor.ts).
          isolate: false,
          globalSetup: 'test/editor/e2e/globalSetup.ts',
          setupFiles: [...setupFiles, 'test/editor/e2e/failures.ts'],
          ...patience,
          expect: { poll },
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'oldest editor',
          env: inMemory,
          include: [
            'test/editor/oldest/*.test.ts',
            ...(ALL_IN_OLDEST ? ['test/editor/e2e/*.test.ts', 'test/editor/long/*.test.ts'] : []),
          ],
          provide: { edition: 'oldest' },
          isolate: false,
          globalSetup: 'test/editor/e2e/globalSetup.ts',
          setupFiles: [...setupFiles, 'test/editor/e2e/failures.ts'],
          ...patience,
          expect: { poll },
          fileParallelism: false,
        },
      },
    ],
  },
});
