// Uploads that were begun and never finished: invisible, and paid for. Their writer was killed.
import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { ListMultipartUploadsCommandOutput, MultipartUpload, S3Client } from '@aws-sdk/client-s3';
import { isUploadGone } from './s3-errors.ts';

// Aborts every unfinished upload under a prefix of the bucket.
export const abortUploads = async (client: S3Client, bucket: string, prefix: string): Promise<void> => {
  for await (const { Key, UploadId } of uploadsUnder(client, bucket, prefix)) {
    await abortOne(client, { Bucket: bucket, Key, UploadId });
  }
};

// How many uploads under a prefix were begun before an instant and are not finished.
export const countUploads = async (client: S3Client, bucket: string, prefix: string, before: Date): Promise<number> => {
  let count = 0;
  for await (const { Initiated } of uploadsUnder(client, bucket, prefix)) {
    count += Initiated !== undefined && Initiated < before ? 1 : 0;
  }
  return count;
};

async function* uploadsUnder(
  client: S3Client,
  bucket: string,
  prefix: string,
): AsyncGenerator<MultipartUpload & { Key: string; UploadId: string | undefined }> {
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    const markers = page === undefined ? {} : { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...markers }));
    for (const upload of page.Uploads ?? []) {
      // Some services ignore the prefix.
      if (upload.Key?.startsWith(prefix) === true) {
        yield { ...upload, Key: upload.Key, UploadId: upload.UploadId };
      }
    }
  } while (page.IsTruncated === true && page.NextKeyMarker !== undefined);
}

const abortOne = async (client: S3Client, upload: { Bucket: string; Key: string; UploadId: string | undefined }): Promise<void> => {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
  } catch (error) {
    if (!isUploadGone(error)) {
      throw error;
    }
  }
};
