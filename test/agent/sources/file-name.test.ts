// A name that is shown holds no folder, no address and nothing that breaks a line.

import { describe, expect, it } from 'vitest';
import { redactedName, withoutFolders } from '../../../src/agent/sources/file-name.ts';

const ADDRESS = '0xAbCdEf0123456789aBcDeF0123456789abcdef01';

describe('file name', () => {
  it.each<[string, string]>([
    ['/app/build/datadb/node-eventDB.json', 'node-eventDB.json'],
    [`/app/logs/@truebit/worker-runner-node-${ADDRESS}/debug/a.log`, 'a.log'],
    [`/app/logs/@truebit/worker-runner-node-${ADDRESS}`, 'worker-runner-node-0x…'],
    [`/data/${ADDRESS.slice(2)}-eventDB.json`, '0x…-eventDB.json'],
    ['/data/0x-eventDB.json', '0x…-eventDB.json'],
    ['/app/build/datadb/*-eventDB.json', '*-eventDB.json'],
    ['/data/two\nlines\u001b[31m\u202e.json', 'two?lines?[31m?.json'],
    ['/data/größe.json', 'größe.json'],
    [`/data/${'a-'.repeat(50)}`, 'a-'.repeat(50)],
    [`/data/${'a-'.repeat(51)}`, `${'a-'.repeat(49)}a…`],
  ])('file name - %j is shown as %j', (path, name) => {
    expect(redactedName(path)).toBe(name);
  });

  it.each<[string, string, string]>([
    ['The file /a/0xabc/agent.db is damaged', '/a/0xabc/agent.db', 'The file agent.db is damaged'],
    ['/a/0xabc is read-only, and /a too', '/a/0xabc/agent.db', '0x… is read-only, and a too'],
    ['nothing of it', '/a/agent.db', 'nothing of it'],
    ['the disk of data/agent.db is full', 'data/agent.db', 'the disk of agent.db is full'],
  ])('file name - %j has no folder of %j', (sentence, path, shown) => {
    expect(withoutFolders(sentence, path)).toBe(shown);
  });
});
