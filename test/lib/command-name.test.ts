import { expect, it } from 'vitest';
import { commandName } from '../../src/lib/command-name.ts';

it.each([
  ['file:///clone/src/lib/command-name.ts', '/clone/src/main.ts', './aggregator'],
  ['file:///app/dist/lib/command-name.js', '/app/dist/main.js', 'aggregator'],
  ['file:///app/dist/lib/command-name.js', '/usr/local/bin/aggregator', 'aggregator'],
  [
    'file:///a/node_modules/truebit-aggregator/dist/lib/command-name.js',
    '/a/node_modules/.bin/truebit-aggregator',
    'truebit-aggregator',
  ],
  ['file:///app/dist/lib/command-name.js', undefined, 'aggregator'],
])('command name - %s started as %s is %s', (moduleUrl, startedAs, name) => {
  expect(commandName(moduleUrl, startedAs)).toBe(name);
});
