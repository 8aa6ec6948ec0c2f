import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { makeClient } from './client.ts';
import type { S3ClientOptions } from './client.ts';
import { isNotThere, isSaid, s3Error, s3Status } from './error.ts';
import { newHabits, refusesHeader } from './habits.ts';
import type { Habits } from './habits.ts';
import type { S3Place } from './url.ts';
import { storeKey } from '../store.ts';

/** What the server knows of an object without sending it. */
export interface ObjectHead {
  /** Bytes. */
  readonly size: number | undefined;
  /** Lower-case hex, where the server has a digest of the whole object. */
  readonly sha256: string | undefined;
}

/** A bucket, and the prefix in it that a store's objects lie below. */
export class S3Bucket {
  readonly client: S3Client;
  readonly place: S3Place;
  readonly label: string;
  readonly habits: Habits = newHabits();

  constructor(place: S3Place, options: S3ClientOptions) {
    this.client = makeClient(place, options);
    this.place = place;
    this.label = `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix.slice(0, -1)}`}`;
  }

  at(sha256: string): { Bucket: string; Key: string } {
    return { Bucket: this.place.bucket, Key: this.place.prefix + storeKey(sha256) };
  }

  /** The digest in a key; undefined where the key isn't that of a store's object. */
  digestIn(key: string | undefined): string | undefined {
    const sha256 = key?.slice(-64) ?? '';
    return /^[0-9a-f]{64}$/.test(sha256) && key === this.at(sha256).Key ? sha256 : undefined;
  }

  /** Does what is asked, and says what a failure means. */
  async doing<T>(action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw s3Error(error, `cannot ${action} in ${this.label}`);
    }
  }

  /** Undefined where the object isn't there. A digest of the parts' digests is not the object's digest. */
  async head(sha256: string): Promise<ObjectHead | undefined> {
    return this.doing(`look at ${storeKey(sha256)}`, async () => {
      try {
        const head = await this.#head(sha256);
        const whole = head.ChecksumType === 'FULL_OBJECT' ? head.ChecksumSHA256 : undefined;
        const hex = whole === undefined ? undefined : Buffer.from(whole, 'base64').toString('hex');
        return { size: head.ContentLength, sha256: hex };
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw isSaid(error) ? error : await this.#reason(sha256, error);
      }
    });
  }

  /** Asks again with a GET why a request was refused without a reason: only the answer to a GET has a body. */
  async #reason(sha256: string, refusal: unknown): Promise<unknown> {
    if (![301, 400, 403, 501].includes(s3Status(refusal) ?? 0)) return refusal;
    try {
      const { Body } = await this.client.send(new GetObjectCommand({ ...this.at(sha256), Range: 'bytes=0-0' }));
      (Body as Readable | undefined)?.on('error', () => undefined).destroy();
      return refusal;
    } catch (error) {
      return isSaid(error) && s3Status(error) === s3Status(refusal) ? error : refusal;
    }
  }

  /** A server that knows no checksums may know no header that asks for them either. */
  async #head(sha256: string): Promise<HeadObjectCommandOutput> {
    const plain = this.at(sha256);
    if (!this.habits.checksums) return this.client.send(new HeadObjectCommand(plain));
    try {
      return await this.client.send(new HeadObjectCommand({ ...plain, ChecksumMode: 'ENABLED' }));
    } catch (error) {
      if (!refusesHeader(error)) throw error;
      const head = await this.client.send(new HeadObjectCommand(plain)).catch((again: unknown) => {
        // An object that isn't there is an answer, too.
        if (isNotThere(again)) this.habits.checksums = false;
        throw again;
      });
      this.habits.checksums = false;
      return head;
    }
  }
}
