import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { TestServer } from '../../fixtures/postgres.ts';
import { Sandbox, type Result } from '../cli/harness.ts';

export interface TwoMachines {
  readonly server: TestServer;
  readonly laptop: Sandbox;
  readonly desk: Sandbox;
  /** The ledger of the team. */
  readonly url: string;
}

/**
 * A server that runs during the tests of a file, and for each test a team's ledger and two new machines.
 * @param name begins the names of the ledgers.
 */
export function twoMachines(name: string): TwoMachines {
  let server: TestServer;
  let laptop: Sandbox;
  let desk: Sandbox;
  let url: string;
  let next = 0;
  beforeAll(async () => {
    server = TestServer.make({ durable: true });
    await server.start();
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    url = `${server.url()}?ledger=${name}-${++next}`;
    [laptop, desk] = [await Sandbox.create(), await Sandbox.create()];
  });
  afterEach(() => Promise.all([laptop.dispose(), desk.dispose()]));
  return {
    get server() {
      return server;
    },
    get laptop() {
      return laptop;
    },
    get desk() {
      return desk;
    },
    get url() {
      return url;
    },
  };
}

/** Records a call of this cost, in USD. */
export function recordCall(machine: Sandbox, cost: string, ...more: string[]): Promise<Result> {
  const call = ['--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat'];
  return machine.run(['record', ...call, '--cost-usd', cost, ...more]);
}
