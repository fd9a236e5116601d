// The options of a command that reads a store without any cluster.
import type { Command } from 'commander';

export const collect = (value: string, before: string[] = []): string[] => [...before, value];

export const storeOptions = (command: Command): Command =>
  command
    .option('--endpoint <url>', 'address of the S3 service (default: that of AWS)')
    .option('--region <id>', 'region of the bucket (default: $AWS_REGION, else "us-east-1")')
    .option('--ca-file <file>', 'PEM certificates that the S3 service is checked against (default: $AWS_CA_BUNDLE)')
    .option(
      '--credentials-dir <dir>',
      'folder with the files accessKeyId, secretAccessKey and perhaps sessionToken (default: $AWS_ACCESS_KEY_ID and so on)',
    );
