// Every fault of the matrix, those of the whole cluster last: they disturb everybody on it.
import { agentFaults } from './agents.ts';
import { clusterFaults } from './cluster.ts';
import { databaseFaults } from './database.ts';
import type { Fault } from './fault.ts';
import { operatorFaults } from './operator.ts';
import { secretFaults } from './secrets.ts';
import { storeFaults } from './store.ts';
import { volumeFaults } from './volume.ts';

export const faults: Fault[] = [
  ...operatorFaults,
  ...agentFaults,
  ...storeFaults,
  ...volumeFaults,
  ...databaseFaults,
  ...secretFaults,
  ...clusterFaults,
];

export const faultNamed = (name: string): Fault => {
  const found = faults.find((fault) => fault.name === name);
  if (found === undefined) {
    throw new Error(`There is no fault "${name}". There are ${faults.map((fault) => fault.name).join(', ')}.`);
  }
  return found;
};
