// The agent of a test: it ends with the test, and so does its folder.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type AgentProgram, spawnAgent } from './agent-program.ts';
import type { Launch } from './aggregator.ts';

/** A folder for a node's files and the agent's state; it is removed after the test. */
export function agentFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `agent-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the agent and waits for its HTTP; it ends with the test. */
export async function startAgent(
  folder: string,
  env: Readonly<Record<string, string>>,
  launch: Launch = {},
): Promise<AgentProgram> {
  const program = spawnAgent(folder, env, launch);
  onTestFinished(async () => {
    if (program.process.exitCode !== null || program.process.signalCode !== null) return;
    await program.kill();
  });
  await program.url();
  return program;
}
