import { describe, expect, test } from 'vitest';
import type { FactType } from '../../../src/agent/domain/messages.ts';
import { openState } from '../../../src/agent/store/open-state.ts';
import { PACE_WINDOW_MS } from '../../../src/agent/store/outbox-rows.ts';
import { StoredOutbox } from '../../../src/agent/store/stored-outbox.ts';

const NOW_MS = 1_768_473_000_000;

function make() {
  const { writer, database } = openState({ path: null, nowMs: NOW_MS });
  const seen = { errors: 0, rooms: 0 };
  const outbox = new StoredOutbox({
    writer,
    settle: () => undefined,
    failed: () => void seen.errors++,
    roomMade: () => void seen.rooms++,
  });
  const queue = (type: FactType, payload: string, isHistory = false) =>
    writer.change(() => writer.queue({ type, payload, isHistory }), false);
  const take = async (limit = 100, without: readonly FactType[] = []) =>
    (await outbox.take(limit, NOW_MS, without)).map(({ payload }) => payload);
  return { writer, database, outbox, seen, queue, take };
}

describe('StoredOutbox', () => {
  test('take - new facts before history, each the oldest first', async () => {
    const { queue, take } = make();
    queue('task_received', 'old 1', true);
    queue('task_completed', 'new 1');
    queue('invoice_created', 'old 2', true);
    queue('task_received', 'new 2');
    queue('task_completed', 'new 3');
    expect(await take(2)).toEqual(['new 1', 'new 2']);
    expect(await take()).toEqual(['new 3', 'old 1', 'old 2']);
    expect(await take()).toEqual([]);
  });

  test('take - leaves types out, and gives them later, before newer ones', async () => {
    const { queue, take } = make();
    queue('task_received', 'a');
    queue('invoice_created', 'b');
    queue('task_received', 'c');
    expect(await take(100, ['task_received'])).toEqual(['b']);
    queue('invoice_created', 'd');
    expect(await take(2)).toEqual(['a', 'c']);
    expect(await take()).toEqual(['d']);
  });

  test('returned - what was taken and has not ended is given again, in its order', async () => {
    const { queue, take, outbox } = make();
    for (const payload of ['a', 'b', 'c']) queue('task_received', payload);
    const [first] = await outbox.take(1, NOW_MS, []);
    expect(await take(1)).toEqual(['b']);
    await outbox.confirmed([first?.id ?? 0]);
    await outbox.returned();
    expect(await take()).toEqual(['b', 'c']);
  });

  test('confirmed and setAside - count what leaves, once', async () => {
    const { queue, outbox, writer, seen } = make();
    for (const payload of ['a', 'b', 'c']) queue('task_received', payload);
    const ids = (await outbox.take(3, NOW_MS, [])).map(({ id }) => id);
    await outbox.confirmed(ids.slice(0, 2));
    await outbox.confirmed(ids.slice(0, 1));
    await outbox.setAside(ids.slice(2), 'gate');
    await outbox.setAside([12_345], 'gate');
    expect(writer.values.messageEnds).toEqual({ confirmed: 2, setAside: 1 });
    expect(writer.waiting).toBe(0);
    expect(seen.rooms).toBe(4);
  });

  test('ids are never given again', async () => {
    const { queue, outbox } = make();
    queue('task_received', 'a');
    const [first] = await outbox.take(1, NOW_MS, []);
    await outbox.confirmed([first?.id ?? 0]);
    queue('task_received', 'b');
    const [second] = await outbox.take(1, NOW_MS, []);
    expect(second?.id).toBeGreaterThan(first?.id ?? 0);
  });

  test('the window holds what was taken and the presence, for a minute', async () => {
    const { queue, outbox, writer, take } = make();
    queue('task_received', 'a');
    queue('task_received', 'b');
    await take();
    await take();
    await outbox.countPresence(1, NOW_MS + 1_000);
    await outbox.countPresence(2, NOW_MS + 1_000);
    expect(writer.window(NOW_MS + 1_000)).toEqual([
      { atMs: NOW_MS, count: 2 },
      { atMs: NOW_MS + 1_000, count: 3 },
    ]);
    expect(writer.window(NOW_MS + PACE_WINDOW_MS - 1)).toHaveLength(2);
    expect(writer.window(NOW_MS + PACE_WINDOW_MS)).toHaveLength(1);
    await outbox.countPresence(1, NOW_MS + 2 * PACE_WINDOW_MS);
    expect(writer.window(0)).toHaveLength(1);
  });

  test('while the disk refuses nothing is given, and what has ended is stored later', async () => {
    const { queue, outbox, writer, take, database, seen } = make();
    for (let n = 0; n < 300; n++) queue('task_received', `message ${n} ${'x'.repeat(300)}`);
    const ids = (await outbox.take(100, NOW_MS, [])).map(({ id }) => id);
    // A read-only database refuses every write, as a full disk does.
    database.pragma('query_only = ON');
    await outbox.confirmed(ids);
    await outbox.countPresence(1, NOW_MS + 5);
    expect(seen.errors).toBeGreaterThan(0);
    await outbox.returned();
    expect(await take()).toEqual([]);
    expect(writer.waiting).toBe(300);
    database.pragma('query_only = OFF');
    expect(outbox.retry()).toBe(true);
    expect(writer.waiting).toBe(200);
    expect(writer.window(NOW_MS + 5).at(-1)).toEqual({ atMs: NOW_MS + 5, count: 1 });
    expect((await take(1))[0]).toContain('message 100 ');
  });
});
