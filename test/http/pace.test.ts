import { expect, it } from 'vitest';

interface PaceModule {
  Pace: new () => {
    note(total: number, nowMs: number): void;
    forget(): void;
    perSecond(): number | null;
    lastPerSecond(): number | null;
  };
}

const page = new URL('../../src/http/page/pace.js', import.meta.url).href;
const { Pace } = (await import(page)) as PaceModule;

it('pace - is the growth of the last ten seconds, and nothing before there are notes', () => {
  const pace = new Pace();
  expect(pace.perSecond()).toBeNull();
  expect(pace.lastPerSecond()).toBeNull();
  pace.note(100, 0);
  pace.note(100, 500);
  // Too short a time to tell.
  expect(pace.perSecond()).toBeNull();
  expect(pace.lastPerSecond()).toBe(0);
  pace.note(300, 1000);
  expect(pace.perSecond()).toBe(200);
  expect(pace.lastPerSecond()).toBe(400);
  for (let seconds = 2; seconds <= 60; seconds++) pace.note(300 + seconds, seconds * 1000);
  expect(pace.perSecond()).toBe(1);
});

it('pace - a number that begins anew is forgotten, and a pace is never negative', () => {
  const pace = new Pace();
  pace.note(100, 0);
  pace.note(0, 1000);
  expect(pace.perSecond()).toBe(0);
  pace.forget();
  expect(pace.perSecond()).toBeNull();
});
