// Our programs as images have them.
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planVariable } from '../../src/api/agent.ts';
import type { AgentPlan } from '../../src/api/agent.ts';
import { memorySettings } from '../../src/controllers/jobs/memory-settings.ts';
import { toolboxPath } from '../../test/engines/toolbox.ts';
import type { Command } from './measure.ts';
import { runQuietly } from './measure.ts';
import { benchDirectory, root } from './settings.ts';

const agentDirectory = join(benchDirectory, 'agent');

// Bundles them into a folder that no other build touches.
export const buildAgent = async (): Promise<void> => {
  await runQuietly([process.execPath, join(root, 'hack/bundle.ts')]);
  await rm(agentDirectory, { recursive: true, force: true });
  await cp(join(root, 'dist'), agentDirectory, { recursive: true });
};

// How the image starts Node.
const nodeFlags = async (): Promise<string[]> => {
  const entry = /^ENTRYPOINT (\[.*agent\.js"\])$/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8'))?.[1];
  if (entry === undefined) {
    throw new Error('The Dockerfile does not say how the agent is started.');
  }
  return (JSON.parse(entry) as string[]).slice(1, -1);
};

// Starts the agent with a plan, as the operator does. PROFILE=<folder> has Node write a profile of its CPU there, and HEAP_PROFILE=<folder> one of its
// heap. That runs the sources, whose functions have names, and is not for comparison.
export const agentCommand = async (plan: AgentPlan): Promise<Command> => ({
  words: [process.execPath, ...(await nodeFlags()), ...programWords('agent')],
  environment: {
    [planVariable]: JSON.stringify(plan),
    ...memorySettings(plan),
    HOLDFAST_TERMINATION_LOG: '/dev/null',
    PATH: toolboxPath(),
  },
});

// Starts the plugin.
export const pluginCommand = (words: string[]): Command => ({
  words: [process.execPath, ...programWords('cli'), ...words],
  environment: { PATH: toolboxPath() },
});

const programWords = (name: string): string[] => {
  const profile = process.env['PROFILE'];
  const heap = process.env['HEAP_PROFILE'];
  return profile === undefined && heap === undefined
    ? [join(agentDirectory, `${name}.js`)]
    : [
        ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
        ...(heap === undefined ? [] : ['--heap-prof', `--heap-prof-dir=${heap}`]),
        join(root, `src/${name}.ts`),
      ];
};
