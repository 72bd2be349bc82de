/**
 * An agent for tests of `llm-spend run`: calls a model again and again, and exports each call with OpenTelemetry's exporter, as its
 * environment variables say.
 *
 *     node fakeAgent.mjs {"calls": 3, "ms": 50, "log": FILE, ...}
 *
 * `calls`: how many; `ms`: how long each takes; `log`: a file that gets a line for each; `exit`: its exit code; `ignoresTerm`: it
 * does not end by itself; `child`: a file that gets the id of a process that it starts, which ignores SIGTERM; `model`.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';

const options = JSON.parse(process.argv[2] ?? '{}');
const { calls = 1, ms = 0, log, exit = 0, ignoresTerm = false, child, model = 'claude-sonnet-4-5-20250929' } = options;
const provider = new LoggerProvider({
  processors: [
    new BatchLogRecordProcessor({
      exporter: new OTLPLogExporter(),
      // As Claude Code does; this version of the SDK does not read the standard variable.
      scheduledDelayMillis: Number(process.env.OTEL_LOGS_EXPORT_INTERVAL ?? 5_000),
    }),
  ],
});
const logger = provider.getLogger('com.anthropic.claude_code.events');
const note = (line) => log !== undefined && appendFileSync(log, `${line}\n`);

process.on('SIGTERM', () => {
  note('SIGTERM');
  if (!ignoresTerm) void provider.shutdown().then(() => process.exit(0));
});
process.on('SIGINT', () => {
  note('SIGINT');
  void provider.shutdown().then(() => process.exit(7));
});
if (child !== undefined) {
  const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`;
  const started = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => started.stdout.once('data', resolve));
  writeFileSync(child, String(started.pid));
}
for (let call = 1; call <= calls; call++) {
  note(`call ${call}`);
  await new Promise((resolve) => setTimeout(resolve, ms));
  logger.emit({
    body: 'claude_code.api_request',
    attributes: {
      'event.name': 'api_request',
      'event.timestamp': new Date().toISOString(),
      'session.id': 'session-1',
      model,
      // $0.10 at $3 and $15 a million.
      input_tokens: 20_000,
      output_tokens: 2_666,
      cache_read_tokens: 0,
      cache_creation_tokens: 0,
      request_id: `req_${process.pid}_${call}`,
    },
  });
}
if (options.stdin === true) for await (const chunk of process.stdin) process.stdout.write(chunk);
await provider.shutdown();
if (options.kill !== undefined) process.kill(process.pid, options.kill);
else process.exit(exit);
