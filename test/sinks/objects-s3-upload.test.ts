/** How a body is divided into parts, and how rare answers of real servers are handled. No server is needed. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Objects } from '../../sinks/objects/port.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import { type Target, upload } from '../../sinks/objects/s3/upload.ts';

const PART = 200_000;

/** A target that keeps what it receives, and fails at the call named by `failing`. */
class Recorder implements Target {
  readonly partBytes = PART;
  readonly partsInFlight = 2;
  readonly calls: string[] = [];
  readonly received = new Map<number, Buffer>();
  most = 0;
  failing: string | undefined;
  private flying = 0;

  async whole(body: Uint8Array): Promise<void> {
    this.received.set(0, Buffer.from(body));
    this.happens('whole');
  }

  async begin(): Promise<string> {
    this.happens('begin');
    return 'u1';
  }

  async part(_upload: string, number: number, body: Uint8Array) {
    this.flying += 1;
    this.most = Math.max(this.most, this.flying);
    // Earlier parts take longer, so that later ones overtake them.
    for (let turn = 0; turn < 20 - number; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    this.flying -= 1;
    this.received.set(number, Buffer.from(body));
    this.happens(`part ${number}`);
    return { PartNumber: number };
  }

  async complete(_upload: string, parts: readonly { PartNumber: number }[], bytes: number): Promise<void> {
    this.happens(`complete ${parts.length} ${bytes}`);
  }

  async abort(): Promise<void> {
    this.happens(`abort with ${this.flying} on their way`);
  }

  get content(): Buffer {
    return Buffer.concat([...this.received].sort(([a], [b]) => a - b).map(([, body]) => body));
  }

  private happens(call: string): void {
    this.calls.push(call);
    if (this.failing === call) throw new Error(`${call} failed`);
  }
}

function sample(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251));
}

async function* cut(body: Buffer, length: number): AsyncGenerator<Uint8Array> {
  // All pieces share one buffer, as a file reader may do. The upload must copy each piece that it keeps.
  const shared = Buffer.alloc(length);
  for (let at = 0; at < body.length; at += length) {
    const piece = body.subarray(at, at + length);
    piece.copy(shared);
    yield shared.subarray(0, piece.length);
    yield new Uint8Array(0);
  }
}

test('a body of any length, in pieces of any length, arrives unchanged', async () => {
  for (const length of [0, 1, 65_536, 65_537, PART - 1, PART, PART + 1, 2 * PART, 5 * PART + 17]) {
    const body = sample(length);
    for (const piece of [997, 65_536, PART, 3 * PART]) {
      const target = new Recorder();
      assert.equal(await upload(target, cut(body, piece)), length);
      assert.ok(target.content.equals(body), `${length} in pieces of ${piece}`);
      const parts = Math.ceil(length / PART);
      if (parts <= 1) assert.deepEqual(target.calls, ['whole']);
      else assert.equal(target.calls.at(-1), `complete ${parts} ${length}`);
      assert.ok([...target.received.values()].slice(0, -1).every((part) => part.length <= PART));
    }
    const target = new Recorder();
    assert.equal(await upload(target, body), length);
    assert.ok(target.content.equals(body));
  }
});

test('the number of concurrent parts is limited, and the source waits for them', async () => {
  const target = new Recorder();
  let ahead = 0;
  async function* body() {
    for (let part = 0; part < 12; part += 1) {
      ahead = Math.max(ahead, part - target.received.size);
      yield Buffer.alloc(PART, part);
    }
  }
  await upload(target, body());
  assert.equal(target.most, 2);
  // Two parts are being sent, one is full, and one is being filled.
  assert.ok(ahead <= 4, `${ahead} parts ahead`);
});

test('after any failure the upload is aborted when the last part has arrived, and the source is ended', async () => {
  for (const failing of ['begin', 'part 1', 'part 4', 'complete 6 1200000', 'source']) {
    const target = new Recorder();
    target.failing = failing;
    let ended = false;
    async function* body() {
      try {
        for (let part = 0; part < 6; part += 1) {
          if (part === 5 && failing === 'source') throw new Error('source failed');
          yield Buffer.alloc(PART, part);
        }
      } finally {
        ended = true;
      }
    }
    await assert.rejects(upload(target, body()), { message: `${failing} failed` });
    assert.ok(ended, failing);
    assert.equal(target.calls.at(-1), failing === 'begin' ? 'begin' : 'abort with 0 on their way', failing);
  }
});

test('an abort that fails does not hide the first error', async () => {
  const target = new Recorder();
  target.abort = async () => {
    throw new Error('away');
  };
  target.failing = 'part 2';
  await assert.rejects(upload(target, sample(3 * PART)), { message: 'part 2 failed' });
});

test('a small body that fails is not sent', async () => {
  const target = new Recorder();
  async function* body() {
    yield sample(10);
    throw new Error('source failed');
  }
  await assert.rejects(upload(target, body()), { message: 'source failed' });
  assert.deepEqual(target.calls, []);
});

test('a body with too many parts is refused', async () => {
  const target = new Recorder();
  const small: Target = {
    partBytes: 10,
    partsInFlight: 2,
    whole: (body) => target.whole(body),
    begin: () => target.begin(),
    part: async (_upload, number) => ({ PartNumber: number }),
    complete: (id, parts, bytes) => target.complete(id, parts, bytes),
    abort: () => target.abort(),
  };
  assert.equal(await upload(small, sample(100_000)), 100_000);
  await assert.rejects(upload(small, sample(100_001)), { code: 'USAGE', message: /10000 parts of 10 bytes/ });
  assert.match(target.calls.at(-1) ?? '', /^abort/);
});

/** A status with an error code or a whole body. Status 0 ends the connection instead. */
type Answer = readonly [status: number, code?: string | undefined, headers?: Record<string, string>];

/** Objects on a server that gives these answers in order, and the methods of its requests. */
async function answering(t: TestContext, ...answers: Answer[]): Promise<{ objects: Objects; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    // After a broken connection the client probes the protocol. The probe does not count as a call.
    if (request.method === 'HEAD' && request.url === '/') return void response.end();
    const answer = answers[asked.length] ?? [500, 'InternalError'];
    asked.push(request.method ?? '');
    if (answer[0] === 0) return void request.socket.destroy();
    request.resume().on('end', () => {
      const [status, code, headers = {}] = answer;
      response.writeHead(status, { 'content-type': 'application/xml', ...headers });
      const body = code?.startsWith('<') ? code : `<Error><Code>${code}</Code><Message>so it is</Message></Error>`;
      response.end(code === undefined || request.method === 'HEAD' ? undefined : body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = server.address() as AddressInfo;
  const objects = s3Objects({ url: `s3://key:secret@bucket?endpoint=http://127.0.0.1:${port}`, timeoutMs: 3000 });
  t.after(async () => {
    await objects.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { objects, asked };
}

const CONFLICT: Answer = [409, 'ConditionalRequestConflict'];
const TAKEN: Answer = [412, 'PreconditionFailed'];
const body = Buffer.from('x');

test('a create that conflicts with another is repeated, and fails if the name is taken', async (t) => {
  const { objects, asked } = await answering(t, CONFLICT, CONFLICT, TAKEN);
  await assert.rejects(objects.create('a', body), { code: 'ALREADY_EXISTS' });
  assert.deepEqual(asked, ['PUT', 'PUT', 'PUT']);
});

test('a create succeeds if the conflicting one then failed', async (t) => {
  const { objects } = await answering(t, CONFLICT, [200, undefined]);
  assert.equal((await objects.create('a', body)).bytes, 1);
});

test('a create that always conflicts with others fails', async (t) => {
  const { objects, asked } = await answering(t, ...Array.from({ length: 9 }, () => CONFLICT));
  await assert.rejects(objects.create('a', body), { code: 'ALREADY_EXISTS' });
  assert.equal(asked.length, 5);
});

test('a create that got no answer to its first attempt checks whose object it is', async (t) => {
  const { objects, asked } = await answering(t, [500, 'InternalError'], TAKEN, [
    200,
    undefined,
    { 'x-amz-meta-tributary-write': 'another' },
  ]);
  await assert.rejects(objects.create('a', body), { code: 'ALREADY_EXISTS' });
  assert.deepEqual(asked, ['PUT', 'PUT', 'HEAD']);
  const gone = await answering(t, [500, 'InternalError'], TAKEN, [404]);
  await assert.rejects(gone.objects.create('a', body), { code: 'ALREADY_EXISTS' });
  const away = await answering(t, [500, 'InternalError'], TAKEN);
  await assert.rejects(away.objects.create('a', body), { code: 'OBJECTS_AWAY' });
});

test('a server that asks to slow down gets retries, and is away if it does not stop', async (t) => {
  const { objects } = await answering(t, [503, 'SlowDown'], [200, undefined]);
  assert.equal((await objects.put('a', body)).bytes, 1);
  const busy = await answering(t, ...Array.from({ length: 9 }, (): Answer => [503, 'SlowDown']));
  await assert.rejects(busy.objects.put('a', body), { code: 'OBJECTS_AWAY', kind: 'retry', message: /SlowDown/ });
});

test('without rights every call fails with an error that says so', async (t) => {
  const denied: Answer = [403, 'AccessDenied'];
  const { objects } = await answering(t, ...Array.from({ length: 9 }, () => denied));
  const refused = { code: 'ACCESS_REFUSED', kind: 'fatal', message: /grant the role/ };
  await assert.rejects(objects.put('a', body), refused);
  await assert.rejects(objects.create('a', body), refused);
  await assert.rejects(objects.get('a'), refused);
  await assert.rejects(objects.head('a'), refused);
  await assert.rejects(objects.remove('a'), refused);
  await assert.rejects(Array.fromAsync(objects.list('')), refused);
});

test('the reason is requested from a server that refuses a body before it has read it', async (t) => {
  const cut: Answer[] = Array.from({ length: 3 }, () => [0]);
  const large = Buffer.alloc(4_000_000);
  const refused = await answering(t, ...cut, [403, 'AccessDenied']);
  await assert.rejects(refused.objects.put('a', large), { code: 'ACCESS_REFUSED', message: /grant the role/ });
  assert.deepEqual(refused.asked, ['PUT', 'PUT', 'PUT', 'POST']);
  const begun = '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>';
  const broken = await answering(t, ...cut, [200, begun], [204, undefined]);
  await assert.rejects(broken.objects.put('a', large), { code: 'OBJECTS_AWAY' });
  assert.deepEqual(broken.asked, ['PUT', 'PUT', 'PUT', 'POST', 'DELETE'], 'and nothing is left');
});

test('an object whose checksum does not match is damaged', async (t) => {
  const { objects } = await answering(t, [200, 'x', { 'x-amz-checksum-crc32': 'AAAAAA==' }]);
  await assert.rejects(Array.fromAsync(await objects.get('a')), { code: 'STORE_BROKEN', message: /damaged/ });
});
