// The outline of the land: no line of it runs across the whole map, as one does where a piece of land crosses 180 degrees and
// is not cut there. Antarctica is the exception: it runs along the lower edge, which the map does not show.

import { expect, it } from 'vitest';

const WIDTH = 720;
const SHOWN_BELOW = 304;

it('page - map - no line of the land runs across the map', async () => {
  const { LAND } = (await import(new URL('../../src/http/page/world.js', import.meta.url).href)) as {
    readonly LAND: string;
  };
  const rings = LAND.split('z').filter((ring) => ring !== '');
  expect(rings.length).toBeGreaterThan(100);
  const wrong = rings.flatMap((ring) => {
    const points: (readonly [number, number])[] = [];
    for (const [, command, a, b] of ring.matchAll(/([Ml])(-?\d+) (-?\d+)/g)) {
      const [x, y] = (command === 'l' ? points.at(-1) : undefined) ?? [0, 0];
      points.push([x + Number(a), y + Number(b)]);
    }
    return points.filter(([x, y], index) => {
      const [nextX = 0] = points[(index + 1) % points.length] ?? [];
      const isInside = x >= 0 && x <= WIDTH && y >= 0;
      return !isInside || (y < SHOWN_BELOW && Math.abs(nextX - x) > WIDTH / 4);
    });
  });
  expect(wrong).toEqual([]);
});
