// The commands of trades by name: `trades` with the commands of its own, and those that stand beside it. Each is loaded
// only when it is called.

import type { Entry } from '../../cli/command.ts';
import { explained } from '../../cli/failure.ts';
import { programCommands, programEntry } from '../../cli/program-commands.ts';

/** The commands behind the name `trades`; an error about its database says where its DB_PATH leads. */
const behind = explained(
  {
    run: {
      summary: 'run the service; its options may follow `trades` directly',
      load: async () => (await import('./trades.ts')).tradesCommand,
    },
    ...programCommands({
      program: async () => (await import('./program.ts')).TRADES,
      statusView: async () => (await import('./status.ts')).STATUS_VIEW,
      doctor: async () => (await import('./doctor.ts')).TRADES_DOCTOR,
    }),
  },
  writtenDatabasePath,
);

/** Without a further word trades runs. */
const trades = programEntry({
  summary:
    'run the service that signs hourly summaries of trades, or one of its commands (see trades --help)',
  about:
    'Takes trades over the WebSocket of a job, folds them into hourly buckets, signs the summary and delivers it to an ingestion API. Settings come from the environment, see docs/trades.md.',
  commands: behind,
});

const outbox = explained(
  {
    outbox: {
      summary: 'list the summaries of trades, and send dead letters again',
      load: async () => (await import('./outbox.ts')).outboxCommand,
    },
  },
  writtenDatabasePath,
);

/** All of them. */
export const TRADES_COMMANDS: Readonly<Record<string, Entry>> = {
  trades,
  keygen: {
    summary: 'make the key that signs the summaries of jobs',
    load: async () => (await import('./keygen.ts')).keygenCommand,
  },
  ...outbox,
  enclave: {
    summary: 'run the process that holds exchange credentials, or one of its commands (see enclave --help)',
    load: async () => (await import('./enclave.ts')).enclaveCommand,
  },
  'register-user': {
    summary: 'register an exchange account with an enclave that proves itself; show or end its session',
    load: async () => (await import('./register-user.ts')).registerUserCommand,
  },
  'ingest-server': {
    summary: 'run the reference backend, which verifies, stores and shows summaries',
    load: async () => (await import('./ingest-server.ts')).ingestServerCommand,
  },
  'exchange-sim': {
    summary: 'simulate an exchange for trials: binance, bybit or kraken',
    load: async () => (await import('./exchange-sim.ts')).exchangeSimCommand,
  },
};

async function writtenDatabasePath() {
  return (await import('../config/settings.ts')).writtenDatabasePath;
}
