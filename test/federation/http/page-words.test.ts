// The words of the page for what the federation tells: every kind of event and every cause has its own, so that a new one is
// not shown by its bare name.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, START_DETAILS } from '../../../src/federation/domain/events.ts';
import { CONTINENTS, REJECT_REASONS } from '../../../src/federation/domain/vocabulary.ts';
import { NODE_STATES } from '../../../src/lifecycle/node-state.ts';

const FOLDER = new URL('../../../src/federation/http/page/', import.meta.url);
const { default: texts } = (await import(new URL('texts-en.js', FOLDER).href)) as {
  readonly default: Readonly<Record<string, unknown>>;
};
const source = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');

describe('page - words of the federation', () => {
  it('the filter of events has every kind', () => {
    const [, list = ''] = /export const KINDS = \[([^\]]*)\]/.exec(source('event-words.js')) ?? [];
    const kinds = [...list.matchAll(/'(\w+)'/g)].map(([, kind]) => kind);
    expect(new Set(kinds)).toEqual(new Set(EVENT_KINDS));
  });

  it.each([
    ...EVENT_KINDS.flatMap((kind) => [`event.${kind}`, `events.kind.${kind}`]),
    ...START_DETAILS.flatMap((detail) => [`event.started.${detail}`, `event.started.${detail}.unknown`]),
    ...NODE_STATES.flatMap((state) => [`event.node_${state}.first`, `nodes.state.${state}`]),
    ...REJECT_REASONS.map((reason) => `ingest.reason.${reason}`),
    ...['sign_of_life', 'silence', 'left'].map((cause) => `node.cause.${cause}`),
  ])('%s', (key) => {
    expect(texts).toHaveProperty([key]);
  });

  it('every continent has a name that all pages share', async () => {
    const { default: words } = (await import(
      new URL('../../../src/http/page/words-en.js', import.meta.url).href
    )) as { readonly default: Readonly<Record<string, unknown>> };
    const keys = Object.keys(words).filter((key) => key.startsWith('names.continent.'));
    expect(keys).toEqual(CONTINENTS.map((continent) => `names.continent.${continent}`));
  });
});
