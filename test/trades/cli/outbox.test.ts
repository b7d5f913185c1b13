import { expect, it, onTestFinished } from 'vitest';
import { lockDatabase } from '../../../src/store/lock.ts';
import { OperatorRequests } from '../../../src/trades/threads/operator-requests.ts';
import { outboxCommand } from '../../../src/trades/cli/outbox.ts';
import { TRADES_DATABASE } from '../../../src/trades/store/trades-database.ts';
import { runCommand } from '../../support/command.ts';
import { answeringServer, json } from '../../support/http-servers.ts';
import { commit, dead, delivered, NOW_MS, openWriter, replayed, sealed, sha256 } from '../store/facts.ts';
import { deliveringFrom } from '../support/delivering.ts';
import { FileOutbox } from '../support/file-outbox.ts';

/** Entries 1 to 5 of client `a`: dead, delivered, waiting, dead, dead. */
function filled() {
  const opened = openWriter();
  commit(opened.writer, ...[1, 2, 3, 4, 5].map((id) => sealed(id)));
  commit(opened.writer, dead(1), delivered(2), dead(4), dead(5));
  return opened;
}

it('outbox - a list, and a replay of two ids, without the program', async () => {
  const { database, path } = filled();
  database.close();
  const env = { DB_PATH: path };
  const list = await runCommand(['outbox', 'list', '--limit', '2', '--state=dead'], env);
  const sealedAt = (id: number) => new Date(NOW_MS + id).toISOString();
  const line = (id: number) =>
    `${id}  dead  ${sha256(`{"body":${id}}`)}  a at mock  2 trades  sealed ${sealedAt(id)}  HTTP status 400\n`;
  expect(list).toEqual({
    code: 0,
    stdout: `${line(5)}${line(4)}These are the newest 2; --limit lists more.\n`,
    stderr: '',
  });
  const replay = await runCommand(['outbox', 'replay', '5', '1', '2'], env);
  expect(replay).toEqual({
    code: 1,
    stdout: '2 dead letters are sent again.\nNo dead letter: 2.\n',
    stderr: '',
  });
  const { stdout } = await runCommand(['outbox', 'list', '--json'], env);
  const { entries } = JSON.parse(stdout) as { readonly entries: readonly { id: number; state: string }[] };
  expect(entries.map(({ id, state }) => `${id} ${state}`)).toEqual([
    '5 waiting',
    '4 dead',
    '3 waiting',
    '2 delivered',
    '1 waiting',
  ]);
  expect(entries[3]).toMatchObject({ sealedAt: sealedAt(2), endedAt: new Date(NOW_MS + 50).toISOString() });
  // Replayed ones wait behind those that waited before.
  const again = openWriter(path);
  const order = new FileOutbox(again).waiting.toSorted((one, other) => one.place - other.place);
  expect(order.map(({ id }) => id)).toEqual([3, 1, 5]);
});

it('outbox - all are replayed by the program that holds the database', async () => {
  const opened = filled();
  const lock = lockDatabase(opened.path, TRADES_DATABASE);
  onTestFinished(() => lock.release());
  const server = await answeringServer(json('{"ok":true}'));
  onTestFinished(() => server.close());
  const outbox = new FileOutbox(opened);
  const running = await deliveringFrom(outbox, { url: server.url });
  onTestFinished(() => running.stop());
  const requests = new OperatorRequests(opened.path, {
    rows: (query) => outbox.rows(query),
    replay: (ids) => running.delivery.replay(ids),
    log: { warn: () => undefined, error: () => undefined },
  });
  onTestFinished(() => requests.stop());
  await requests.start();
  const replay = await runCommand(['outbox', 'replay', '--all', '--json'], { DB_PATH: opened.path });
  expect(replay).toEqual({ code: 0, stdout: '{"replayed":3,"notDead":[],"left":0}\n', stderr: '' });
  await Promise.all([1, 4, 5].map((id) => running.outcome(id)));
  expect(server.seen.map(({ body }) => body)).toEqual([3, 1, 4, 5].map((id) => `{"body":${id}}`));
  const list = await runCommand(['outbox', 'list', '--state', 'dead'], { DB_PATH: opened.path });
  expect(list).toEqual({ code: 0, stdout: 'The outbox has no such summary.\n', stderr: '' });
});

it.each([
  [['replay'], 'Give the IDs of dead letters, or --all.'],
  [['replay', '--all', '1'], 'Give IDs or --all, not both.'],
  [['replay', '1', 'two'], 'The id of an entry is a whole number from 1, as `outbox list` shows it.'],
  [['list', '--state', 'gone'], '--state gone: allowed is waiting, delivered or dead.'],
  [['list', '--limit', '5000'], 'The limit is a whole number from 1 to 1000.'],
])('outbox - %j is refused in one sentence', async (args, sentence) => {
  const { database, writer, path } = openWriter();
  commit(writer, sealed(1), dead(1), replayed(1));
  database.close();
  const run = outboxCommand.run({ name: 'outbox', args, env: { DB_PATH: path } });
  await expect(run).rejects.toMatchObject({
    code: 'usage',
    message: `${sentence} --help lists the options.`,
  });
});
