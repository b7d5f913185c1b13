// Serves a program's page and the files that it loads. At start it reads the program's folder, the folder `page`, which
// all pages share, and the files of uPlot's package. It answers from memory with entity tags and opens no file for a
// request.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasTag } from './answers.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Files of the package that draws the charts, with the names under which the page loads them. */
const PACKAGE_FILES = [
  ['uplot.js', 'uplot/dist/uPlot.esm.js'],
  ['uplot.css', 'uplot/dist/uPlot.min.css'],
] as const;

const SHARED_FOLDER = new URL('page/', import.meta.url);

/** Adds the routes `/`, which is the `index.html` of `folder`, and `/assets/…`. */
export function addPageRoutes(app: FastifyInstance, folder: URL): void {
  const own = [SHARED_FOLDER, folder].flatMap((each) =>
    readdirSync(each)
      .filter((name) => extname(name) in CONTENT_TYPES)
      .map((name): [string, URL] => [name, new URL(name, each)]),
  );
  const foreign = PACKAGE_FILES.map(([name, path]): [string, URL] => [
    name,
    new URL(import.meta.resolve(path)),
  ]);
  for (const [name, file] of [...own, ...foreign]) {
    const bytes = readFileSync(file);
    const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
    const contentType = CONTENT_TYPES[extname(name)] ?? '';
    const path = name === 'index.html' ? '/' : `/assets/${name}`;
    app.get(path, (request: FastifyRequest, reply: FastifyReply) => {
      reply.headers({ 'content-type': contentType, 'cache-control': 'no-cache', etag: tag });
      return hasTag(request.headers['if-none-match'], tag) ? reply.code(304).send() : reply.send(bytes);
    });
  }
}
