// Finds the exchanges that ccxt has and loads one of them. The whole of ccxt is never loaded: it needs 100 MiB, and three
// exchanges need 40.

import { readdir } from 'node:fs/promises';
import { isObject } from '../../../lib/is-object.ts';
import type { ExchangeClass } from './ccxt-exchange.ts';

/** Ids of exchanges are made of these: no property name with a capital, no path. */
const MODULE_FILE = /^([a-z0-9]{1,32})\.js$/;

/** Where ccxt keeps one module for each exchange. */
const FOLDER = new URL('./src/', import.meta.resolve('ccxt'));

let ids: Promise<ReadonlySet<string>> | null = null;

/** The ids of all exchanges. Reads a folder once. */
export function exchangeIds(): Promise<ReadonlySet<string>> {
  ids ??= readIds();
  return ids;
}

async function readIds(): Promise<ReadonlySet<string>> {
  const names = await readdir(FOLDER);
  return new Set(names.flatMap((name) => MODULE_FILE.exec(name)?.[1] ?? []));
}

/** Loads an exchange; null if there is none with this id. */
export async function loadExchange(id: string): Promise<ExchangeClass | null> {
  if (!(await exchangeIds()).has(id)) return null;
  const module: unknown = await import(new URL(`${id}.js`, FOLDER).href);
  const found = isObject(module) ? module['default'] : null;
  return typeof found === 'function' ? (found as ExchangeClass) : null;
}
