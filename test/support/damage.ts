// Overwrites pages in the middle of a database, as a bad disk does, and puts them back.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { expect } from 'vitest';

/** Overwrites every page on which these bytes stand, in the tables and their indexes; returns the repair. */
export function damagePagesWith(databasePath: string, content: Buffer): () => void {
  const database = new Sqlite(databasePath);
  database.pragma('wal_checkpoint(TRUNCATE)');
  const pageBytes = Number(database.pragma('page_size', { simple: true }));
  database.close();
  const bytes = readFileSync(databasePath);
  const pages: number[] = [];
  for (let found = bytes.indexOf(content); found >= 0; found = bytes.indexOf(content, found + 1)) {
    pages.push(Math.floor(found / pageBytes));
  }
  expect(pages.length).toBeGreaterThan(0);
  const write = (contentOf: (page: number) => Buffer) => {
    const file = openSync(databasePath, 'r+');
    for (const page of pages) writeSync(file, contentOf(page), 0, pageBytes, page * pageBytes);
    closeSync(file);
  };
  write(() => Buffer.alloc(pageBytes, 0x5a));
  return () => write((page) => bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
}
