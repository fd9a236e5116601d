// Names that several parts of this measurement use.
import { join } from 'node:path';
import { benchDirectory } from '../common/settings.ts';

// Everything of it, gone and made again by each run.
export const directory = join(benchDirectory, 'control-plane');

// The operator's ServiceAccount.
export const operatorNamespace = 'holdfast-system';
export const operatorUser = `system:serviceaccount:${operatorNamespace}:holdfast`;

// The files of its ServiceAccount.
export const serviceAccountDirectory = join(directory, 'service-account');

// Policies whose Backups are timed one by one.
export const timedNamespace = 'bench-timed';
