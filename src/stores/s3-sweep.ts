// Uploads that were begun and never finished: invisible, and paid for. Their writer was killed.
import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { ListMultipartUploadsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { isUploadGone } from './s3-errors.ts';

// Aborts every unfinished upload under a prefix of the bucket.
export const abortUploads = async (client: S3Client, bucket: string, prefix: string): Promise<void> => {
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    const markers = page === undefined ? {} : { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...markers }));
    for (const { Key, UploadId } of page.Uploads ?? []) {
      // Some services ignore the prefix.
      if (Key?.startsWith(prefix) === true) {
        await abortOne(client, { Bucket: bucket, Key, UploadId });
      }
    }
  } while (page.IsTruncated === true && page.NextKeyMarker !== undefined);
};

const abortOne = async (client: S3Client, upload: { Bucket: string; Key: string; UploadId: string | undefined }): Promise<void> => {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
  } catch (error) {
    if (!isUploadGone(error)) {
      throw error;
    }
  }
};
