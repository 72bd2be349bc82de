import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FAKE_COUNTS, fakeModels, type FakeModels } from '../../fixtures/fakeModels.ts';
import { Sandbox } from '../cli/harness.ts';
import { receiving, type Receiving } from './receiving.ts';

/**
 * The examples of docs/live.md as they are printed, with the SDKs of their vendors from the registries, against a fake model
 * server. `npm run test:soak -- sdks` runs them: the installation takes minutes. A language whose SDKs cannot be installed is
 * skipped.
 */

const root = path.join(import.meta.dirname, '../../..');
const FOLDER = path.join(root, '.cache/vendor-sdks');
const IS_ASKED = process.env['LLM_SPEND_SDKS'] === '1';

interface Language {
  /** Of its block in the docs. */
  fence: string;
  file: string;
  /** Installs the pinned versions into the folder. */
  install: (folder: string) => void;
  command: (folder: string) => [program: string, ...args: string[]];
}

function run(folder: string, program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd: folder, stdio: 'ignore', timeout: 1_200_000 });
}

const LANGUAGES: readonly Language[] = [
  {
    fence: 'python',
    file: 'example.py',
    install: (folder) => {
      run(folder, 'python3', '-m', 'venv', 'venv');
      const packages = [
        'openai==3.57.0',
        'opentelemetry-instrumentation-openai==0.62.4',
        'opentelemetry-sdk==1.45.2',
        'opentelemetry-exporter-otlp-proto-http==1.45.2',
      ];
      run(folder, path.join(folder, 'venv/bin/pip'), 'install', '-q', ...packages);
    },
    command: (folder) => [path.join(folder, 'venv/bin/python'), 'example.py'],
  },
  {
    fence: 'js',
    file: 'example.mjs',
    install: (folder) => {
      writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
      const packages = [
        'ai@7.0.173',
        '@ai-sdk/openai@4.0.118',
        '@ai-sdk/otel@1.0.173',
        '@opentelemetry/sdk-node@0.301.0',
        '@opentelemetry/exporter-trace-otlp-proto@0.301.1',
        '@opentelemetry/api@1.10.0',
      ];
      run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages);
    },
    command: () => [process.execPath, 'example.mjs'],
  },
  {
    fence: 'go',
    file: 'main.go',
    install: (folder) => {
      run(folder, 'go', 'mod', 'init', 'example');
      const modules = [
        'github.com/openai/openai-go/v3@v3.99.0',
        'go.opentelemetry.io/otel@v1.47.0',
        'go.opentelemetry.io/otel/sdk@v1.47.0',
        'go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp@v1.47.0',
      ];
      run(folder, 'go', 'get', ...modules);
      run(folder, 'go', 'mod', 'tidy');
    },
    command: (folder) => {
      run(folder, 'go', 'build', '-o', 'example', '.');
      return [path.join(folder, 'example')];
    },
  },
];

/** The folder of a language with its SDKs and the example; undefined when they cannot be installed. */
function prepared({ fence, file, install }: Language): string | undefined {
  const folder = path.join(FOLDER, fence);
  const done = path.join(folder, 'installed');
  mkdirSync(folder, { recursive: true });
  const docs = readFileSync(path.join(root, 'docs/live.md'), 'utf8');
  writeFileSync(path.join(folder, file), docs.split(`\`\`\`${fence}\n`)[1]!.split('```')[0]!);
  if (existsSync(done)) return folder;
  try {
    install(folder);
  } catch {
    return undefined;
  }
  writeFileSync(done, '');
  return folder;
}

describe.runIf(IS_ASKED)("the examples of the docs, with the vendors' SDKs", () => {
  let sandbox: Sandbox;
  let models: FakeModels;
  let receiver: Receiving;
  beforeEach(async () => {
    sandbox = await Sandbox.create();
    models = await fakeModels();
    receiver = await receiving(sandbox, ['--port', '0']);
  });
  afterEach(async () => {
    receiver.child.kill('SIGKILL');
    await receiver.ended;
    await models.close();
    await sandbox.dispose();
  });

  test.for(LANGUAGES)('$fence', async (language, { skip }) => {
    const folder = prepared(language) ?? skip(`The SDKs for ${language.fence} cannot be installed.`);
    const [program, ...args] = language.command(folder);
    await promisify(execFile)(program, args, {
      cwd: folder,
      env: {
        ...process.env,
        OPENAI_BASE_URL: models.url,
        OPENAI_API_KEY: 'none',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer ${receiver.token}`,
        OTEL_RESOURCE_ATTRIBUTES: 'project=site,account=team,llm_spend.tags=review;nightly',
      },
    });
    const { stdout } = await sandbox.run(['export', '--format', 'ndjson']);
    const records = stdout.split('\n').filter((line) => line !== '');
    expect(models.answered).toHaveLength(1);
    expect(records.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        source: 'otel',
        provider: 'openai',
        model: 'gpt-5',
        response_id: models.answered[0]!.id,
        input_tokens: FAKE_COUNTS.input,
        cache_read_tokens: FAKE_COUNTS.cached,
        output_tokens: FAKE_COUNTS.output,
        // 200 tokens at $1.25, 1,000 at $0.125 and 300 at $10 a million.
        cost_usd: 0.003375,
        project: 'site',
        account: 'team',
        tags: ['review', 'nightly'],
      }),
    ]);
  });
});
