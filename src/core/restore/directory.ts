// Where a component's data directory lies, for a Job.
import type { RestoredComponent } from '../../api/restore-status.ts';
import type { RecoverRequest } from '../jobs/request.ts';

// Nothing where dumps go into a server.
export const directoryOf = ({ claimName, path, runAs, kind }: RestoredComponent): Pick<RecoverRequest, 'directory'> =>
  claimName === undefined || path === undefined || runAs === undefined || kind === undefined || kind === 'server'
    ? {}
    : { directory: { kind, claimName, path, runAs } };
