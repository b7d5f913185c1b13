// Serves a program's page, also in its form for the public, and the files that they load. At start it reads the program's
// folder, the folder `page`, which all pages share, and the files of uPlot's package. It answers from memory with entity
// tags and opens no file for a request.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasTag, SECURITY_HEADERS } from './answers.ts';

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

/** Who may see the page, and in which forms. */
export interface PageOptions {
  /** The origins of other sites that may show the page in a frame; none if absent. */
  readonly embedOrigins?: readonly string[];
  /** True if there is a form for the public; false if absent. */
  readonly hasPublicPage?: boolean;
}

/**
 * Adds the routes `/`, which is the `index.html` of `folder`, and `/assets/…`. With `hasPublicPage` also `/public`: the
 * same page with the attribute `data-public`, by which its files know what to leave out. Both pages name their files by
 * the same relative addresses.
 */
export function addPageRoutes(app: FastifyInstance, folder: URL, options: PageOptions = {}): void {
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
    const contentType = CONTENT_TYPES[extname(name)] ?? '';
    if (name !== 'index.html') {
      addFile(app, `/assets/${name}`, bytes, { 'content-type': contentType });
      continue;
    }
    const headers = { ...framing(options.embedOrigins ?? []), 'content-type': contentType };
    addFile(app, '/', bytes, headers);
    if (options.hasPublicPage === true) addFile(app, '/public', publicForm(bytes), headers);
  }
}

type FileHeaders = Readonly<Record<string, string | undefined>>;

function addFile(app: FastifyInstance, path: string, bytes: Buffer, headers: FileHeaders): void {
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
  app.get(path, (request: FastifyRequest, reply: FastifyReply) => {
    for (const [name, value] of Object.entries(headers))
      if (value === undefined) reply.removeHeader(name);
      else reply.header(name, value);
    reply.headers({ 'cache-control': 'no-cache', etag: tag });
    return hasTag(request.headers['if-none-match'], tag) ? reply.code(304).send() : reply.send(bytes);
  });
}

/** The headers by which a browser lets only these origins show the page in a frame. Undefined: the header is left out. */
function framing(origins: readonly string[]): FileHeaders {
  if (origins.length === 0) return {};
  const policy = SECURITY_HEADERS['content-security-policy'] ?? '';
  return {
    'content-security-policy': policy.replace(
      "frame-ancestors 'none'",
      `frame-ancestors ${origins.join(' ')}`,
    ),
    // The older header cannot name an origin, and would refuse all of them.
    'x-frame-options': undefined,
  };
}

function publicForm(page: Buffer): Buffer {
  return Buffer.from(page.toString('utf8').replace(/<html\b/, '<html data-public'));
}
