import { defineConfig } from 'vitest/config';

/** The tests that `scripts/mutation.mjs` asks: those of the folders that it names. */
const folders = (process.env['LLM_SPEND_MUTATED_TESTS'] ?? '').split(' ');

export default defineConfig({
  test: {
    include: folders.flatMap((folder) => {
      const files = /[*{]/.test(folder) ? `${folder}.test.ts` : `${folder}/**/*.test.ts`;
      return [`test/unit/${files}`, `test/${files}`];
    }),
    // They read the text of the sources, which is another one while they are mutated, or run its compiler.
    testNamePattern:
      /^(?!.*(?:is named in the table alone|reads 30 MB of numbers|the checked-in program is what its source compiles to))/,
    // They run the built command, which nobody changes.
    exclude: ['test/contract/process/**'],
    setupFiles: ['test/properties.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
