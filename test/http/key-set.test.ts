import fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { addKeySetRoute } from '../../src/http/key-set.ts';
import { publicJwk } from '../../src/lib/ed25519.ts';

it('key set - keys are shown with the members that their program adds, to every origin', async () => {
  const key = publicJwk('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
  const keys = [
    { ...key, retired: true },
    { ...key, purpose: 'x' },
  ];
  const app = fastify();
  onTestFinished(() => app.close());
  addKeySetRoute(app, { keySetSummary: 'of the test', publicKeys: () => keys });
  const answer = await app.inject('/.well-known/aggregator/keys');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/jwk-set+json; charset=utf-8',
    'access-control-allow-origin': '*',
  });
  expect(answer.json()).toEqual({ keys });
});
