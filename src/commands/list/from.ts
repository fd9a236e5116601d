// Reads a repository without any cluster, as the agent's `inspect` does: every manifest, its signature, and every object that it names.
import type { EntryLine, InspectResult, TierPlan, WindowLine } from '../../api/agent.ts';
import { runPlan } from '../../archive/run-plan.ts';
import { keepLog } from '../../archive/kept-log.ts';
import type { Log } from '../../telemetry/log.ts';
import { CommandError, exitCode, notFound, refused, undetermined, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import { oneLine } from '../common/printable.ts';
import type { Format } from '../common/output.ts';
import { catalogueEntry } from './catalogue.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import { catalogueTable } from './catalogue-table.ts';
import { readLocation } from '../common/location.ts';
import type { Location, LocationOptions } from '../common/location.ts';
import { objectCache } from './object-cache.ts';
import { readVerificationKeys } from '../common/verification-keys.ts';

export type FromOptions = LocationOptions & { verificationKey?: string[]; check?: boolean; output?: Format };

export const listFrom = async (from: string, options: FromOptions, io: Io): Promise<ExitCode> => {
  const location = await readLocation(from, options, io.environment);
  const verificationKeys = await readVerificationKeys(options.verificationKey);
  const { entries, result } = await inspectLocation(location, verificationKeys, options.check === true, io);
  const backups = entries.map(catalogueEntry).toReversed();
  const failure = result.outcome === 'Succeeded' ? undefined : explainFailure(result);
  if (failure === undefined && result.repositoryId === undefined) {
    throw noRepository(from);
  }
  // Where nothing could be read, no tool shall take an empty list for the answer.
  if (failure === undefined || backups.length > 0) {
    await print(catalogueOf(from, backups, result, failure), options, io);
  }
  return conclude(backups, failure);
};

// What the agent logs while it reads says nothing that the result does not.
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };

// Reads the whole repository. Everything that an inspection prints, and how it ended.
export const inspectLocation = async (
  location: Location,
  verificationKeys: { id: string; key: string }[],
  thorough: boolean,
  { environment }: Io,
): Promise<{ entries: EntryLine[]; windows: WindowLine[]; result: InspectResult }> => {
  const entries: EntryLine[] = [];
  const windows: WindowLine[] = [];
  const tier: TierPlan = { name: 'store', location };
  const result = await runPlan(
    // Who reads belongs to no cluster and no policy.
    { verb: 'inspect', tier, verificationKeys, thorough, policy: { namespace: '', name: '' }, clusterId: '' },
    {
      log: silent,
      kept: keepLog(),
      cache: objectCache(environment),
      signal: new AbortController().signal,
      report: (line) => void (line.kind === 'entry' ? entries.push(line) : line.kind === 'window' && windows.push(line)),
    },
  );
  return { entries, windows, result: result as InspectResult };
};

const catalogueOf = (
  location: string,
  backups: CatalogueEntry[],
  { repositoryId, damaged }: InspectResult,
  failure: CommandError | undefined,
): Catalogue => ({
  location,
  ...(repositoryId === undefined ? {} : { repositoryId }),
  complete: failure === undefined,
  ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
  ...(damaged === undefined ? {} : { damaged }),
  backups,
});

const print = async (catalogue: Catalogue, { output }: FromOptions, io: Io): Promise<void> => {
  const { backups, location, repositoryId } = catalogue;
  if (output === 'json' || output === 'yaml') {
    await printDocument(output, catalogue, io);
  } else if (backups.length > 0) {
    io.out(catalogueTable(backups, { wide: output === 'wide', colours: io.colours }));
    remarksOn(catalogue).forEach((remark) => io.err(`${remark}\n`));
  } else {
    io.err(`The repository ${repositoryId} in ${location} holds no backup.
`);
  }
};

// What the table does not say: what was not looked at now, and what is wrong beside the backups.
const remarksOn = ({ backups, damaged }: Catalogue): string[] => {
  const earlier = backups.filter(({ checkedTime }) => checkedTime !== undefined);
  const [time = ''] = earlier.map(({ checkedTime }) => checkedTime ?? '').toSorted();
  return [
    ...(earlier.length === 0
      ? []
      : [
          `${earlier.length} of ${backups.length} backups: an inspection found them whole at ${time}; this look saw only that their manifests are still there. --check looks for every object now.`,
        ]),
    ...(damaged?.first ?? []).map(({ key, message }) => oneLine(`${key}: ${message}`)),
  ];
};

// A backup that failed is certain, whatever else could not be read.
const conclude = (backups: CatalogueEntry[], failure: CommandError | undefined): ExitCode => {
  const failed = backups.filter(({ verdict }) => verdict === 'Failed').length;
  if (failed > 0) {
    throw new CommandError(
      exitCode.failed,
      'BackupsFailed',
      `${failed} of ${backups.length} backups failed the check.${failure === undefined ? '' : ` Not everything could be read: ${failure.message}`}`,
      'Do not restore those. Find out who wrote or changed them; where only a key is missing, name it with another --verification-key.',
    );
  }
  if (failure !== undefined) {
    throw failure;
  }
  const open = backups.filter(({ verdict }) => verdict === 'Inconclusive').length;
  if (open > 0) {
    throw undetermined(
      'BackupsInconclusive',
      `${open} of ${backups.length} backups could not be checked.`,
      'Mend what the messages name, and run the command again.',
    );
  }
  return exitCode.done;
};

export const noRepository = (location: string): CommandError =>
  notFound(
    'NoRepository',
    `There is no repository in ${location}: it has no holdfast.json.`,
    'Check the location: a wrong prefix looks like an empty one. It ends with <namespace>/<policy> where the tier names no prefix.',
  );

// Why a repository could not be read, as a command ends with it.
export const explainFailure = ({ code = 'Failed', message = 'The store could not be read.' }: InspectResult): CommandError => {
  switch (code) {
    case 'KeyInvalid':
      return wrongUse(message, 'Name verification-keys.yaml or identity.txt, as keygen wrote them.');
    case 'BucketMissing':
      return notFound(code, message, 'Check the bucket, --endpoint and --region.');
    case 'AccessDenied':
      return refused(
        code,
        message,
        'Check --credentials-dir or the AWS_* variables. Reading needs s3:GetObject and s3:ListBucket; a folder needs read access.',
      );
    case 'NotARepository':
    case 'InternalError':
      return new CommandError(exitCode.failed, code, message, 'Check the location; when it is right, find out who changed it.');
    default:
      return undetermined(
        code,
        message,
        'Check --endpoint, --region and --ca-file, the service and the network, and run the command again.',
      );
  }
};
