// A started ingest loop with the real door and writer on a real file, and what it tells main and the source: each line with
// what was on the disk at that moment.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { IngestLoop } from '../../../src/federation/threads/ingest-loop.ts';
import type {
  IngestToMain,
  IngestToSource,
  SourceToIngest,
} from '../../../src/federation/threads/messages.ts';
import type { Publication } from '../../support/messages.ts';
import { batchOf, STREAM, WriterOnDisk } from '../ingest/writer-on-disk.ts';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';

/** Longest wait of what comes without a batch. */
export const SOON_MS = 250;
export const HOUR_MS = 3_600_000;

const folder = makeFastFolder('ingest-loop');
const opened: WriterOnDisk[] = [];
let files = 0;

/** Closes the files of the loops that were started. */
export function closeLoops(): void {
  for (const own of opened.splice(0)) own.close();
}

/** Removes all files. */
export function removeFiles(): void {
  rmSync(folder, { recursive: true });
}

/** Starts a loop whose commits take `commitMs`. */
export async function startLoop(options: { commitMs?: number } = {}) {
  const own = new WriterOnDisk(join(folder, `${++files}.db`));
  opened.push(own);
  const told: string[] = [];
  const main: IngestToMain[] = [];
  let heard = (_message: SourceToIngest): void => undefined;
  const tell = (what: string) => void told.push(`${what} | ${own.tasks} to ${own.seq ?? '-'}`);
  const loop = new IngestLoop(
    {
      path: own.path,
      commitSoonMs: SOON_MS,
      snapshotIntervalMs: 1000,
      housekeepingRestMs: HOUR_MS,
      seams: {},
    },
    {
      ...own.parts,
      identity: { salt: '', statisticsKey: { x: '', d: '' } },
      disk: { room: () => own.disk.room, sizeBytes: () => 0 },
      timers: own.time,
      beforeCommit: () => void (own.time.nowMs += options.commitMs ?? 0),
      send(message) {
        main.push(message);
        if (message.type === 'committed')
          tell(`committed ${message.signs.map(({ nodeId }) => nodeId).join(' ')}`);
        if (message.type === 'log' && message.level !== 'warn')
          told.push(`${message.level} ${message.sentence}`);
      },
    },
  );
  loop.connect({
    postMessage(message: IngestToSource) {
      if (message.type === 'position') tell(`position ${message.seq}`);
      else if (message.type === 'returned') tell(`returned ${message.batch.count} to ${message.seq}`);
      else tell(message.type);
    },
    on: (_event, listener) => (heard = listener),
    close: () => tell('closed'),
  });
  await loop.start();
  const say = (message: SourceToIngest) => heard(message);
  const batch = (messages: readonly Publication[], firstSeq: number | null) =>
    say({ type: 'batch', batch: batchOf(messages, firstSeq) });
  const pass = (ms: number) => own.time.runUntil(own.time.nowMs + ms);
  /** What was told since the last call. */
  const news = () => told.splice(0);
  /** Attaches, and forgets what was told of it. */
  const attach = () => {
    say({ type: 'attach', stream: STREAM, storedAtMs: null });
    pass(SOON_MS);
    news();
  };
  const snapshot = () => {
    loop.report();
    const last = main.at(-1);
    if (last?.type !== 'snapshot') throw new Error('no snapshot');
    return last;
  };
  return { own, loop, main, say, batch, pass, news, attach, snapshot };
}
