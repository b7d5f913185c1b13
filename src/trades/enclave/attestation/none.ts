// Without trusted hardware: the enclave is an ordinary process, and says so.

import type { Producer } from './producer.ts';

/** Gives empty documents of the platform `none`. */
export const noProducer: Producer = { platform: 'none', document: () => Promise.resolve(new Uint8Array(0)) };
