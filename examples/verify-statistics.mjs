// For monitors: are these statistics from the aggregator that you trust? `npm install nats`, then
//   node verify-statistics.mjs nats://BROKER:4222 http://AGGREGATOR:8080
import { createPublicKey, verify } from 'node:crypto';
import { connect } from 'nats';

const [, , broker, aggregator] = process.argv;
// Once, over a way you trust: whoever gives you the key decides whom you believe.
const { keys } = await (await fetch(`${aggregator}/.well-known/aggregator/keys`)).json();
const byId = new Map(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));

function isGenuine({ data, headers }) {
  const key = byId.get(headers?.get('Truebit-Key-Id'));
  const [, signature] = /^ed25519=(.{86}==)$/.exec(headers?.get('Truebit-Signature') ?? '') ?? [];
  return key !== undefined && signature !== undefined && verify(null, data, key, Buffer.from(signature, 'base64'));
}

for await (const message of (await connect({ servers: broker })).subscribe('truebit.stats.>'))
  console.log(message.subject, isGenuine(message) ? message.json().data.totalTasks : 'NOT GENUINE');
