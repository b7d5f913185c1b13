// `GET /api/cluster/backup`: a fresh backup of this replica's database, for another replica of the cluster. Only a key with
// the permission `admin` gets it, whatever API_AUTH says, because it holds everything. The address exists in a cluster only.

import type { FastifyInstance } from 'fastify';
import type { Readable } from 'node:stream';
import { refuse, refuseWith, sendJson } from '../../http/answers.ts';
import { adminOf, type BearerParts } from './bearer.ts';

/** The address of the backup. */
export const CLUSTER_BACKUP_PATH = '/api/cluster/backup';

/** Codes with which the address refuses, each with its status; `docs/errors.md` lists them. */
export const CLUSTER_BACKUP_ERRORS = { backup_busy: 409, backup_failed: 503, no_room: 507 } as const;

/** What becomes of a request. */
export type BackupAnswer =
  /** It is being made; ask again. */
  | { readonly type: 'making' }
  /** It is complete, and removed when `content` ends. */
  | { readonly type: 'ready'; readonly bytes: number; readonly content: Readable }
  | { readonly type: keyof typeof CLUSTER_BACKUP_ERRORS; readonly sentence: string };

/** The route's part of the program. */
export interface ClusterBackupParts extends Pick<BearerParts, 'findKey'> {
  /** Asks for a backup in the name of a key; null outside a cluster. */
  readonly clusterBackup: ((keyId: string) => BackupAnswer) | null;
}

/** Seconds after which a client asks again. */
const ASK_AGAIN_SECONDS = 1;

/** Adds the route. Without a response schema it is not in the API's description. */
export function addClusterBackupRoute(app: FastifyInstance, parts: ClusterBackupParts): void {
  // Without the option a HEAD request would make a backup too.
  app.get(CLUSTER_BACKUP_PATH, { exposeHeadRoute: false }, (request, reply) => {
    if (parts.clusterBackup === null) return refuse(reply, 'not_found', 'there is nothing at this address');
    const key = adminOf(request.headers.authorization, parts);
    if (key === 'unauthenticated') {
      reply.header('www-authenticate', 'Bearer realm="aggregator"');
      return refuse(reply, key, 'this address needs an API key: Authorization: Bearer …');
    }
    if (key === 'forbidden') return refuse(reply, key, 'this API key does not have the permission admin');
    const answer = parts.clusterBackup(key.keyId);
    if (answer.type === 'making') {
      reply.code(202).header('retry-after', String(ASK_AGAIN_SECONDS));
      return sendJson(reply, JSON.stringify({ status: 'making' }));
    }
    if (answer.type !== 'ready')
      return refuseWith(reply, CLUSTER_BACKUP_ERRORS[answer.type], answer.type, answer.sentence);
    return reply
      .headers({ 'content-type': 'application/vnd.sqlite3', 'content-length': String(answer.bytes) })
      .send(answer.content);
  });
}
