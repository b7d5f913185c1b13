// A gate in front of a broker: passes everything on until a client says a certain word, and then nothing more in
// either direction, until it is opened again with all that waited thrown away.

import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.ts';

export interface Gate {
  readonly url: string;
  /** True once the word was said. */
  readonly isShut: boolean;
  /** Ends what is connected; from now on everything passes. */
  open(): void;
}

export async function gateTo(port: number, word: string): Promise<Gate> {
  let isShut = false;
  let isOpenForGood = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect(port, '127.0.0.1');
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        broker.destroy();
        sockets.delete(socket);
      });
    }
    client.on('data', (chunk) => {
      if (!isOpenForGood && chunk.includes(word)) isShut = true;
      if (!isShut) broker.write(chunk);
    });
    broker.on('data', (chunk) => {
      if (!isShut) client.write(chunk);
    });
  });
  const ownPort = await freePort();
  await new Promise<void>((resolve) => server.listen(ownPort, '127.0.0.1', resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    end();
    server.close();
  });
  return {
    url: `nats://127.0.0.1:${ownPort}`,
    get isShut() {
      return isShut;
    },
    open() {
      isOpenForGood = true;
      isShut = false;
      end();
    },
  };
}
