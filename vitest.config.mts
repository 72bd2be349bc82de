import path from 'node:path';
import { defineConfig } from 'vitest/config';

/** What an editor does in its own time may take longer than the second that is usual. Tests of what must not, say so. */
const poll = { timeout: 15_000 };

export default defineConfig({
  test: {
    // All cores: by default one is left free, which on two of them is the half.
    maxWorkers: '100%',
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // Where the command keeps compiled code: not in the home of whoever runs the tests.
          env: { XDG_CACHE_HOME: path.join(import.meta.dirname, '.cache/tests') },
          // Each of these tests loads the machine with processes of its own: one file at a time.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'webview',
          // Pages at a time, where tests say that they may: each keeps a core busy.
          maxConcurrency: 2,
          include: ['test/editor/history/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          expect: { poll },
        },
      },
      {
        test: {
          name: 'editor',
          include: ['test/editor/e2e/**/*.test.ts'],
          globalSetup: 'test/editor/e2e/globalSetup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll },
          fileParallelism: false,
        },
      },
    ],
  },
});
