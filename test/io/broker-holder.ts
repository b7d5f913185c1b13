// A program that starts a broker and does nothing more; tests kill it to leave a broker behind. Never stops it.

import { createEmbeddedBroker } from '../../src/io/embedded-broker/broker.ts';
import { lockBrokerFolder } from '../../src/store/lock.ts';

const parts = { lockFolder: lockBrokerFolder, log() {}, onDown() {}, onUp() {} };
const broker = createEmbeddedBroker(JSON.parse(process.argv[2] ?? ''), parts);
const { password } = await broker.start();
console.log(JSON.stringify({ password }));
setInterval(() => {}, 60_000);
