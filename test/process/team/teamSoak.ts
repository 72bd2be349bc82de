import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { PostgresStore } from '../../../src/ledger/postgres/store.ts';
import { usdToNanos } from '../../../src/usage/money.ts';
import { CutProxy } from '../../fixtures/cutProxy.ts';
import { TestServer } from '../../fixtures/postgres.ts';
import { PROGRAM_CACHE } from '../../fixtures/programCache.ts';
import { MachineNetwork } from './machineNetwork.ts';

/**
 * Five machines of a team with separate homes and clocks off by hours, and networks of their own if asked, each killed or offline now and then, all sending through a proxy that
 * cuts connections, to a server that is killed now and then. At the end each sends once more, undisturbed.
 */

const PROGRAM = fileURLToPath(new URL('machine.ts', import.meta.url));
const FINAL = fileURLToPath(new URL('finalState.ts', import.meta.url));
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const QUIET = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--disable-warning=ExperimentalWarning'];

interface FinalState {
  records: { id: string; text: string }[];
}

class SoakMachine {
  readonly acknowledged = new Set<string>();
  readonly removed = new Set<string>();
  readonly #name: string;
  readonly #env: Record<string, string>;
  readonly #url: string;
  readonly network: MachineNetwork | undefined;
  #process: ChildProcess | undefined;

  constructor(root: string, index: number, url: string, network: MachineNetwork | undefined) {
    this.network = network;
    this.#name = `machine${index}`;
    this.#url = url;
    const home = join(root, this.#name);
    mkdirSync(home);
    this.#env = {
      ...PROGRAM_CACHE,
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_STATE_HOME: join(home, 'state'),
    };
    // Off by up to six hours to either side, where the library for it is installed. The program `faketime` leaves a semaphore when it
    // is killed, and fails when another process gets its number.
    if (existsSync(FAKETIME)) {
      this.#env['LD_PRELOAD'] = FAKETIME;
      this.#env['FAKETIME'] = `${index < 2 ? '' : '+'}${(index - 2) * 3}h`;
    }
  }

  start(): void {
    const child = this.#spawn(PROGRAM, [this.#name, this.#url]);
    child.stdin!.on('error', () => undefined);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.length !== 37) return;
      if (line.startsWith('+')) this.acknowledged.add(line.slice(1));
      else this.removed.add(line.slice(1));
    });
    this.#process = child;
  }

  async end(signal: 'SIGKILL' | undefined): Promise<void> {
    const child = this.#process!;
    if (child.exitCode !== null) throw new Error(`${this.#name} ended by itself`);
    const ended = new Promise((resolve) => child.once('close', resolve));
    if (signal) process.kill(-child.pid!, signal);
    else child.stdin!.end();
    await ended;
  }

  /** Sends everything, then describes what this machine has. */
  async final(): Promise<FinalState> {
    const child = this.#spawn(FINAL, []);
    let text = '';
    child.stdout!.on('data', (bytes: Buffer) => (text += bytes.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${this.#name} could not send everything`);
    return JSON.parse(text) as FinalState;
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const inside = [process.execPath, ...QUIET, program, ...args];
    const [command, ...rest] = this.network?.command(inside) ?? inside;
    return spawn(command!, rest, { env: this.#env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  }
}

export interface TeamSoakResult {
  kills: number;
  serverKills: number;
  cuts: number;
  /** How often a machine was taken off its network. */
  offline: number;
  acknowledged: number;
  records: number;
  /** What is wrong. Empty: nothing. */
  faults: string[];
}

/** Fewer acknowledged records prove nothing: a slow machine gets more time. */
const LEAST_ACKNOWLEDGED = 25;

export async function teamSoak({
  seconds,
  machines: count,
  networks: hasNetworks = false,
}: {
  seconds: number;
  machines: number;
  /** Whether each machine has a network of its own, which only root on Linux can make. */
  networks?: boolean;
}): Promise<TeamSoakResult> {
  const server = TestServer.make({ durable: true });
  await server.start();
  const proxy = await CutProxy.open(server.port, hasNetworks ? '0.0.0.0' : undefined);
  const root = mkdtempSync(join(tmpdir(), 'llm-spend-team-'));
  const url = `postgres://postgres@127.0.0.1:${proxy.port}/postgres?ledger=team`;
  const networks: MachineNetwork[] = [];
  const result: TeamSoakResult = {
    kills: 0,
    serverKills: 0,
    cuts: 0,
    offline: 0,
    acknowledged: 0,
    records: 0,
    faults: [],
  };
  try {
    for (let i = 0; i < (hasNetworks ? count : 0); i++) networks.push(await MachineNetwork.make(i, proxy.port));
    const machines = Array.from({ length: count }, (_, i) => new SoakMachine(root, i, url, networks[i]));
    for (const machine of machines) machine.start();
    const end = Date.now() + seconds * 1000;
    const isEnough = (): boolean => {
      const acknowledged = machines.reduce((sum, each) => sum + each.acknowledged.size, 0);
      return acknowledged >= LEAST_ACKNOWLEDGED && result.kills > 0 && result.serverKills > 0;
    };
    for (let round = 0; Date.now() < end || !isEnough(); round++) {
      await wait(300 + Math.random() * 700);
      const offline = networks[round % (3 * count)];
      if (offline) {
        result.offline++;
        offline.setOnline(false);
        void wait(Math.random() * 20_000).then(() => offline.setOnline(true));
      }
      if (round % 4 === 3) {
        await server.kill();
        await server.start();
        result.serverKills++;
      } else if (round % 4 === 1) {
        const machine = machines[Math.floor(Math.random() * machines.length)]!;
        await machine.end('SIGKILL');
        machine.start();
        result.kills++;
      } else {
        proxy.cutNext('COMMIT', Math.random() < 0.5 ? 'before' : 'after');
        if (Math.random() < 0.3) proxy.cutAll();
      }
    }
    result.cuts = proxy.cuts;
    // The last of them are back by then.
    if (hasNetworks) await wait(20_000);
    for (const machine of machines) await machine.end(undefined);
    proxy.cutNext('never sent', 'before');
    const states: FinalState[] = [];
    for (const machine of machines) states.push(await machine.final());
    await compare(states, machines, new Ledger(new PostgresStore({ path: url })), result);
  } finally {
    proxy.close();
    for (const network of networks) network.dispose();
    server.dispose();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
  return result;
}

async function compare(
  states: readonly FinalState[],
  machines: readonly SoakMachine[],
  team: Ledger,
  result: TeamSoakResult,
): Promise<void> {
  const union = new Map<string, Set<string>>();
  for (const { records } of states) {
    for (const { id, text } of records) union.set(id, (union.get(id) ?? new Set()).add(text));
  }
  const { faults } = result;
  const found = await team.read();
  result.records = found.length;
  let nanos = 0n;
  for (const record of found) {
    nanos += usdToNanos(record.cost_usd);
    if (union.get(record.usage_id)?.has(JSON.stringify(record)) !== true) faults.push(`${record.usage_id} differs`);
  }
  const ids = new Set(found.map(({ usage_id: id }) => id));
  if (ids.size !== found.length) faults.push('a record is there twice');
  for (const id of union.keys()) if (!ids.has(id)) faults.push(`${id} is missing`);
  for (const { acknowledged, removed } of machines) {
    result.acknowledged += acknowledged.size;
    for (const id of acknowledged)
      if (!removed.has(id) && !ids.has(id)) faults.push(`${id} was acknowledged and is lost`);
  }
  const sum = await team.summary();
  if (sum.recordedNanos !== nanos) faults.push(`the sum is ${sum.recordedNanos}, and the records make ${nanos}`);
  for (const { message } of (await team.verify()).problems) faults.push(message);
  await team.close();
}
