import { describe, expect, test } from 'vitest';
import { judge } from '../../../consumer/serve/bytes/range.ts';

const ETAG = '"abc"';
const get = (headers: object, size = 100, method = 'GET') => {
  const answer = judge({ method, ...headers }, size, ETAG);
  return answer.status === 206 ? [206, answer.start, answer.end] : [answer.status];
};

describe('a range', () => {
  test.each([
    [undefined, [200]],
    ['bytes=0-', [206, 0, 99]],
    ['bytes=0-0', [206, 0, 0]],
    ['bytes=10-19', [206, 10, 19]],
    ['Bytes=10-19', [206, 10, 19]],
    ['bytes=90-200', [206, 90, 99]],
    ['bytes=99-', [206, 99, 99]],
    ['bytes=-1', [206, 99, 99]],
    ['bytes=-1000', [206, 0, 99]],
    ['bytes=100-', [416]],
    ['bytes=100-200', [416]],
    ['bytes=-0', [416]],
    ['bytes=0-1,5-6', [200]],
    ['bytes=5-1', [200]],
    ['bytes=-', [200]],
    ['bytes=a-b', [200]],
    ['bytes=1', [200]],
    ['lines=0-1', [200]],
    ['bytes=0x0-1', [200]],
    [`bytes=${'9'.repeat(16)}-`, [416]],
    [`bytes=0-${'9'.repeat(400)}`, [200]],
  ])('%s', (range, expected) => {
    expect(get({ range })).toEqual(expected);
  });

  test.each([
    ['bytes=0-', [416]],
    ['bytes=-5', [416]],
    [undefined, [200]],
  ])('of an empty file: %s', (range, expected) => {
    expect(get({ range }, 0)).toEqual(expected);
  });

  test('is for GET alone', () => {
    expect(get({ range: 'bytes=0-1' }, 100, 'HEAD')).toEqual([200]);
  });

  test.each([
    ['"abc"', [206, 0, 1]],
    ['"other"', [200]],
    ['W/"abc"', [200]],
    ['Tue, 24 Nov 2026 00:00:00 GMT', [200]],
  ])('with If-Range: %s', (ifRange, expected) => {
    expect(get({ range: 'bytes=0-1', ifRange })).toEqual(expected);
  });
});

describe('a condition', () => {
  test.each([
    [{ ifNoneMatch: '"abc"' }, [304]],
    [{ ifNoneMatch: 'W/"abc"' }, [304]],
    [{ ifNoneMatch: '"x", "abc"' }, [304]],
    [{ ifNoneMatch: '*' }, [304]],
    [{ ifNoneMatch: '"x"' }, [200]],
    [{ ifNoneMatch: 'abc' }, [200]],
    [{ ifNoneMatch: '"abc"', range: 'bytes=0-1' }, [304]],
    [{ ifMatch: '"abc"' }, [200]],
    [{ ifMatch: '*' }, [200]],
    [{ ifMatch: 'W/"abc"' }, [412]],
    [{ ifMatch: '"x"' }, [412]],
    [{ ifMatch: '"x"', ifNoneMatch: '"abc"' }, [412]],
  ])('%j', (headers, expected) => {
    expect(get(headers)).toEqual(expected);
  });
});
