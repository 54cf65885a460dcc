// The service worker: the page without a network, from any host.
//
// Files are kept by their digest, which manifest.json lists, so that a file is never one of another version, and none
// is kept that is not what was exported. Small ones are kept at once, large ones when they were first used: nobody
// downloads engines that do not run. Models are the library's own business. What is served from here has the headers
// that threads need, also where the host does not send them.

interface Listed {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

// TypeScript's own types of a service worker cannot stand beside those of a page.
interface Waits extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetches extends Waits {
  readonly request: Request;
  readonly clientId: string;
  respondWith(answer: Promise<Response>): void;
}
interface Speaks extends Waits {
  readonly data: unknown;
  readonly source: { postMessage(data: unknown): void } | null;
}
interface Worker {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Waits) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetches) => void): void;
  addEventListener(type: "message", listener: (event: Speaks) => void): void;
}

const worker = self as unknown as Worker;
const SCOPE = worker.registration.scope;
// One origin may hold several sites.
const CACHE = `edgekit-site ${SCOPE}`;
const MANIFEST = "manifest.json";
const SHARED = "shared-photo";
/** Bytes: what is larger belongs to an engine. */
const SMALL = 100_000;
/** A visitor does not wait longer than this for news of a newer version, in milliseconds. */
const PATIENCE_MS = 3000;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  webmanifest: "application/manifest+json",
  wasm: "application/wasm",
  svg: "image/svg+xml",
  png: "image/png",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => {
  if (event.data !== "keep") return;
  event.waitUntil(
    keepSmall().then((whole) => {
      if (whole) event.source?.postMessage("kept");
    }),
  );
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const path = url.origin + url.pathname;
  if (!path.startsWith(SCOPE)) return;
  const inside = decodeURIComponent(path.slice(SCOPE.length));
  if (request.method === "POST" && inside === "share") return event.respondWith(takeShared(request));
  if (request.method !== "GET" || inside.startsWith("models/") || inside.startsWith("bench/")) return;
  if (inside === SHARED) return event.respondWith(giveShared());
  if (inside === "" || inside === "index.html") return event.respondWith(servePage(request));
  if (inside === MANIFEST) return event.respondWith(serveManifest(request));
  event.respondWith(serveFile(inside, request));
});

/** The page: today's, where the network tells in time which that is. */
async function servePage(request: Request): Promise<Response> {
  await within(PATIENCE_MS, refresh());
  return serveFile("index.html", request);
}

async function serveManifest(request: Request): Promise<Response> {
  await within(PATIENCE_MS, refresh());
  return (await (await open()).match(keyOf("manifest"))) ?? fetch(request);
}

/** A file of the app from the cache, or fetched, checked and kept; anything else from the network. */
async function serveFile(path: string, request: Request): Promise<Response> {
  const listed = await find(path);
  if (listed === null) return fetch(request);
  const kept = await (await open()).match(keyOf(listed.sha256));
  // As it came, where it is not what the manifest lists: a site in the middle of being copied still opens.
  return kept ?? (await keep(listed)) ?? fetch(request);
}

/** The file in today's manifest, or in yesterday's, which an open page may still be of. */
async function find(path: string): Promise<Listed | null> {
  for (const name of ["manifest", "before"]) {
    const listed = (await readApp(name))?.find((file) => file.path === path);
    if (listed) return listed;
  }
  return null;
}

/** Asks for the manifest; where it is a new one, takes it over once its page is here. */
async function refresh(): Promise<void> {
  const answer = await fetch(new URL(MANIFEST, SCOPE), { cache: "no-cache" }).catch(() => null);
  if (!answer?.ok) return;
  const text = await answer.text();
  const cache = await open();
  const old = await (await cache.match(keyOf("manifest")))?.text();
  if (old === text) return;
  const page = parseApp(text)?.find((file) => file.path === "index.html");
  if (page === undefined || !((await cache.match(keyOf(page.sha256))) ?? (await keep(page)))) return;
  if (old !== undefined) await cache.put(keyOf("before"), respond(old, MANIFEST));
  await cache.put(keyOf("manifest"), respond(text, MANIFEST));
}

/** Keeps what is small, and drops what no manifest lists any more. Answers whether all that is small is here. */
async function keepSmall(): Promise<boolean> {
  await refresh();
  const app = await readApp("manifest");
  if (app === null) return false;
  const cache = await open();
  let whole = true;
  for (const file of app) {
    if (file.bytes > SMALL || (await cache.match(keyOf(file.sha256)))) continue;
    if ((await keep(file).catch(() => null)) === null) whole = false;
  }
  const listed = [...app, ...((await readApp("before")) ?? [])].map((file) => keyOf(file.sha256));
  const used = new Set([...listed, keyOf("manifest"), keyOf("before"), keyOf(SHARED)]);
  for (const { url } of await cache.keys()) if (!used.has(url)) await cache.delete(url);
  return whole;
}

/** Fetches a file and keeps it; `null` where it is not the one that is listed. */
async function keep(file: Listed): Promise<Response | null> {
  const answer = await fetch(new URL(file.path, SCOPE), { cache: "no-cache" });
  if (!answer.ok) return null;
  const data = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== file.sha256.toLowerCase()) return null;
  const response = respond(data, file.path);
  // No room is no error: the file is served all the same.
  await (await open()).put(keyOf(file.sha256), response.clone()).catch(() => undefined);
  return response;
}

function respond(body: BodyInit, path: string): Response {
  const headers = {
    "Content-Type": TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  };
  return new Response(body, { headers });
}

/** A photo from another app's menu for sharing: kept until the page asks for it. */
async function takeShared(request: Request): Promise<Response> {
  const photo = (await request.formData()).get("photo");
  if (photo instanceof File) {
    await (await open()).put(keyOf(SHARED), new Response(photo, { headers: { "Content-Type": photo.type } }));
  }
  return Response.redirect(new URL("./?shared", SCOPE).href, 303);
}

async function giveShared(): Promise<Response> {
  const cache = await open();
  const photo = await cache.match(keyOf(SHARED));
  await cache.delete(keyOf(SHARED));
  return photo ?? new Response(null, { status: 404 });
}

async function readApp(name: string): Promise<readonly Listed[] | null> {
  const kept = await (await open()).match(keyOf(name));
  return kept === undefined ? null : parseApp(await kept.text());
}

function parseApp(text: string): readonly Listed[] | null {
  try {
    const { app } = JSON.parse(text) as { app?: Listed[] };
    return Array.isArray(app) ? app : null;
  } catch {
    return null;
  }
}

function open(): Promise<Cache> {
  return caches.open(CACHE);
}

/** Nothing is ever fetched from there. */
function keyOf(name: string): string {
  return new URL(`.edgekit/${name.toLowerCase()}`, SCOPE).href;
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  await Promise.race([work.catch(() => undefined), new Promise((done) => setTimeout(done, milliseconds))]);
}
