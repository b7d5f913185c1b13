// The page of the enclave: says once in words where the enclave runs and how it is. It shows no account.

import { byId, setText } from './dom.js';

/** The address of the page: the folder above this file. Behind a reverse proxy it may be below the root of the host. */
const ROOT = new URL('../', import.meta.url);

/** @type {Readonly<Record<string, string>>} */
const PLATFORMS = {
  none: 'On an ordinary machine, without trusted hardware: root and the user of this process can read the keys that it holds. Clients refuse this unless they are told to accept it.',
  nitro: 'In an AWS Nitro enclave. Whoever trusts AWS can check which code holds the keys.',
  'sev-snp': 'In a virtual machine with AMD SEV-SNP. Whoever trusts AMD can check which code holds the keys.',
  tdx: 'In a virtual machine with Intel TDX. Whoever trusts Intel can check which code holds the keys.',
};

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
async function read(path) {
  const response = await fetch(new URL(path, ROOT), { cache: 'no-store' });
  return response.json();
}

async function showPlatform() {
  const { platform, version } = await read('health');
  setText(
    byId('platform'),
    `${PLATFORMS[platform] ?? 'On hardware that this page does not know.'} Version ${version}.`,
  );
}

async function showState() {
  /** @type {{status: string, components: Record<string, {reason?: string}>}} */
  const { status, components } = await read('readyz');
  setText(byId('state'), status === 'ready' ? 'It is ready.' : 'It is not ready.');
  for (const { reason } of Object.values(components)) {
    if (reason === undefined) continue;
    const item = document.createElement('li');
    setText(item, reason);
    byId('reasons').append(item);
  }
}

for (const [show, id] of /** @type {const} */ ([
  [showPlatform, 'platform'],
  [showState, 'state'],
]))
  show().catch(() => setText(byId(id), 'The enclave does not answer.'));
