// The three proxy files of deploy/proxy and docs/reverse-proxy.md: all let the public reach the same paths, and no others.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
const patternsIn = (file: string, pattern: RegExp) =>
  [...read(file).matchAll(pattern)].map(([, source = '']) => new RegExp(source));

/** The patterns of the public paths in each file. */
const FILES = {
  'deploy/proxy/nginx.conf': patternsIn('deploy/proxy/nginx.conf', /location ~ (\S+) \{/g),
  'deploy/proxy/Caddyfile': patternsIn('deploy/proxy/Caddyfile', /path_regexp (\S+)$/gm),
  'deploy/proxy/traefik.yml': patternsIn('deploy/proxy/traefik.yml', /PathRegexp\(`([^`]+)`\)/g),
};

/** The paths in the table of the page, with a name where a path ends with a slash or ID. */
const PUBLIC = [...read('docs/reverse-proxy.md').matchAll(/^\| (`\/.*?`) \| /gm)]
  .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path))
  .map((path) => path.replace(/^\/assets\/$/, '/assets/main.js').replace(/^\/badge\/$/, '/badge/tasks.svg'))
  .map((path) => path.replace(/\/ID$/, '/node-1_A'));

const PRIVATE = [
  '/',
  '/metrics',
  '/readyz',
  '/api/openapi.json',
  '/api/federation/health',
  '/api/federation/events',
  '/api/federation/limits',
  '/api/cluster/backup',
  '/api/federation/public/events/x',
  '/assets/../metrics',
  '/badge/x.svg/../../metrics',
];

describe.each(Object.entries(FILES))('proxy files - %s', (_file, patterns) => {
  const passes = (path: string) => patterns.some((pattern) => pattern.test(`/network${path}`));

  it('proxy files - it passes on every path of the page', () => {
    expect(PUBLIC.length).toBeGreaterThan(8);
    expect(PUBLIC.filter((path) => !passes(path))).toEqual([]);
  });

  it('proxy files - it passes on nothing else', () => {
    expect(PRIVATE.filter(passes)).toEqual([]);
  });
});

it('proxy files - the file for Traefik is YAML with routers, middlewares and services that exist', () => {
  const { http } = parse(read('deploy/proxy/traefik.yml')) as {
    http: {
      routers: Record<string, { service: string; middlewares?: string[] }>;
      middlewares: object;
      services: object;
    };
  };
  for (const { service, middlewares = [] } of Object.values(http.routers)) {
    expect(http.services).toHaveProperty(service);
    for (const name of middlewares) expect(http.middlewares).toHaveProperty(name);
  }
});
