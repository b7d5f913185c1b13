// Settings under which the program runs alone in a folder of its own: its broker and its HTTP on free ports.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

export interface OwnFolder {
  readonly folder: string;
  readonly databasePath: string;
  readonly natsUrl: string;
  readonly wsPort: number;
  readonly env: Readonly<Record<string, string>>;
}

/** A fresh folder, and settings with an embedded broker, a tick every second and no limits. */
export async function ownFolder(name: string): Promise<OwnFolder> {
  const folder = mkdtempSync(join(tmpdir(), `aggregator-${name}-`));
  const databasePath = join(folder, 'aggregator.db');
  const [port, wsPort] = [await freePort(), await freePort()];
  return {
    folder,
    databasePath,
    natsUrl: `nats://127.0.0.1:${port}`,
    wsPort,
    env: {
      DB_PATH: databasePath,
      EMBEDDED_NATS: 'on',
      EMBEDDED_NATS_PORT: String(port),
      EMBEDDED_NATS_WS_PORT: String(wsPort),
      PUBLISH_INTERVAL: '1000',
      RATE_LIMIT_PER_MINUTE: '0',
      NEW_NODES_PER_MINUTE: '0',
    },
  };
}
