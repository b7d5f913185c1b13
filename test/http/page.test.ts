import { Script } from 'node:vm';
import fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { NO_STATISTICS } from '../../src/http/no-statistics.ts';
import { addPageRoutes } from '../../src/http/page.ts';

async function get(path: string) {
  const app: FastifyInstance = fastify();
  addPageRoutes(app);
  return app.inject({ method: 'GET', url: path });
}

describe('page - shell', () => {
  it('has an element for every number and a table for every distribution', async () => {
    const { body } = await get('/');
    for (const [name, value] of Object.entries(NO_STATISTICS)) {
      const attribute = typeof value === 'number' ? 'data-metric' : 'data-distribution';
      expect(body.split(`${attribute}="${name}"`), name).toHaveLength(2);
    }
  });

  it('loads only what we serve, and nothing inline', async () => {
    const { body } = await get('/');
    for (const [, address = ''] of body.matchAll(/(?:src|href)="([^"]*)"/g)) {
      expect((await get(address)).statusCode, address).toBe(200);
    }
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style=| on[a-z]+=/);
  });

  it.each([
    ['/', /^text\/html/],
    ['/page.js', /^text\/javascript/],
    ['/page.css', /^text\/css/],
    ['/page.svg', /^image\/svg\+xml/],
  ])('serves %s as what it is', async (path, type) => {
    expect((await get(path)).headers['content-type']).toMatch(type);
  });
});

describe('page - script', () => {
  it('is valid, and writes text only', async () => {
    const { body } = await get('/page.js');
    expect(() => new Script(`async () => {${body}}`)).not.toThrow();
    expect(body).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function/);
    expect(body).toContain('textContent');
  });
});
