/**
 * Forwards connections to this machine to another one: only a server on the same machine is spoken to without TLS.
 *
 *     node forwarder.ts PORT HOST
 */
import { connect, createServer } from 'node:net';

const [port, host] = process.argv.slice(2) as [string, string];
const server = createServer((client) => {
  const target = connect(Number(port), host);
  // As the client would notice it by itself: that a server is gone whose last words were lost.
  target.setKeepAlive(true, 3_000);
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
