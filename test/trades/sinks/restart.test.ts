import { expect, it, onTestFinished } from 'vitest';
import { answeringServer, json } from '../../support/http-servers.ts';
import { until } from '../../support/until.ts';
import { openWriter } from '../store/facts.ts';
import { deliveringFrom } from '../support/delivering.ts';
import { FileOutbox } from '../support/file-outbox.ts';

it('delivery - a restart goes on with the rows of the database, in order, replayed ones last', async () => {
  const server = await answeringServer((seen, response, nth) =>
    (seen.body === 'bad' ? json('no', 400) : json('{"ok":true}'))(seen, response, nth),
  );
  onTestFinished(() => server.close());
  const opened = openWriter();
  const first = await deliveringFrom(new FileOutbox(opened), { url: server.url });
  const bad = first.add('a', 'bad', '11'.repeat(32));
  await first.outcome(bad);
  await server.close();
  for (const nth of [2, 3]) first.add('a', `body ${nth}`, `${nth}${nth}`.repeat(32));
  await until('an attempt has failed', () => first.failing.length > 0);
  expect(await first.delivery.replay([bad])).toEqual({ replayed: 1, notDead: [], left: 0 });
  await first.stop();
  opened.database.close();

  const again = new FileOutbox(openWriter(opened.path));
  expect(again.waiting.map(({ id, attempts }) => [id, attempts > 0])).toEqual([
    [1, false],
    [2, true],
    [3, false],
  ]);
  const back = await answeringServer(json('{"ok":true}'), server.port);
  onTestFinished(() => back.close());
  const second = await deliveringFrom(again, { url: server.url });
  onTestFinished(() => second.stop());
  expect(second.delivery.counts).toMatchObject({ waiting: 3, deadLetters: 0 });
  await second.outcome(bad);
  expect(back.seen.map(({ body }) => body)).toEqual(['body 2', 'body 3', 'bad']);
  expect((await again.rows({ state: null, beforeId: null, limit: 9 })).map(({ state }) => state)).toEqual([
    'delivered',
    'delivered',
    'delivered',
  ]);
});
