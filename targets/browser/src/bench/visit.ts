// The page's side of a visit: it shows its token, gets a secret, asks for jobs and sends results until there are none.
import { describeDevice } from "./device.ts";
import { runJob } from "./run.ts";
import type { AnswerJob, Job, Reply } from "./jobs.ts";
import type { Load } from "../api.ts";
import { EdgeKitError } from "../errors.ts";

/** Shorter than a page in the background is put to sleep after. */
const ALIVE_MS = 5_000;
const TRIES = 8;

/** What goes on, for the person in front of the device. */
export type Shown = (state: { title: string; detail?: string; share?: number | null }) => void;

/** What came of a job, as in `1.92 ms`. */
export type Report = (name: string, result: string) => void;

/**
 * Serves whoever sent the address until nothing is left to do.
 *
 * @param token - what the address had behind its `#`.
 * @returns the last sentence of the other side.
 * @throws EdgeKitError - the address is wrong or used, or the other side has gone.
 */
export async function visit(load: Load, token: string, show: Shown, report: Report): Promise<string> {
  const secret = await enter(token);
  const headers = { "X-EdgeKit-Secret": secret };
  const alive = setInterval(() => void fetch("bench/alive", { method: "POST", headers }).catch(() => {}), ALIVE_MS);
  const leave = (): void => void fetch("bench/bye", { method: "POST", headers, keepalive: true }).catch(() => {});
  addEventListener("pagehide", leave);
  try {
    for (;;) {
      show({ title: "Waiting for the next measurement", share: null });
      const job = await next(headers);
      if (job?.op === "end") return job.text;
      if (job) report(`${job.name}, ${job.engine}`, await serve(load, job, secret, headers, show));
    }
  } finally {
    clearInterval(alive);
    removeEventListener("pagehide", leave);
  }
}

async function serve(
  load: Load,
  job: Exclude<Job, { op: "end" }>,
  secret: string,
  headers: Record<string, string>,
  show: Shown,
): Promise<string> {
  const doing = job.op === "measure" ? "Measuring" : "Answering photos with";
  const notify = (share: number | null): void => show({ title: `${doing} ${job.name}`, detail: `engine ${job.engine}`, share });
  notify(null);
  const files = `bench/files/${secret}/${job.id}/`;
  const placed = { ...job, model: files + job.model, ...(job.op === "answer" ? { pixels: files + job.pixels } : {}) };
  const reply: Reply = await runJob(load, placed as typeof job, notify);
  await post(`bench/reply/${job.id}`, headers, reply);
  if (!reply.ok) return "does not run";
  return "benchmark" in reply ? `${reply.benchmark.latency.p50.toPrecision(3)} ms` : `${(job as AnswerJob).count} photos`;
}

async function enter(token: string): Promise<string> {
  const device = await describeDevice();
  const response = await send("bench/hello", { "X-EdgeKit-Token": token }, device);
  if (response.status === 409) {
    throw new EdgeKitError("This address has been used already: it lets one browser in, once. Start the benchmark again.");
  }
  if (response.status === 403) {
    throw new EdgeKitError("This address is not valid, or its benchmark has ended. Start the benchmark again.");
  }
  if (!response.ok) throw gone();
  return ((await response.json()) as { secret: string }).secret;
}

async function next(headers: Record<string, string>): Promise<Job | null> {
  const response = await post("bench/next", headers, {});
  return response.status === 204 ? null : ((await response.json()) as Job);
}

/** Sends until it arrives: a phone's network comes and goes. */
async function post(path: string, headers: Record<string, string>, body: object): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await send(path, headers, body);
      // A result that nobody waits for any more is no mistake of this page.
      if (response.ok || response.status === 410) return response;
    } catch (error) {
      if (attempt === TRIES) throw gone(error);
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** Math.min(attempt, 5)));
      continue;
    }
    throw gone();
  }
}

function send(path: string, headers: Record<string, string>, body: object): Promise<Response> {
  const json = { ...headers, "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers: json, body: JSON.stringify(body) });
}

function gone(cause?: unknown): EdgeKitError {
  return new EdgeKitError("The benchmark has ended on the other side, or the network between is down.", { cause });
}
