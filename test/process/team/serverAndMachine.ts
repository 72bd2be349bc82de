import { afterAll, beforeAll } from 'vitest';
import { TestServer } from '../../fixtures/postgres.ts';
import { Sandbox } from '../cli/harness.ts';

/** A server that runs during the tests of a file, and a machine. */
export function serverAndMachine(): { readonly server: TestServer; readonly sandbox: Sandbox } {
  let server: TestServer;
  let sandbox: Sandbox;
  beforeAll(async () => {
    server = TestServer.make();
    await server.start();
    sandbox = await Sandbox.create();
  });
  afterAll(async () => {
    await sandbox.dispose();
    server.dispose();
  });
  return {
    get server() {
      return server;
    },
    get sandbox() {
      return sandbox;
    },
  };
}
