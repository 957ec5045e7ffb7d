import type { Call } from '../call.ts';

export interface OfferedApi {
  readonly key: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * ApiVersions 2. https://kafka.apache.org/protocol.html#The_Messages_ApiVersions
 *
 *   request:  nothing
 *   response: error i16, [key i16, lowest i16, highest i16], throttle i32
 */
export function apiVersions(): Call<OfferedApi[]> {
  return {
    name: 'ApiVersions',
    key: 18,
    version: 2,
    flexible: false,
    write() {},
    read(reader) {
      reader.i16();
      const apis = reader.array(() => ({ key: reader.i16(), lowest: reader.i16(), highest: reader.i16() }));
      reader.throttle();
      return apis;
    },
  };
}
