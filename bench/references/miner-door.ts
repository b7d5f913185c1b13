// The miners' door alone in a process of its own, with a constant information. Argument: the information's text.

import { systemClock } from '../../src/lib/clock.ts';
import { MINER_CONNECTIONS_MAX } from '../../src/mining/sources/connection-limit.ts';
import { MinerDoor } from '../../src/mining/sources/miner-door.ts';

const information = process.argv[2] ?? '{}';
const door = new MinerDoor(
  {
    host: '127.0.0.1',
    port: 0,
    setting: 'server.listen_address',
    auth: null,
    tls: null,
    trustedProxies: [],
    connectionsMax: MINER_CONNECTIONS_MAX,
  },
  {
    clock: systemClock,
    information: () => information,
    submit: async () => ({ type: 'none' }),
    seen: (peer) => peer,
    failed: (error) => console.error(error),
    notify: () => {},
    stats: async () => '{}',
    probe: () => ({ status: 200, contentType: 'text/plain', body: '' }),
  },
);
console.log((await door.start()).url);
