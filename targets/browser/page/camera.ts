// The live camera: frames go to the network as fast as it takes them, and no frame waits for another.
import type { Classification, Picture } from "../src/api.ts";
import { find } from "./dom.ts";
import type { Photo } from "./pictures.ts";
import { createRate } from "./rate.ts";

const video = find("video", HTMLVideoElement);

export interface Camera {
  readonly running: boolean;
  /** Throws getUserMedia's DOMException where there is none, or it is not allowed. */
  start(): Promise<void>;
  stop(): void;
  /** Goes on with the next camera, where there are several. */
  flip(): Promise<void>;
  /** Whether there is another camera; known once one has started. */
  hasOther(): Promise<boolean>;
  /** The picture of this moment. */
  keep(): Promise<Photo>;
}

export function createCamera(
  classify: (picture: Picture) => Promise<Classification | null>,
  onAnswer: (answer: Classification, framesPerSecond: number) => void,
  onError: (error: unknown) => void,
): Camera {
  let stream: MediaStream | null = null;
  let device: string | null = null;
  let awake: WakeLockSentinel | null = null;

  async function open(): Promise<void> {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const which = device === null ? { facingMode: "environment" } : { deviceId: { exact: device } };
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
    // A camera that is pulled out ends its track.
    const mine = stream;
    mine.getVideoTracks()[0]?.addEventListener("ended", () => {
      if (mine !== stream) return;
      stop();
      onError(new DOMException("The camera went away.", "NotReadableError"));
    });
    video.srcObject = stream;
    await video.play();
    void watch(mine);
    // Somebody holds the device and looks, without touching it. Not every browser lets a page ask.
    awake = await navigator.wakeLock?.request("screen").catch(() => null);
    if (mine !== stream) void awake?.release();
  }

  function stop(): void {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    void awake?.release();
    awake = null;
  }

  async function watch(mine: MediaStream): Promise<void> {
    const rate = createRate();
    while (mine === stream) {
      await nextFrame(video);
      // Nobody looks: neither the battery nor the times are to suffer.
      if (document.hidden) await untilVisible();
      if (mine !== stream) return;
      try {
        const answer = await classify(video);
        if (answer !== null && mine === stream) onAnswer(answer, rate(performance.now()));
      } catch (error) {
        if (mine !== stream) return;
        stop();
        onError(error);
      }
    }
  }

  return {
    get running() {
      return stream !== null;
    },
    start: open,
    stop,
    async flip() {
      const cameras = await listCameras();
      const now = stream?.getVideoTracks()[0]?.getSettings().deviceId;
      const place = cameras.findIndex((camera) => camera.deviceId === now);
      device = cameras[(place + 1) % cameras.length]?.deviceId ?? null;
      stop();
      await open();
    },
    hasOther: async () => (await listCameras()).length > 1,
    async keep() {
      const canvas = document.createElement("canvas");
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d")?.drawImage(video, 0, 0);
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
      if (blob === null) throw new DOMException("The camera has shown nothing yet.", "NotReadableError");
      return { blob, name: "From the camera" };
    },
  };
}

async function listCameras(): Promise<readonly MediaDeviceInfo[]> {
  return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
}

function nextFrame(source: HTMLVideoElement): Promise<void> {
  return new Promise((done) => {
    // Firefox before 132 lacks the callback; a hidden tab gets neither, hence the timer.
    const timer = setTimeout(done, 1000);
    const go = (): void => {
      clearTimeout(timer);
      done();
    };
    if ("requestVideoFrameCallback" in source) source.requestVideoFrameCallback(go);
    else requestAnimationFrame(go);
  });
}

function untilVisible(): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });
}
