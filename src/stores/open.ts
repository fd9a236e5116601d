// Opens a store by its location. The code of a kind of store is loaded only when it is used.
import type { Store, StoreLocation } from './store.ts';

export const openStore = async (location: StoreLocation): Promise<Store> => {
  switch (location.kind) {
    case 'directory':
      return (await import('./directory.ts')).openDirectory(location);
    case 's3':
      return (await import('./s3.ts')).openS3(location);
  }
};
