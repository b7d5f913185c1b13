// A program that starts a broker and does nothing more; tests kill it to leave a broker behind. Never stops it.

import { createEmbeddedBroker } from '../../src/io/embedded-broker/broker.ts';

const broker = createEmbeddedBroker(JSON.parse(process.argv[2] ?? ''), { log() {}, onDown() {}, onUp() {} });
const { password } = await broker.start();
console.log(JSON.stringify({ password }));
setInterval(() => {}, 60_000);
