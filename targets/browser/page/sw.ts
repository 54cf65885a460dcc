// The service worker: the page without a network, from any host.
//
// Files are kept by their digest, which manifest.json lists, so that a file is never one of another version, and none
// is served that is not what was exported. Small ones are kept at once, large ones when they were first used: nobody
// downloads engines that do not run. Models are the library's own business. What is served from here has the headers
// that threads need, also where the host does not send them.
//
// The address belongs to whoever serves it: where something else answers there, the worker leaves it for good.
import { modelCache } from "../src/cache.ts";

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
  readonly registration: { readonly scope: string; unregister(): Promise<boolean> };
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
const PAGE = "index.html";
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
  const inside = decodeURIComponent(path.slice(SCOPE.length)) || PAGE;
  if (request.method === "POST" && inside === "share") return event.respondWith(takeShared(request));
  if (request.method !== "GET" || inside.startsWith("models/") || inside.startsWith("bench/")) return;
  if (inside === SHARED) return event.respondWith(giveShared(request));
  if (inside === PAGE) return event.respondWith(servePage(request));
  if (inside === MANIFEST) return event.respondWith(serveManifest(request));
  event.respondWith(serveFile(inside, request));
});

/** The page: today's, where the network tells in time which that is. */
async function servePage(request: Request): Promise<Response> {
  await within(PATIENCE_MS, refresh());
  return serveFile(PAGE, anew(request));
}

async function serveManifest(request: Request): Promise<Response> {
  await within(PATIENCE_MS, refresh());
  return (await read("manifest")) ?? fetch(anew(request));
}

/** Past the browser's own cache, which may still have what a site that has gone sent. */
function anew(request: Request): Request {
  return new Request(request, { cache: "no-cache" });
}

/** A file of the app from the cache, or fetched, checked and kept; anything else from the network. */
async function serveFile(path: string, request: Request): Promise<Response> {
  const listed = await find(path);
  if (listed === null) return fetch(request);
  // As it came, where it is not what the manifest lists: a site in the middle of being copied still opens.
  return (await readKept(listed)) ?? (await keep(listed)) ?? fetch(request);
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
  if (answer === null || isTrouble(answer.status)) return;
  const text = await answer.text();
  const page = answer.ok ? parseApp(text)?.find((file) => file.path === PAGE) : undefined;
  if (page === undefined) return leave();
  const old = await (await read("manifest"))?.text();
  if (old === text || !((await readKept(page)) ?? (await keep(page)))) return;
  const cache = await open();
  if (old !== undefined) await cache.put(keyOf("before"), respond(old, MANIFEST));
  await cache.put(keyOf("manifest"), respond(text, MANIFEST));
}

/** Whether a server says no more than that it has no answer now. Then it is as good as no network. */
function isTrouble(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** The server has no site here any more: what is kept would hide what it has. From now on all is the network's. */
async function leave(): Promise<void> {
  await worker.registration.unregister();
  await Promise.all([CACHE, modelCache(SCOPE + MANIFEST)].map((name) => caches.delete(name)));
}

/** Keeps what is small, and drops what no manifest lists any more. Answers whether all that is small is here. */
async function keepSmall(): Promise<boolean> {
  await refresh();
  const app = await readApp("manifest");
  if (app === null) return false;
  let whole = true;
  for (const file of app) {
    if (file.bytes > SMALL || (await read(file.sha256))) continue;
    if ((await keep(file).catch(() => null)) === null) whole = false;
  }
  const listed = [...app, ...((await readApp("before")) ?? [])].map((file) => keyOf(file.sha256));
  const used = new Set([...listed, keyOf("manifest"), keyOf("before"), keyOf(SHARED)]);
  const cache = await open();
  for (const { url } of await cache.keys()) if (!used.has(url)) await cache.delete(url);
  return whole;
}

/** Fetches a file and keeps it; `null` where it is not the one that is listed. */
async function keep(file: Listed): Promise<Response | null> {
  const answer = await fetch(new URL(file.path, SCOPE), { cache: "no-cache" });
  if (!answer.ok) return null;
  const response = await check(answer, file);
  // No room is no error: the file is served all the same.
  if (response !== null) await (await open()).put(keyOf(file.sha256), response.clone()).catch(() => undefined);
  return response;
}

/** The kept file, if it is still what was kept: every page of this origin can write to the cache. */
async function readKept(file: Listed): Promise<Response | null> {
  const kept = await read(file.sha256);
  return kept === undefined ? null : check(kept, file);
}

/** The bytes of an answer as a file, `null` where they are not the one that is listed. */
async function check(answer: Response, { path, sha256 }: Listed): Promise<Response | null> {
  const data = await answer.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex === sha256.toLowerCase() ? respond(data, path) : null;
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
  if (!(await read("manifest"))) return fetch(request);
  const photo = (await request.formData()).get("photo");
  if (photo instanceof File) {
    await (await open()).put(keyOf(SHARED), new Response(photo, { headers: { "Content-Type": photo.type } }));
  }
  return Response.redirect(new URL("./?shared", SCOPE).href, 303);
}

async function giveShared(request: Request): Promise<Response> {
  const photo = await read(SHARED);
  if (photo) await (await open()).delete(keyOf(SHARED));
  return photo ?? fetch(request);
}

async function readApp(name: string): Promise<readonly Listed[] | null> {
  const kept = await read(name);
  return kept === undefined ? null : parseApp(await kept.text());
}

function parseApp(text: string): readonly Listed[] | null {
  try {
    const { app } = JSON.parse(text) as { app?: Listed[] };
    const sound = ({ path, sha256 }: Listed): boolean => typeof path === "string" && typeof sha256 === "string";
    return Array.isArray(app) && app.every(sound) ? app : null;
  } catch {
    return null;
  }
}

/** What is kept under a name; where nothing is, no cache comes to be. */
function read(name: string): Promise<Response | undefined> {
  return caches.match(keyOf(name), { cacheName: CACHE });
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
