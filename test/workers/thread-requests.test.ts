// Requests to a thread: each gets its own answer, and none waits for a thread that has ended.

import { expect, it } from 'vitest';
import { ThreadRequests } from '../../src/workers/thread-requests.ts';

it('thread requests - answers come in any order, each to its own request', async () => {
  const requests = new ThreadRequests();
  const ids: number[] = [];
  const all = ['a', 'b', 'c'].map(() => requests.ask((id) => ids.push(id)));
  expect([new Set(ids).size, requests.waiting]).toEqual([3, 3]);
  for (const id of ids.toReversed()) requests.answered(id, `answer ${id}`);
  expect(await Promise.all(all)).toEqual(ids.map((id) => `answer ${id}`));
  expect(requests.waiting).toBe(0);
});

it('thread requests - a refusal concerns one request, and a strange number none', async () => {
  const requests = new ThreadRequests();
  const refused = requests.ask((id) => requests.refused(id, new Error('no')));
  const answered = requests.ask((id) => {
    requests.answered(id + 1, 'for nobody');
    requests.answered(id, 'yes');
  });
  await expect(refused).rejects.toThrow('no');
  expect(await answered).toBe('yes');
});

it('thread requests - the end of the thread rejects what waits and what comes later, with the first reason', async () => {
  const requests = new ThreadRequests();
  const waiting = requests.ask(() => undefined);
  requests.end(new Error('it died'));
  requests.end(new Error('it was stopped'));
  await expect(waiting).rejects.toThrow('it died');
  let isSent = false;
  const later = requests.ask(() => (isSent = true));
  await expect(later).rejects.toThrow('it died');
  expect([isSent, requests.waiting]).toEqual([false, 0]);
});
