// What kind of file system a folder is on, by the number that the system gives for it. It says nothing about its state.

import { statfsSync } from 'node:fs';

/** A kind of file system: `layer` is that of a container, which is gone with the container. */
export interface FileSystem {
  readonly kind: 'local' | 'network' | 'memory' | 'layer';
  /** Its name, or its number if the name is not known. */
  readonly name: string;
}

/** The numbers of Linux (statfs(2)); every other one is taken for a local file system. */
const KNOWN: Readonly<Record<number, FileSystem>> = {
  0x6969: { kind: 'network', name: 'NFS' },
  0x517b: { kind: 'network', name: 'SMB' },
  0xff534d42: { kind: 'network', name: 'CIFS' },
  0xfe534d42: { kind: 'network', name: 'SMB2' },
  0x01021997: { kind: 'network', name: '9p' },
  0x00c36400: { kind: 'network', name: 'Ceph' },
  0x5346414f: { kind: 'network', name: 'AFS' },
  0x01021994: { kind: 'memory', name: 'tmpfs' },
  0x858458f6: { kind: 'memory', name: 'ramfs' },
  0x794c7630: { kind: 'layer', name: 'overlay' },
  0xef53: { kind: 'local', name: 'ext4' },
  0x58465342: { kind: 'local', name: 'XFS' },
  0x9123683e: { kind: 'local', name: 'Btrfs' },
  0x2fc12fc1: { kind: 'local', name: 'ZFS' },
  0xf2f52010: { kind: 'local', name: 'F2FS' },
};

/** The file system of an existing path. Throws the system's error. */
export function fileSystemOf(path: string): FileSystem {
  return fileSystemNumbered(statfsSync(path).type);
}

/** The file system with this number. */
export function fileSystemNumbered(type: number): FileSystem {
  // Some systems give the number with a sign.
  const number = type >>> 0;
  return KNOWN[number] ?? { kind: 'local', name: `number 0x${number.toString(16)}` };
}
