// The WebSocket of jobs alone in a process of its own: every id is a job with a trade log, which ends with its
// connection.

import { systemClock } from '../../src/lib/clock.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { TradeLog } from '../../src/trades/domain/trade-log.ts';
import { JOB_CONNECTIONS_MAX, JobSocket } from '../../src/trades/sources/job-socket.ts';

const socket = new JobSocket(
  {
    host: '127.0.0.1',
    port: 0,
    hostSetting: 'AGGREGATOR_HOST',
    portSetting: 'AGGREGATOR_WS_PORT',
    connectionsMax: JOB_CONNECTIONS_MAX,
  },
  {
    clock: systemClock,
    timers: systemTimers,
    desk: {
      enter() {
        const log = new TradeLog();
        return { take: (trade) => log.append(trade), onEnd: () => () => {} };
      },
    },
  },
);
console.log((await socket.start()).url);
