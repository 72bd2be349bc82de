import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { fastFolder } from '../test/fixtures/fastFolder.mts';

/** The tests that `scripts/mutation.mjs` asks: those of the folders that it names. */
const folders = (process.env['LLM_SPEND_MUTATED_TESTS'] ?? '').split(' ');

/** A change is usually noticed by a quick test: the tests of faults, of processes and those that took longest come last. */
class QuickOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = ({ moduleId, project }: TestSpecification): number => {
      const isSlow = /\/test\/(?:process|unit\/ledger\/faults)\//.test(moduleId);
      const file = moduleId.slice(this.ctx.config.root.length + 1);
      return (isSlow ? 1e9 : 0) + (this.ctx.cache.getFileTestResults(`${project.name}:${file}`)?.duration ?? 0);
    };
    return files.toSorted((a, b) => cost(a) - cost(b));
  }
}

export default defineConfig({
  test: {
    // In one thread, where an area says so: it need not load the same modules for each file.
    isolate: process.env['LLM_SPEND_MUTATED_TOGETHER'] !== '1',
    sequence: { sequencer: QuickOnesFirst },
    env: { LLM_SPEND_LANG: 'en', TMPDIR: fastFolder() },
    include: folders.flatMap((folder) => {
      const files = /[*{]/.test(folder) ? `${folder}.test.ts` : `${folder}/**/*.test.ts`;
      return [`test/unit/${files}`, `test/${files}`];
    }),
    // They read the text of the sources, which is another one while they are mutated, or run its compiler. The last one loads
    // modules again, so that it would count as the only test of the constants that are made then.
    testNamePattern:
      /^(?!.*(?:is named in the table alone|reads 30 MB of numbers|the checked-in program is what its source compiles to|parses the models of the provider that is asked for))/,
    // They run the built command, which nobody changes.
    exclude: ['test/contract/process/**'],
    setupFiles: ['test/properties.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
