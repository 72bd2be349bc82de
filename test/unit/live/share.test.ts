import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { OtlpReceiver } from '../../../src/live/receiver.ts';
import { SharedReceiver } from '../../../src/live/share.ts';

/** The connections by which waiting receivers notice that the listening one has ended. */

const token = 'test-token-of-32-characters-----';
const intake = { store: () => Promise.resolve([]), close: () => Promise.resolve() };
const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: llm-spend-wait\r\nConnection: Upgrade\r\n\r\n';

test('a receiver that is stopped before it was told to wait leaves no connection', async () => {
  const holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const shared = new SharedReceiver({ port: (holder.address() as AddressInfo).port, token, intake });
  const asked = once(holder, 'upgrade');
  await shared.start();
  const [, socket] = (await asked) as [unknown, Socket];
  socket.on('error', () => undefined).resume();
  const ended = once(socket, 'end');
  await shared.close();
  socket.write(UPGRADED);
  await ended;
  holder.close();
  expect(shared.receiver).toBeUndefined();
});

test('a receiver that ends does not keep a process that asks to wait', async () => {
  const receiver = await OtlpReceiver.listen({ port: 0, token, intake });
  const socket = connect(receiver.port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  // The request is known to the receiver, so that it counts as begun.
  socket.write('Upgrade: llm-spend-wait\r\n');
  const ended = once(socket, 'close');
  const closed = receiver.close();
  socket.write(`Connection: Upgrade\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await closed;
  await ended;
  expect(socket.destroyed).toBe(true);
});
