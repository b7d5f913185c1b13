// Names of what messages call by a number or two letters: chains and continents.

import { wordOf } from './words.js';

/** Chains by their id (EIP-155; the list of chainlist.org). @type {Readonly<Record<string, string>>} */
const CHAINS = {
  1: 'Ethereum',
  10: 'OP Mainnet',
  25: 'Cronos',
  56: 'BNB Smart Chain',
  100: 'Gnosis',
  130: 'Unichain',
  137: 'Polygon',
  146: 'Sonic',
  250: 'Fantom',
  252: 'Fraxtal',
  324: 'zkSync Era',
  480: 'World Chain',
  1101: 'Polygon zkEVM',
  1284: 'Moonbeam',
  5000: 'Mantle',
  8453: 'Base',
  34443: 'Mode',
  42161: 'Arbitrum One',
  42170: 'Arbitrum Nova',
  42220: 'Celo',
  43114: 'Avalanche C-Chain',
  59144: 'Linea',
  81457: 'Blast',
  534352: 'Scroll',
  7777777: 'Zora',
  5: 'Goerli',
  17000: 'Holesky',
  43113: 'Avalanche Fuji',
  80002: 'Polygon Amoy',
  84532: 'Base Sepolia',
  421614: 'Arbitrum Sepolia',
  11155111: 'Sepolia',
  11155420: 'OP Sepolia',
};

/** @param {string} label */
function chainName(label) {
  const name = Object.hasOwn(CHAINS, label) ? CHAINS[label] : undefined;
  return name === undefined ? label : `${name} (${label})`;
}

/** @param {string} label */
function continentName(label) {
  // Not by Intl.DisplayNames: Chromium has no names of continents, and answers with their numbers.
  return wordOf(`names.continent.${label}`, label);
}

/** By distribution, the name of a label for people. */
export const NAMES = { chainDistribution: chainName, continentDistribution: continentName };
