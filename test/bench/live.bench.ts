/**
 * The OTLP receiver: calls per second from HTTP to disk, as JSON and protobuf, beside bare inserts into SQLite; and the memory that an
 * idle receiver holds. The bodies are those of OpenTelemetry's own exporters.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import type * as Live from '../../src/live/index.ts';
import type * as Library from '../../src/library/index.ts';
import { claudeRequest } from '../fixtures/otlp.ts';
import { digits, inTurns, section, table, times } from './lib/measure.ts';
import { benchFolder, distribution, quick } from './lib/place.ts';

const TURNS = quick ? 2 : 7;
/** Calls of one request, and requests of one turn. */
const SHAPES = [
  { calls: 1, requests: quick ? 20 : 100 },
  { calls: 100, requests: quick ? 5 : 20 },
  { calls: 500, requests: quick ? 2 : 10 },
];

const require = createRequire(import.meta.url);

if (process.argv[2] === 'idle') {
  console.log(await idleMegabytes());
} else {
  await report();
}

interface Body {
  type: string;
  bytes: Buffer;
}

async function report(): Promise<void> {
  const folder = benchFolder('live');
  const receiver = await receiving(folder);
  const rows: string[][] = [];
  let next = 0;
  for (const { calls, requests } of SHAPES) {
    const database = insertInto(join(folder, `bare-${calls}.db`));
    const send = async (kind: 'json' | 'protobuf'): Promise<number> => {
      const bodies = await bodiesOf(kind, calls, requests, (next += calls * requests));
      return timedRate(calls * requests, async () => {
        for (const body of bodies) await post(receiver, body);
      });
    };
    const rates = await inTurns(TURNS, {
      sqlite: () => timedRate(calls * requests, () => database(calls, requests)),
      json: () => send('json'),
      protobuf: () => send('protobuf'),
    });
    rows.push([
      `${calls} ${calls === 1 ? 'call' : 'calls'} a request`,
      digits(rates.sqlite.p50),
      digits(rates.json.p50),
      digits(rates.protobuf.p50),
      times(rates.json, rates.sqlite),
      times(rates.protobuf, rates.json),
    ]);
  }
  receiver.child.kill();
  section(
    'Live: calls a second',
    'Medians; one sender, each request answered once its calls are durable. SQLite inserts a text of the same size per call, a transaction per request (WAL, `synchronous=FULL`).',
    table(['', 'SQLite', 'JSON', 'protobuf', 'JSON against SQLite', 'protobuf against JSON'], rows),
  );
  const args = [
    '--expose-gc',
    '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
    fileURLToPath(import.meta.url),
    'idle',
  ];
  const idle = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).stdout;
  const [megabytes = '', timers = ''] = idle.trim().split(' ');
  section(
    'Live: an idle receiver',
    `${megabytes} MB more in the process that listens, its code included; ${timers} timers.`,
  );
}

async function timedRate(calls: number, run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (calls / (performance.now() - start)) * 1000;
}

/** Captures what the exporter sends for calls that were not sent before. */
async function bodiesOf(kind: 'json' | 'protobuf', calls: number, requests: number, first: number): Promise<Body[]> {
  const bodies: Body[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    void buffer(request).then((bytes) => {
      bodies.push({ type: String(request.headers['content-type']), bytes });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
  const exporter = kind === 'json' ? new JsonExporter({ url }) : new ProtobufExporter({ url });
  const processor = new BatchLogRecordProcessor({
    exporter,
    maxExportBatchSize: calls,
    maxQueueSize: calls * requests,
  });
  const provider = new LoggerProvider({ processors: [processor] });
  const logger = provider.getLogger('claude');
  for (let i = 0; i < calls * requests; i++) {
    const attributes = claudeRequest(`req_${first + i}`, { 'event.sequence': first + i });
    logger.emit({ body: 'claude_code.api_request', attributes });
  }
  await provider.forceFlush();
  await provider.shutdown();
  server.close();
  return bodies;
}

function insertInto(path: string): (calls: number, requests: number) => void {
  const database = new DatabaseSync(path);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE calls (id TEXT PRIMARY KEY, text TEXT)',
  );
  const insert = database.prepare('INSERT INTO calls VALUES (?, ?)');
  const text = JSON.stringify(claudeRequest('req_0', { 'event.sequence': 0 }));
  let id = 0;
  return (calls, requests) => {
    for (let r = 0; r < requests; r++) {
      database.exec('BEGIN');
      for (let c = 0; c < calls; c++) insert.run(`${(id += 1)}`, text);
      database.exec('COMMIT');
    }
  };
}

interface Receiving {
  child: ChildProcess;
  endpoint: string;
  token: string;
}

async function receiving(folder: string): Promise<Receiving> {
  const home = join(folder, 'home');
  mkdirSync(home);
  const args = [
    join(distribution, 'cli.js'),
    'receive',
    '--json',
    '--port',
    '0',
    '--ledger',
    join(folder, 'imported.db'),
  ];
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, LOCALAPPDATA: home };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) {
    const { event, endpoint, token } = JSON.parse(line) as Record<string, string>;
    if (event !== 'listening') continue;
    child.stdout.resume();
    return { child, endpoint: endpoint!, token: token! };
  }
  throw new Error('llm-spend receive ended');
}

async function post({ endpoint, token }: Receiving, { type, bytes }: Body): Promise<void> {
  const headers = { 'content-type': type, authorization: `Bearer ${token}` };
  const response = await fetch(`${endpoint}/v1/logs`, { method: 'POST', headers, body: new Uint8Array(bytes) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`answered ${response.status}`);
}

/** The memory that a receiver adds to a process that has the library, as the extension host has, and its timers. */
async function idleMegabytes(): Promise<string> {
  const { openLedger } = require(join(distribution, 'index.js')) as typeof Library;
  const ledger = openLedger({ ledger: join(benchFolder('idle'), 'imported.db'), pricing: false });
  await ledger.read();
  const before = await held();
  const { LiveIntake, SharedReceiver } = require(join(distribution, 'live.js')) as typeof Live;
  const intake = new LiveIntake({ ledger, pricer: () => Promise.resolve(undefined) });
  const shared = new SharedReceiver({ port: 0, token: 'x'.repeat(32), intake });
  await shared.start();
  const after = await held();
  const timers = process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
  await shared.close();
  await ledger.close();
  return `${digits(after - before)} ${timers}`;
}

async function held(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return (heapUsed + Math.max(arrayBuffers, external)) / 2 ** 20;
}
